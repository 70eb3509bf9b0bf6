-- The register of integrations: what has access to a CRM. Kempt's own connections are the first of them.
create table integration (
  tenant_id     text        not null,
  -- Of a connection of Kempt: kempt:<account>.
  id            text        not null,
  kind          text        not null check (kind in ('kempt-connection')),
  -- The CRM: sf:<org id> or hs:<portal id>
  account       text        not null,
  system        text        not null,
  name          text        not null,
  status        text        not null check (status in ('backfilling', 'connected', 'failing', 'paused', 'deleted', 'unknown')),
  -- Since when it has this status, and since when it has been on the register.
  status_since  timestamptz not null,
  registered_at timestamptz not null,
  -- What it reads, sorted.
  objects       text[]      not null,
  -- The version of the subject that says all this.
  version       bigint      not null,
  primary key (tenant_id, id)
);
create index integration_by_account on integration (tenant_id, account, id);
select kempt_protect('integration');
