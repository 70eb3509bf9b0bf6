-- Switches of a tenant. No row: everything is off.
create table safety_switch (
  tenant_id         text        not null primary key,
  read_only         boolean     not null,
  -- No changes before this time.
  freeze_until      timestamptz,
  freeze_reason     text        not null default '',
  changed_by        text        not null,
  changed_at        timestamptz not null default now()
);
select kempt_protect('safety_switch');

-- Switches of one connection.
create table connection_safety (
  tenant_id         text        not null,
  account           text        not null,
  -- What the CRM says; null before it was asked.
  environment       text        check (environment in ('production', 'sandbox')),
  -- What somebody decided; null follows the environment: production is locked.
  locked            boolean,
  lock_reason       text        not null default '',
  locked_by         text        not null default '',
  kill_switch       boolean     not null default false,
  kill_reason       text        not null default '',
  killed_by         text        not null default '',
  changed_at        timestamptz not null default now(),
  primary key (tenant_id, account)
);
select kempt_protect('connection_safety');
