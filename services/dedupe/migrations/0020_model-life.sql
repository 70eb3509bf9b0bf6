-- Where a version of the match model came from, and how it compared with the one that decided at that time.
alter table match_model add column origin text not null default 'first'
  check (origin in ('first', 'request', 'schedule', 'growth'));
alter table match_model add column requested_by text not null default '';
alter table match_model add column comparison jsonb;

-- Every change of the version that decides; the newest sequence is the one of today.
create table model_promotion (
  tenant_id   text        not null,
  entity_kind text        not null,
  sequence    integer     not null,
  version     text        not null,
  -- The version that decided before; null for the first one.
  previous    text,
  promoted_by text        not null,
  promoted_at timestamptz not null default now(),
  -- True when somebody insisted although something spoke against it.
  forced      boolean     not null,
  -- What spoke against it.
  objections  jsonb       not null,
  note        text        not null,
  primary key (tenant_id, entity_kind, sequence)
);
select kempt_protect('model_promotion');

-- Work on models that goes on beside the stream, at most one of each sort for a kind. A row stays when the work is done,
-- and says what came of it.
create table model_task (
  tenant_id    text        not null,
  entity_kind  text        not null,
  task         text        not null check (task in ('training', 'comparison', 'rescoring')),
  -- The model that is compared or scored with; null for a training.
  version      text,
  origin       text        not null,
  requested_by text        not null,
  requested_at timestamptz not null default now(),
  -- `keys` and `edges` are the two rounds of a rescoring.
  phase        text        not null check (phase in ('waiting', 'keys', 'edges', 'done', 'failed')),
  -- How far the round has come: every record up to this one is done.
  after_ref    text        not null default '',
  records_done integer     not null default 0,
  failures     integer     not null default 0,
  outcome      text        not null default '',
  finished_at  timestamptz,
  primary key (tenant_id, entity_kind, task)
);
create index model_task_undone on model_task (requested_at) where phase not in ('done', 'failed');
select kempt_protect_infrastructure('model_task');

-- Kinds whose models are looked after, and when the next look is due.
create table model_watch (
  tenant_id   text        not null,
  entity_kind text        not null,
  next_look   timestamptz not null default now(),
  primary key (tenant_id, entity_kind)
);
create index model_watch_due on model_watch (next_look);
select kempt_protect_infrastructure('model_watch');
insert into model_watch (tenant_id, entity_kind)
  select tenant_id, entity_kind from resolution_state where phase = 'streaming';
