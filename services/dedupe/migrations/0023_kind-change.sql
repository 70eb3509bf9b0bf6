-- Which pages and records the last changes of a kind were to, so that instances that remember some of them know which to read again. Each
-- change leaves the next number and a mark of its own, by which an instance also learns whether what it changed last was committed.
alter table resolution_state add column change_no bigint not null default 0;
alter table resolution_state add column change_mark uuid not null default gen_random_uuid();
create table kind_change (
  tenant_id   text   not null,
  entity_kind text   not null,
  change_no   bigint not null,
  mark        uuid   not null,
  -- Numbers of pages and of records, four bytes each.
  pages       bytea  not null,
  records     bytea  not null,
  primary key (tenant_id, entity_kind, change_no)
);
alter table kind_change alter column pages set storage external;
alter table kind_change alter column records set storage external;
select kempt_protect('kind_change');
