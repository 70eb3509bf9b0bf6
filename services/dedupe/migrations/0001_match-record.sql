-- What dedupe knows of each record that it matches: the comparable fields of the newest version it has seen.
create table match_record (
  tenant_id    text    not null,
  -- account:object:recordId
  ref          text    not null,
  entity_kind  text    not null check (entity_kind in ('person', 'organisation')),
  account      text    not null,
  object       text    not null,
  version      bigint  not null,
  -- Comparable fields by column name; null once the record is deleted.
  fields       jsonb,
  deleted      boolean not null default false,
  -- The survivor, when the CRM merged this record away.
  merged_into  text,
  -- The cluster it belongs to; null while no model decides, and when it is deleted.
  golden_id    text,
  probability  double precision,
  primary key (tenant_id, ref)
);
create index match_record_by_kind on match_record (tenant_id, entity_kind, ref);
create index match_record_by_cluster on match_record (tenant_id, golden_id) where golden_id is not null;
create index match_record_by_object on match_record (tenant_id, account, object);
select kempt_protect('match_record');

-- Hashed blocking keys: records that share one are candidates.
create table block_key (
  tenant_id   text   not null,
  entity_kind text   not null,
  key_hash    bigint not null,
  ref         text   not null,
  primary key (tenant_id, entity_kind, key_hash, ref)
);
create index block_key_by_record on block_key (tenant_id, ref);
select kempt_protect('block_key');

-- Scored pairs above the review floor. left_ref < right_ref. Kept so that a split needs no new scores.
create table edge (
  tenant_id   text             not null,
  left_ref    text             not null,
  right_ref   text             not null,
  entity_kind text             not null,
  weight      double precision not null,
  probability double precision not null,
  primary key (tenant_id, left_ref, right_ref)
);
create index edge_by_right on edge (tenant_id, right_ref);
select kempt_protect('edge');
