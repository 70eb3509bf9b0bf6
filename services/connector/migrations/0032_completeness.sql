-- How many records of an object the CRM counted last, and how many the mirror held. It holds nothing of the CRM's content,
-- so that one look can read all of them for the metrics.
create table completeness (
  tenant_id      text        not null,
  account        text        not null,
  object         text        not null,
  system         text        not null,
  -- Rises by one with every measurement.
  sequence       integer     not null check (sequence > 0),
  crm_records    bigint      not null,
  mirror_records bigint      not null,
  measured_at    timestamptz not null,
  -- Run of the maintenance calendar that asked for it; empty when it was measured by itself.
  run_id         text        not null,
  primary key (tenant_id, account, object)
);
select kempt_protect_infrastructure('completeness');

-- Looks that ended well since the object is known: two more of them, and one lies wholly after a given moment.
alter table sync_cursor add column passes bigint not null default 0;
