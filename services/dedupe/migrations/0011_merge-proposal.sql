-- Records of one object of one account that should become one.
create table merge_proposal (
  tenant_id     text             not null,
  -- Derived from cluster, account and object.
  proposal_id   text             not null,
  golden_id     text             not null,
  entity_kind   text             not null,
  account       text             not null,
  object        text             not null,
  -- `held`: a guard holds it back, so nobody was told of it, or it was withdrawn.
  state         text             not null check (state in ('open', 'held', 'withdrawn')),
  -- How many times the world was told of it.
  version       integer          not null,
  master        text             not null,
  losers        text[]           not null,
  -- [{ field, value, from, policy }], sorted by field.
  choices       jsonb            not null,
  probability   double precision not null,
  model_version text             not null,
  reason        text             not null,
  -- Which guard holds it back.
  guard         text,
  primary key (tenant_id, proposal_id)
);
create index merge_proposal_by_cluster on merge_proposal (tenant_id, golden_id);
create index merge_proposal_by_state on merge_proposal (tenant_id, state, proposal_id);
select kempt_protect('merge_proposal');
