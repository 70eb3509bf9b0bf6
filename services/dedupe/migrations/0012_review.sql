-- What reviewers said of two records. Stored by the records' references, so that a verdict outlives deletion, return,
-- merges in the CRM and every model.
create table review (
  tenant_id   text        not null,
  -- Derived from the two records.
  decision_id text        not null,
  entity_kind text        not null,
  -- left_ref < right_ref.
  left_ref    text        not null,
  right_ref   text        not null,
  -- The records that stand for them today: after a merge in the CRM the survivor.
  left_now    text        not null,
  right_now   text        not null,
  verdict     text        not null check (verdict in ('same', 'different', 'unsure')),
  note        text        not null,
  decided_by  text        not null,
  decided_at  timestamptz not null,
  version     integer     not null,
  revoked     boolean     not null default false,
  primary key (tenant_id, decision_id)
);
create index review_by_left on review (tenant_id, left_now);
create index review_by_right on review (tenant_id, right_now);
select kempt_protect('review');

-- Pairs near the threshold are the ones most worth a look.
create index edge_by_weight on edge (tenant_id, entity_kind, weight);
