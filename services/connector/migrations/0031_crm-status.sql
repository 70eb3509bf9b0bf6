-- What the last probe of an account found. It holds nothing of the CRM's content, so that one look can read all of them
-- for the metrics.
create table crm_status (
  tenant_id       text        not null,
  account         text        not null,
  system          text        not null,
  -- Rises by one with every probe.
  sequence        integer     not null check (sequence > 0),
  probed_at       timestamptz not null,
  interval_ms     integer     not null,
  outcome         text        not null check (outcome in ('up', 'down', 'refused')),
  latency_ms      integer     not null,
  -- For people, when it was not up.
  reason          text        not null default '',
  -- Since when the outcome is what it is.
  since           timestamptz not null,
  -- API calls of the day, as the CRM said last; null when it never did.
  calls_remaining bigint,
  calls_allowed   bigint,
  calls_read_at   timestamptz,
  primary key (tenant_id, account)
);
select kempt_protect_infrastructure('crm_status');
