-- Rules of a tenant that differ from the defaults, as data. A default rule that was switched off is here, too.
create table quality_rule (
  tenant_id text  not null,
  rule_id   text  not null,
  rule      jsonb not null,
  primary key (tenant_id, rule_id)
);
select kempt_protect('quality_rule');

-- Rises with every change of the tenant's rules, so that records judged by older ones can be found. The sweep of all
-- tenants finds them here.
create table rule_set (
  tenant_id text    not null primary key,
  version   integer not null default 1
);
select kempt_protect_infrastructure('rule_set');

-- What was found out about each record that rules apply to, and what it is found out from.
create table assessed_record (
  tenant_id     text        not null,
  account       text        not null,
  object        text        not null,
  record_id     text        not null,
  version       bigint      not null,
  living        boolean     not null,
  owner_id      text        not null,
  modified_at   timestamptz not null,
  -- Canonical fields and standardised values that rules look at; null when the record is not living.
  facts         jsonb,
  checked       text[]      not null,
  failed        text[]      not null,
  rules_version integer     not null,
  -- First day on which the same facts are judged differently.
  due_on        date,
  -- How many values could be written in a standard way.
  fixable       integer     not null default 0,
  primary key (tenant_id, account, object, record_id)
);
create index assessed_record_due on assessed_record (tenant_id, due_on) where due_on is not null;
create index assessed_record_rules on assessed_record (tenant_id, rules_version);
create index assessed_record_fixable on assessed_record (tenant_id, account, object, record_id) where fixable > 0;
select kempt_protect('assessed_record');

-- How often each rule was checked and failed, by owner of the record.
create table rule_count (
  tenant_id text   not null,
  account   text   not null,
  object    text   not null,
  owner_id  text   not null,
  rule_id   text   not null,
  checked   bigint not null check (checked >= 0),
  failed    bigint not null check (failed >= 0),
  primary key (tenant_id, account, object, owner_id, rule_id)
);
select kempt_protect('rule_count');

-- A record that breaks a rule, or once did.
create table quality_issue (
  tenant_id  text        not null,
  account    text        not null,
  object     text        not null,
  record_id  text        not null,
  rule_id    text        not null,
  issue_id   uuid        not null,
  version    integer     not null,
  open       boolean     not null,
  dimension  text        not null,
  severity   text        not null,
  field      text        not null,
  message    text        not null,
  owner_id   text        not null,
  changed_at timestamptz not null,
  primary key (tenant_id, account, object, record_id, rule_id)
);
create index quality_issue_open on quality_issue (tenant_id, account, object, rule_id, record_id) where open;
select kempt_protect('quality_issue');

-- Newest version of clusters that have held several records of one object, so that older ones bring nothing back.
create table known_cluster (
  tenant_id text   not null,
  golden_id text   not null,
  version   bigint not null,
  primary key (tenant_id, golden_id)
);
select kempt_protect('known_cluster');

-- Records that share a cluster with others of the same object.
create table duplicate_record (
  tenant_id text    not null,
  account   text    not null,
  object    text    not null,
  record_id text    not null,
  golden_id text    not null,
  -- Other records of the same object in the cluster.
  others    integer not null check (others > 0),
  primary key (tenant_id, account, object, record_id)
);
create index duplicate_record_by_cluster on duplicate_record (tenant_id, golden_id);
select kempt_protect('duplicate_record');

-- Objects whose counts changed since their score was measured.
create table score_due (
  tenant_id text not null,
  account   text not null,
  object    text not null,
  primary key (tenant_id, account, object)
);
select kempt_protect_infrastructure('score_due');

-- Measured scores, for trends.
create table quality_score (
  tenant_id   text             not null,
  account     text             not null,
  object      text             not null,
  sequence    integer          not null,
  measured_at timestamptz      not null,
  score       double precision not null,
  records     bigint           not null,
  open_issues bigint           not null,
  dimensions  jsonb            not null,
  primary key (tenant_id, account, object, sequence)
);
select kempt_protect('quality_score');

-- Proposed new values. The connector makes change sets of them.
create table fix_proposal (
  tenant_id    text        not null,
  proposal_id  uuid        not null,
  version      integer     not null,
  open         boolean     not null,
  standard_id  text        not null,
  account      text        not null,
  object       text        not null,
  fixes        jsonb       not null,
  requested_by text        not null,
  created_at   timestamptz not null,
  primary key (tenant_id, proposal_id)
);
select kempt_protect('fix_proposal');
