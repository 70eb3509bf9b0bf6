-- Every tenant that anything was heard of. The row is also the lock under which its KPIs and its calendar are worked on.
create table known_tenant (
  tenant_id       text        not null primary key,
  kpis_due_at     timestamptz not null default '-infinity',
  calendar_due_at timestamptz not null default '-infinity'
);
select kempt_protect_infrastructure('known_tenant');

-- The CRM accounts of a tenant, and whether their first reading is complete.
create table account_state (
  tenant_id  text        not null,
  account    text        not null,
  version    bigint      not null,
  status     text        not null check (status in ('backfilling', 'connected', 'failing', 'paused', 'deleted', 'unknown')),
  objects    text[]      not null,
  changed_at timestamptz not null,
  primary key (tenant_id, account)
);
select kempt_protect('account_state');

-- Newest probe of each target: it speaks for the time until the next one. Targets are CRM accounts of a tenant, or
-- services of the installation under the tenant '-'.
create table last_probe (
  tenant_id   text        not null,
  target      text        not null,
  sequence    bigint      not null,
  at          timestamptz not null,
  up          boolean     not null,
  interval_ms integer     not null,
  primary key (tenant_id, target)
);
select kempt_protect_infrastructure('last_probe');

-- How long a target was up and down in each hour, as far as it was observed.
create table uptime_hour (
  tenant_id     text             not null,
  target        text             not null,
  hour          timestamptz      not null,
  up_ms         bigint           not null default 0,
  down_ms       bigint           not null default 0,
  probes        integer          not null default 0,
  failed_probes integer          not null default 0,
  latency_ms    double precision not null default 0,
  primary key (tenant_id, target, hour)
);
select kempt_protect_infrastructure('uptime_hour');

-- Newest quality score of each object.
create table object_score (
  tenant_id text             not null,
  account   text             not null,
  object    text             not null,
  sequence  bigint           not null,
  score     double precision not null,
  records   bigint           not null,
  primary key (tenant_id, account, object)
);
select kempt_protect('object_score');

-- People and integrations that may log in, and when they last did. Both are told apart, in any order.
create table crm_user (
  tenant_id     text    not null,
  account       text    not null,
  user_id       text    not null,
  version       bigint  not null default 0,
  active        boolean not null default false,
  person        boolean not null default false,
  last_login_at timestamptz,
  primary key (tenant_id, account, user_id)
);
select kempt_protect('crm_user');

-- Deals, cases and feedback of the CRMs, with the moments that KPIs are computed from.
create table deal_fact (
  tenant_id  text   not null,
  account    text   not null,
  object     text   not null,
  record_id  text   not null,
  version    bigint not null,
  won        boolean not null,
  created_at timestamptz,
  closed_on  date,
  primary key (tenant_id, account, object, record_id)
);
select kempt_protect('deal_fact');

create table case_fact (
  tenant_id  text   not null,
  account    text   not null,
  object     text   not null,
  record_id  text   not null,
  version    bigint not null,
  created_at timestamptz,
  closed_at  timestamptz,
  primary key (tenant_id, account, object, record_id)
);
select kempt_protect('case_fact');

-- Answers to surveys: those of the CRMs, and those given to Kempt under the account '-'.
create table feedback_fact (
  tenant_id    text             not null,
  account      text             not null,
  object       text             not null,
  record_id    text             not null,
  version      bigint           not null,
  kind         text             not null,
  score        double precision,
  submitted_at timestamptz,
  comment      text             not null default '',
  primary key (tenant_id, account, object, record_id)
);
select kempt_protect('feedback_fact');

-- Counted records of each object, in the CRM and in the mirror.
create table object_completeness (
  tenant_id      text        not null,
  account        text        not null,
  object         text        not null,
  sequence       bigint      not null,
  crm_records    bigint      not null,
  mirror_records bigint      not null,
  measured_at    timestamptz not null,
  primary key (tenant_id, account, object)
);
select kempt_protect('object_completeness');

-- Merge proposals, and verdicts of people.
create table merge_proposal (
  tenant_id   text        not null,
  proposal_id text        not null,
  version     bigint      not null,
  open        boolean     not null,
  first_at    timestamptz not null,
  primary key (tenant_id, proposal_id)
);
create index merge_proposal_open on merge_proposal (tenant_id, first_at) where open;
select kempt_protect('merge_proposal');

create table review_decision (
  tenant_id   text        not null,
  decision_id text        not null,
  version     bigint      not null,
  revoked     boolean     not null,
  decided_at  timestamptz not null,
  primary key (tenant_id, decision_id)
);
select kempt_protect('review_decision');

-- One line of measurements. Account '' speaks of the whole tenant.
create table kpi_series (
  tenant_id text             not null,
  kpi       text             not null,
  account   text             not null,
  sequence  integer          not null,
  baseline  double precision,
  primary key (tenant_id, kpi, account)
);
select kempt_protect('kpi_series');

create table kpi_value (
  tenant_id   text             not null,
  kpi         text             not null,
  account     text             not null,
  sequence    integer          not null,
  measured_at timestamptz      not null,
  value       double precision,
  terms       jsonb            not null,
  primary key (tenant_id, kpi, account, sequence)
);
create index kpi_value_by_time on kpi_value (tenant_id, kpi, account, measured_at);
select kempt_protect('kpi_value');

-- What people want a KPI to be.
create table kpi_target (
  tenant_id text             not null,
  kpi       text             not null,
  target    double precision,
  baseline  double precision,
  set_by    text             not null,
  set_at    timestamptz      not null,
  primary key (tenant_id, kpi)
);
select kempt_protect('kpi_target');

-- Runs of the tasks of the maintenance calendar.
create table calendar_run (
  tenant_id    text        not null,
  task         text        not null,
  due_at       timestamptz not null,
  run_id       uuid        not null,
  sequence     integer     not null,
  started_at   timestamptz not null,
  deadline     timestamptz not null,
  -- Null while the run is under way.
  outcome      text check (outcome in ('succeeded', 'needs-attention', 'failed', 'missed')),
  finished_at  timestamptz,
  evidence     jsonb       not null default '{}',
  summary      text        not null default '',
  performed_by text        not null default '',
  requested_by text        not null,
  primary key (tenant_id, task, due_at)
);
create unique index calendar_run_by_id on calendar_run (tenant_id, run_id);
select kempt_protect('calendar_run');
