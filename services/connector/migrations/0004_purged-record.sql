-- A deleted record that the CRM does not even list among its deleted ones any more: it cannot come back, and need not be
-- looked up again.
alter table record add column purged boolean not null default false;
