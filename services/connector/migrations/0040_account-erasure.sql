-- Of an erased record only its id and version stay: without them, events that come late could not be told from newer ones.
alter table record add column erased boolean not null default false;

-- Accounts whose data is being erased, and how far that has come.
create table account_erasure (
  tenant_id        text        not null,
  account          text        not null,
  -- The last record that was erased; records are taken in the order of object and id.
  after_object     text        not null default '',
  after_record_id  text        not null default '',
  erased_records   bigint      not null default 0,
  requested_at     timestamptz not null default now(),
  primary key (tenant_id, account)
);
select kempt_protect_infrastructure('account_erasure');
