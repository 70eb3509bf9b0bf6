-- Which records share a blocking key, in pages of a hash table that grows page by page: a key has one page, and a page
-- holds the entries of a few keys. An entry takes ten bytes (48 bits of the key's hash, the number of the record), where a
-- row for each key of each record would take two hundred, and a change rewrites as many pages as it changes keys.
drop table block_key;
create table block_page (
  tenant_id   text    not null,
  entity_kind text    not null,
  page        integer not null,
  entries     bytea   not null,
  primary key (tenant_id, entity_kind, page)
) with (
  -- Room for the next versions of rows beside them, so that a rewrite touches no index and one block.
  fillfactor = 70,
  autovacuum_vacuum_scale_factor = 0.05
);
-- Hashes do not compress.
alter table block_page alter column entries set storage external;
select kempt_protect('block_page');

-- Number of the record in the pages, given once, counted for each kind; null while records are only collected.
alter table match_record add column record_no integer;
-- Hashes of the record's blocking keys, six bytes each, as they stand in the pages.
alter table match_record add column keys bytea;
-- The version in which what is compared changed last.
alter table match_record add column fields_version bigint;
update match_record set fields_version = version;
alter table match_record alter column fields_version set not null;
alter table match_record set (fillfactor = 85);
create unique index match_record_by_number on match_record (tenant_id, entity_kind, record_no)
  where record_no is not null;
-- The primary key is read in the same order.
drop index match_record_by_kind;
alter table vendor_record set (fillfactor = 85);

-- What the pages hold. A kind that streams already has none yet: its first change writes them.
alter table resolution_state add column key_pages integer not null default 0;
alter table resolution_state add column key_entries bigint not null default 0;
alter table resolution_state add column records_numbered integer not null default 0;
