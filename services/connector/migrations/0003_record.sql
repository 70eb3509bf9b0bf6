-- The mirror: each record as it was last read.
create table record (
  tenant_id       text        not null,
  account         text        not null,
  object          text        not null,
  record_id       text        not null,
  -- Rises by one with every change.
  version         integer     not null check (version > 0),
  -- The CRM's modification stamp.
  modified_at     timestamptz not null,
  modified_by     text        not null,
  -- SHA-256 over the fields, in hexadecimal.
  content_hash    text        not null,
  -- Of the canonical form, which also changes when the field map does.
  projection_hash text        not null,
  -- Typed values by field name. Blank fields are absent. A deleted record keeps what it held last.
  fields          jsonb,
  canonical       jsonb,
  deleted         boolean     not null,
  -- Record id of the survivor, when the CRM merged this record away.
  merged_into     text,
  primary key (tenant_id, account, object, record_id)
);
select kempt_protect('record');
