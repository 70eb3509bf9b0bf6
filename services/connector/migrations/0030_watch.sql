-- What is looked at in an account time and again besides its records: whether it answers, how many records it counts, who
-- has access. One instance at a time has a look; a new one raises the epoch, and whoever saves under an older one is refused.
create table watch (
  tenant_id  text        not null,
  account    text        not null,
  kind       text        not null check (kind in ('probe', 'completeness', 'audit')),
  -- Infinity while nothing of the account is read.
  due_at     timestamptz not null default now(),
  holder     text,
  epoch      bigint      not null default 0,
  expires_at timestamptz,
  -- Runs of the maintenance calendar that wait for the next look.
  asked      text[]      not null default '{}',
  primary key (tenant_id, account, kind)
);
create index watch_by_due on watch (due_at);
select kempt_protect_infrastructure('watch');
