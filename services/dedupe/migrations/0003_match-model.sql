-- Versions of the match model. Exactly one of each entity kind decides.
create table match_model (
  tenant_id   text        not null,
  entity_kind text        not null,
  version     text        not null,
  model       jsonb       not null,
  trained_on  integer     not null,
  trained_at  timestamptz not null default now(),
  primary key (tenant_id, entity_kind, version)
);
select kempt_protect('match_model');

-- `collecting`: records are stored, no model yet. `streaming`: every change is resolved as it comes.
-- The row is also the lock that makes the resolution of one tenant and kind happen in one place at a time.
create table resolution_state (
  tenant_id     text not null,
  entity_kind   text not null,
  phase         text not null check (phase in ('collecting', 'streaming')),
  model_version text,
  primary key (tenant_id, entity_kind)
);
select kempt_protect('resolution_state');

-- The accounts that the connector reads, as it tells us.
create table known_account (
  tenant_id text     not null,
  account   text     not null,
  status    integer  not null,
  objects   text[]   not null,
  version   integer  not null,
  -- Since when the account has this status.
  status_since timestamptz not null default now(),
  primary key (tenant_id, account)
);
select kempt_protect('known_account');

-- First complete reading of each object: how many records there must be before a model may be trained.
create table object_progress (
  tenant_id     text    not null,
  account       text    not null,
  object        text    not null,
  records_known bigint  not null,
  sequence      integer not null,
  primary key (tenant_id, account, object)
);
select kempt_protect('object_progress');

-- Tenants with records waiting for their first resolution, for the component that looks after all of them.
create table pending_tenant (
  tenant_id text primary key
);
select kempt_protect_infrastructure('pending_tenant');
