-- The last run over each object of each account. The operator's gauges look over all tenants, so it is a table of the
-- infrastructure.
create table sync_kpi (
  tenant_id             text        not null,
  -- sf:<org id> or hs:<portal id>
  account               text        not null,
  object                text        not null,
  -- Number of the run; all columns down to finished_at are about that run.
  sequence              bigint      not null,
  kind                  text        not null check (kind in ('backfill', 'incremental', 'unknown')),
  outcome               text        not null check (outcome in ('succeeded', 'failed', 'unknown')),
  -- For people, when it failed.
  reason                text        not null,
  records_read          numeric     not null,
  records_changed       numeric     not null,
  records_skipped       numeric     not null,
  -- Records of the object in the mirror when the run ended.
  records_known         numeric     not null,
  finished_at           timestamptz not null,
  -- The last run that succeeded; null while none has.
  last_success_sequence bigint,
  last_success_at       timestamptz,
  primary key (tenant_id, account, object)
);
select kempt_protect_infrastructure('sync_kpi');
