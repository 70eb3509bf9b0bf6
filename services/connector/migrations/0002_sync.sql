-- Who may read an object of an account at the moment, and when it is due. One holder at a time; a new one raises the
-- epoch, and whoever saves a checkpoint under an older epoch is refused.
create table sync_lease (
  tenant_id  text        not null,
  account    text        not null,
  object     text        not null,
  -- Infinity while the connection is paused.
  due_at     timestamptz not null default now(),
  holder     text,
  epoch      bigint      not null default 0,
  expires_at timestamptz,
  primary key (tenant_id, account, object)
);
create index sync_lease_by_due on sync_lease (due_at);
select kempt_protect_infrastructure('sync_lease');

-- How far an object of an account was read. Saved in the transaction of the records that were read.
create table sync_cursor (
  tenant_id       text        not null,
  account         text        not null,
  object          text        not null,
  -- backfill: every record; deleted: every deleted record, where the CRM lists them apart; incremental: changes.
  phase           text        not null check (phase in ('backfill', 'deleted', 'incremental')),
  -- Fields and field map that the object was read with. Another one means reading it again.
  fingerprint     text        not null,
  -- Where the phase stands; null at its beginning.
  position        jsonb,
  -- Where the changes go on.
  changes         jsonb       not null,
  -- When the first full reading ended; the time stays when the object is read again.
  backfilled_at   timestamptz,
  -- When the deleted records were last listed to the end.
  deleted_read_at timestamptz,
  -- Rows of the object in the mirror, deleted records included.
  records_known   bigint      not null default 0,
  -- Runs that were told as events.
  told_runs       integer     not null default 0,
  -- Runs that failed since one succeeded.
  failures        integer     not null default 0,
  succeeded_at    timestamptz,
  primary key (tenant_id, account, object)
);
select kempt_protect('sync_cursor');

-- Readings that are under way, changed something, skipped something or failed. Looks that found nothing leave no row.
create table sync_run (
  tenant_id       text        not null,
  id              uuid        not null,
  account         text        not null,
  object          text        not null,
  kind            text        not null check (kind in ('backfill', 'incremental')),
  status          text        not null check (status in ('running', 'succeeded', 'failed')),
  records_read    bigint      not null default 0,
  records_changed bigint      not null default 0,
  records_skipped bigint      not null default 0,
  reason_code     text,
  reason          text,
  started_at      timestamptz not null default now(),
  finished_at     timestamptz,
  primary key (tenant_id, id)
);
create index sync_run_by_object on sync_run (tenant_id, account, object, id);
create index sync_run_running on sync_run (tenant_id, account, object) where status = 'running';
select kempt_protect('sync_run');

-- Records that could not be read, until they can.
create table skipped_record (
  tenant_id  text        not null,
  account    text        not null,
  object     text        not null,
  -- Empty when even the id is missing.
  record_id  text        not null,
  reason     text        not null,
  detail     text        not null,
  seen_at    timestamptz not null default now(),
  primary key (tenant_id, account, object, record_id, reason)
);
select kempt_protect('skipped_record');
