-- The CRM accounts that a tenant lets Kempt read. A row outlives its connection, so that versions of the account go on
-- rising when it is connected again.
create table connection (
  tenant_id          text        not null,
  -- sf:<org id> or hs:<portal id>
  account            text        not null,
  -- Made from tenant and account, so that it is the same wherever the account is connected.
  id                 uuid        not null,
  system             text        not null check (system in ('salesforce', 'hubspot')),
  display_name       text        not null,
  status             text        not null check (status in ('backfilling', 'connected', 'failing', 'paused', 'deleted')),
  -- Why the status is failing: a code for programs, a sentence for people.
  reason_code        text,
  reason             text,
  -- Addresses, limits: everything that is no secret.
  settings           jsonb       not null,
  -- Sorted.
  objects            text[]      not null,
  -- AES-256-GCM; null once the connection is deleted.
  sealed_credentials text,
  -- Rises with every change that is told.
  version            integer     not null check (version > 0),
  created_at         timestamptz not null default now(),
  updated_at         timestamptz not null default now(),
  primary key (tenant_id, account)
);
create unique index connection_by_id on connection (tenant_id, id);
select kempt_protect('connection');
