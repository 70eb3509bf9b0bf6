-- When each object was last read to its end, and what keeps it from being read, where gauges of all tenants see it.
alter table sync_lease
  add column enrolled_at  timestamptz not null default now(),
  add column succeeded_at timestamptz,
  -- quota: the allowance is used up; refused: the CRM lets nobody in; paused: by a person. Null while it can be read.
  add column blocked      text check (blocked in ('quota', 'refused', 'paused'));
