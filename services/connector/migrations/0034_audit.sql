-- Users, log-ins, apps, API usage and setup changes of an account, as they were last read.
create table audit_record (
  tenant_id    text        not null,
  account      text        not null,
  kind         text        not null check (kind in ('user', 'login', 'app', 'api-usage', 'setup-change')),
  audit_id     text        not null,
  -- Rises by one with every change.
  version      integer     not null check (version > 0),
  removed      boolean     not null,
  content      jsonb       not null,
  -- SHA-256 over the content, in hexadecimal.
  content_hash text        not null,
  -- When a log-in or a setup change happened; null for what lasts.
  occurred_at  timestamptz,
  primary key (tenant_id, account, kind, audit_id)
);
create index audit_record_by_time on audit_record (tenant_id, account, kind, occurred_at) where occurred_at is not null;
select kempt_protect('audit_record');

-- Where the reading of each source of an account stands, and why one is not read.
create table audit_source (
  tenant_id  text        not null,
  account    text        not null,
  source     text        not null,
  -- Where a source that is read by time goes on.
  position   jsonb,
  outcome    text        not null check (outcome in ('read', 'not-available', 'failed')),
  reason     text        not null default '',
  -- Audit records of the last reading.
  records    integer     not null default 0,
  tried_at   timestamptz not null,
  -- When it was last read to its end.
  read_at    timestamptz,
  primary key (tenant_id, account, source)
);
select kempt_protect('audit_source');
