-- The vendor fields of each living record, blanks left out: what survivorship chooses from. Text and not jsonb, since
-- the fields are only ever read as a whole, and text takes less room and time.
create table vendor_record (
  tenant_id   text   not null,
  ref         text   not null,
  -- The CRM's modification stamp, in milliseconds since 1970.
  modified_ms bigint not null,
  fields      text   not null,
  primary key (tenant_id, ref)
);
alter table vendor_record alter column fields set storage main;
select kempt_protect('vendor_record');
