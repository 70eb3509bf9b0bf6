-- How full the records of an object are. The row is also the lock under which its records and fields are counted.
create table object_profile (
  tenant_id       text   not null,
  -- sf:<org id> or hs:<portal id>
  account         text   not null,
  object          text   not null,
  records         bigint not null default 0 check (records >= 0),
  deleted_records bigint not null default 0 check (deleted_records >= 0),
  -- Newest change in the CRM that is counted.
  newest_change_at timestamptz,
  primary key (tenant_id, account, object)
);
select kempt_protect('object_profile');

-- In how many living records a field has a value.
create table field_profile (
  tenant_id      text    not null,
  account        text    not null,
  object         text    not null,
  field          text    not null,
  -- Stands for the field in profiled_record.
  field_id       integer not null generated always as identity,
  filled_records bigint  not null default 0 check (filled_records >= 0),
  primary key (tenant_id, account, object, field)
);
create unique index field_profile_by_id on field_profile (tenant_id, field_id);
select kempt_protect('field_profile');

-- What each record adds to the counts, so that a change takes back what the version before had added.
create table profiled_record (
  tenant_id text      not null,
  account   text      not null,
  object    text      not null,
  record_id text      not null,
  version   bigint    not null,
  deleted   boolean   not null,
  -- Ids of the fields that have a value, ascending; empty when the record is deleted.
  filled    integer[] not null,
  primary key (tenant_id, account, object, record_id)
);
select kempt_protect('profiled_record');
