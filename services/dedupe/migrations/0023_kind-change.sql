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

-- An instance of an earlier release, which goes on for a while beside newer ones during an upgrade, changes pages and leaves no mark: one is left
-- for it that nobody knows.
create function leave_unknown_mark() returns trigger language plpgsql as $$
begin
  new.change_no := old.change_no + 1;
  new.change_mark := gen_random_uuid();
  return new;
end
$$;
create trigger resolution_state_mark before update of key_pages, key_entries, records_numbered on resolution_state
  for each row when (old.change_mark = new.change_mark) execute function leave_unknown_mark();
