-- A cluster stands for one person or organisation; its id is the golden ID.
create table cluster (
  tenant_id    text    not null,
  golden_id    text    not null,
  entity_kind  text    not null,
  version      integer not null,
  member_count integer not null,
  -- Ref of the record the id was derived from.
  founder      text    not null,
  primary key (tenant_id, golden_id)
);
create index cluster_by_kind on cluster (tenant_id, entity_kind, golden_id) include (member_count);
select kempt_protect('cluster');

-- Golden IDs that were superseded. A chain is kept flat: golden_id never is an alias itself. It is null once the id
-- stands for a cluster of its own again.
create table golden_alias (
  tenant_id text not null,
  alias     text not null,
  golden_id text,
  version   integer not null,
  primary key (tenant_id, alias)
);
create index golden_alias_by_target on golden_alias (tenant_id, golden_id);
select kempt_protect('golden_alias');
