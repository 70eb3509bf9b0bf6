-- Records that a CRM said have changed, until they were read. They hold ids and no content, so that one look finds the
-- work of all tenants.
create table webhook_notice (
  tenant_id   text        not null,
  account     text        not null,
  object      text        not null,
  record_id   text        not null,
  -- Rises with every further notice: one that comes while the record is read is not lost.
  generation  bigint      not null default 1,
  -- The CRM said that the record is gone.
  deleted     boolean     not null,
  -- Records that were merged into this one.
  merged_from text[]      not null default '{}',
  -- When it happened, as the CRM says: the first of the notices, and the last.
  occurred_at timestamptz not null,
  last_at     timestamptz not null,
  -- Readings that failed since the last notice.
  attempts    integer     not null default 0,
  due_at      timestamptz not null default now(),
  primary key (tenant_id, account, object, record_id)
);
create index webhook_notice_by_due on webhook_notice (due_at);
select kempt_protect_infrastructure('webhook_notice');
