-- What people or proposals want written to CRMs, and where it stands.
create table change_set (
  tenant_id         text        not null,
  id                uuid        not null,
  -- Rises by one with every change that is told.
  version           integer     not null check (version > 0),
  state             text        not null check (state in (
                      'draft', 'planned', 'approved', 'applying', 'applied', 'partly-applied', 'failed', 'undoing',
                      'undone', 'partly-undone', 'cancelled')),
  -- What is to be done in the background; null when nothing is.
  task              text        check (task in ('plan', 'apply', 'undo')),
  title             text        not null,
  -- Why somebody wants it.
  purpose           text        not null,
  -- user:<principal> or proposal:<proposal id>
  requested_by      text        not null,
  approved_by       text,
  applied_by        text,
  undone_by         text,
  cancelled_by      text,
  -- SHA-256 over the operations as they were asked for: the same request makes no second draft.
  operations_hash   text        not null,
  plan_hash         text,
  -- SHA-256 over the journal: each entry with the hash before it.
  journal_hash      text,
  -- Entries of the journal.
  journal_length    integer     not null default 0,
  -- Sorted.
  accounts          text[]      not null,
  operations        integer     not null,
  -- Why it was refused or failed, for people.
  reason            text        not null default '',
  created_at        timestamptz not null default now(),
  -- When it came into its state.
  state_at          timestamptz not null default now(),
  primary key (tenant_id, id)
);
create index change_set_by_age on change_set (tenant_id, created_at, id);
create index change_set_by_requester on change_set (tenant_id, requested_by, created_at);
select kempt_protect('change_set');

-- One change of one record, or one merge.
create table change_operation (
  tenant_id         text        not null,
  change_set_id     uuid        not null,
  index             integer     not null,
  status            text        not null check (status in (
                      'draft', 'planned', 'applying', 'applied', 'failed', 'refused', 'undone', 'undo-failed')),
  -- As it was asked for, with typed values.
  request           jsonb       not null,
  -- Records as they were read for the plan, what they will hold, links that move, risks, calls, undo grade.
  plan              jsonb,
  -- SHA-256 over everything that the plan of this operation was made from.
  inputs_hash       text,
  -- What the CRM held after it, the survivor, what undo made and kept.
  result            jsonb,
  -- Whether anything of it reached the CRM.
  written           boolean     not null default false,
  reason            text        not null default '',
  primary key (tenant_id, change_set_id, index),
  foreign key (tenant_id, change_set_id) references change_set (tenant_id, id) on delete cascade
);
select kempt_protect('change_operation');

-- Every single write: what is intended, committed before the CRM is asked, and how it ended, committed after it was
-- read back.
create table change_journal (
  tenant_id         text        not null,
  change_set_id     uuid        not null,
  sequence          integer     not null,
  phase             text        not null check (phase in ('apply', 'undo')),
  operation         integer     not null,
  -- Names the write within its operation and phase.
  step              text        not null,
  -- The write with its before-image.
  intent            jsonb       not null,
  -- Null while it is open.
  outcome           text        check (outcome in ('done', 'failed')),
  result            jsonb,
  reason            text        not null default '',
  -- How often the CRM was asked.
  attempts          integer     not null default 0,
  intended_at       timestamptz not null default now(),
  attempted_at      timestamptz,
  finished_at       timestamptz,
  primary key (tenant_id, change_set_id, sequence),
  foreign key (tenant_id, change_set_id) references change_set (tenant_id, id) on delete cascade
);
create index change_journal_by_step on change_journal (tenant_id, change_set_id, phase, operation, step);
select kempt_protect('change_journal');

-- Who works on a change set at the moment. A new holder raises the epoch; whoever saves under an older one is refused.
create table change_lease (
  tenant_id         text        not null,
  change_set_id     uuid        not null,
  due_at            timestamptz not null default now(),
  holder            text,
  epoch             bigint      not null default 0,
  expires_at        timestamptz,
  -- Failures in a row.
  failures          integer     not null default 0,
  primary key (tenant_id, change_set_id)
);
create index change_lease_by_due on change_lease (due_at);
select kempt_protect_infrastructure('change_lease');

-- Records that a change set is writing to. No other one may.
create table change_record_lock (
  tenant_id         text        not null,
  account           text        not null,
  object            text        not null,
  record_id         text        not null,
  change_set_id     uuid        not null,
  primary key (tenant_id, account, object, record_id)
);
create index change_record_lock_by_change_set on change_record_lock (tenant_id, change_set_id);
select kempt_protect('change_record_lock');

-- Records that live on under another id: merged away, or made again by an undo.
create table record_alias (
  tenant_id         text        not null,
  account           text        not null,
  object            text        not null,
  record_id         text        not null,
  lives_on_as       text        not null,
  reason            text        not null check (reason in ('merged', 'recreated')),
  change_set_id     uuid        not null,
  created_at        timestamptz not null default now(),
  primary key (tenant_id, account, object, record_id)
);
select kempt_protect('record_alias');
