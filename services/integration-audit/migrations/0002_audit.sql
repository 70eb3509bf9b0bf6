-- The CRM accounts of which anything was heard. The row is also the lock under which an account is assessed: its
-- findings follow from what the other tables hold of it and from the time of day.
create table audited_account (
  tenant_id     text        not null,
  account       text        not null,
  -- Since when something is known of it.
  first_seen_at timestamptz not null,
  -- Since when something is known that has not been assessed; null when nothing is.
  waiting_since timestamptz,
  due_at        timestamptz not null,
  assessed_at   timestamptz,
  -- What was known of it has been erased; the findings go with the next assessment.
  erased        boolean     not null default false,
  primary key (tenant_id, account)
);
create index audited_account_due on audited_account (due_at);
select kempt_protect_infrastructure('audited_account');

create table crm_user (
  tenant_id     text        not null,
  account       text        not null,
  user_id       text        not null,
  version       bigint      not null,
  removed       boolean     not null,
  name          text        not null,
  email         text        not null,
  username      text        not null,
  active        boolean     not null,
  user_type     text        not null,
  roles         text[]      not null,
  powers        text[]      not null,
  last_login_at timestamptz,
  created_at    timestamptz,
  first_seen_at timestamptz not null,
  primary key (tenant_id, account, user_id)
);
select kempt_protect('crm_user');

create table crm_login (
  tenant_id   text        not null,
  account     text        not null,
  login_id    text        not null,
  version     bigint      not null,
  user_id     text        not null,
  at          timestamptz not null,
  application text        not null,
  source_ip   text        not null,
  succeeded   boolean     not null,
  status      text        not null,
  primary key (tenant_id, account, login_id)
);
create index crm_login_by_time on crm_login (tenant_id, account, at);
select kempt_protect('crm_login');

create table crm_app (
  tenant_id    text        not null,
  account      text        not null,
  app_id       text        not null,
  version      bigint      not null,
  removed      boolean     not null,
  name         text        not null,
  app_kind     text        not null,
  user_ids     text[]      not null,
  use_count    bigint      not null,
  last_used_at timestamptz,
  created_at   timestamptz,
  primary key (tenant_id, account, app_id)
);
select kempt_protect('crm_app');

-- Calls of one app on one day.
create table api_usage (
  tenant_id   text   not null,
  account     text   not null,
  usage_id    text   not null,
  version     bigint not null,
  day         date   not null,
  -- Empty for a caller that came through no registered app.
  app_id      text   not null,
  app_name    text   not null,
  calls       bigint not null,
  -- 0 when the CRM does not say.
  daily_limit bigint not null,
  primary key (tenant_id, account, usage_id)
);
create index api_usage_by_day on api_usage (tenant_id, account, day);
select kempt_protect('api_usage');

create table setup_change (
  tenant_id text        not null,
  account   text        not null,
  change_id text        not null,
  version   bigint      not null,
  at        timestamptz not null,
  user_id   text        not null,
  action    text        not null,
  section   text        not null,
  display   text        not null,
  primary key (tenant_id, account, change_id)
);
create index setup_change_by_time on setup_change (tenant_id, at, account, change_id);
create index setup_change_by_user on setup_change (tenant_id, account, user_id, at);
select kempt_protect('setup_change');

-- Apps and clients join Kempt's own connections on the register.
alter table integration drop constraint integration_kind_check;
alter table integration add constraint integration_kind_check check (kind in ('kempt-connection', 'app', 'client'));
alter table integration
  -- As the CRM calls it: connected-app, oauth-app, private-app; empty for the other kinds.
  add column app_kind     text   not null default '',
  -- Users of the CRM that granted it access, sorted.
  add column user_ids     text[] not null default '{}',
  add column last_used_at timestamptz,
  -- Calls in the last 30 days that the CRM told of.
  add column calls        bigint not null default 0,
  -- The day with the largest share of the account's daily limit.
  add column peak_day     text   not null default '',
  add column peak_calls   bigint not null default 0,
  add column daily_limit  bigint not null default 0;

-- Something about access or integrations that somebody should act on. Metrics count findings of all tenants.
create table finding (
  tenant_id      text        not null,
  finding_id     uuid        not null,
  version        integer     not null,
  state          text        not null check (state in ('open', 'resolved', 'accepted')),
  severity       text        not null check (severity in ('low', 'medium', 'high')),
  severity_order smallint    not null generated always as (case severity when 'high' then 1 when 'medium' then 2 else 3 end) stored,
  rule_id        text        not null,
  account        text        not null,
  subject_kind   text        not null,
  subject_id     text        not null,
  subject_name   text        not null,
  title          text        not null,
  evidence       jsonb       not null,
  remedy         text        not null,
  -- How bad it is, in the rule's own measure. An accepted finding opens again when this rises.
  grade          integer     not null,
  opened_at      timestamptz not null,
  changed_at     timestamptz not null,
  -- {by, note, at, severity, grade}: who accepted what. Null unless it is accepted.
  acceptance     jsonb,
  primary key (tenant_id, finding_id)
);
create index finding_by_account on finding (tenant_id, account);
create index finding_by_severity on finding (tenant_id, severity_order, finding_id);
create index finding_open on finding (rule_id, severity) where state = 'open';
select kempt_protect_infrastructure('finding');

-- The end of each tenant's evidence chain. Whoever adds a link holds the row.
create table evidence_chain (
  tenant_id text   not null primary key,
  sequence  bigint not null,
  hash      text   not null
);
select kempt_protect('evidence_chain');

-- What was done and decided, each link sealed with the one before. The service may add links and nothing else.
create table evidence (
  tenant_id       text        not null,
  -- Position in the chain, beginning with 1, without gaps.
  sequence        bigint      not null,
  subject_kind    text        not null check (subject_kind in ('change-set', 'maintenance-task', 'review', 'finding')),
  subject_id      text        not null,
  subject_version integer     not null,
  occurred_at     timestamptz not null,
  recorded_at     timestamptz not null,
  -- What is attested, as canonical JSON; the content hash is over these very bytes.
  content         text        not null,
  content_hash    text        not null,
  previous_hash   text        not null,
  hash            text        not null,
  primary key (tenant_id, sequence),
  unique (tenant_id, subject_kind, subject_id, subject_version)
);
select kempt_protect('evidence');

do $$
declare
  service_role text;
begin
  for service_role in
    select distinct granted.grantee from information_schema.role_table_grants as granted
     where granted.table_schema = current_schema() and granted.table_name = 'evidence' and granted.grantee <> current_user
  loop
    execute format('revoke update, delete on evidence from %I', service_role);
  end loop;
end
$$;
