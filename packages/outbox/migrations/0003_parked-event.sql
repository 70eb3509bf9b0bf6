-- Keys whose next event failed. As long as a key stands here, every event of it goes to the end of its parked events.
-- The row is the lock that holds consumers and the retry of parked events apart.
create table parked_key (
  tenant_id  text        not null,
  consumer   text        not null,
  topic      text        not null,
  -- First half of SHA-256 of the key: a key may be longer than an index entry.
  key_digest bytea       not null,
  -- Failed attempts of the first parked event.
  attempts   integer     not null,
  due_at     timestamptz not null,
  parked_at  timestamptz not null default now(),
  message    text        not null,
  primary key (tenant_id, consumer, topic, key_digest)
);
create index parked_key_by_due on parked_key (consumer, due_at);
select kempt_protect_infrastructure('parked_key');

-- Events that wait, in the order in which they must be handled.
create table parked_event (
  tenant_id      text        not null,
  position       bigint      not null generated always as identity (cache 1),
  consumer       text        not null,
  topic          text        not null,
  key_digest     bytea       not null,
  key            bytea       not null,
  event_id       uuid        not null,
  partition      integer     not null,
  record_offset  bigint      not null,
  timestamp_ms   bigint      not null,
  headers        json        not null,
  payload        bytea,
  first_seen_at  timestamptz not null default now(),
  primary key (tenant_id, position),
  unique (tenant_id, consumer, topic, event_id)
);
create index parked_event_by_key on parked_event (tenant_id, consumer, topic, key_digest, position);
select kempt_protect_infrastructure('parked_event');

-- Tenants whose events all wait, because what is wrong concerns the whole tenant, such as a revoked token.
create table paused_tenant (
  tenant_id text        not null,
  consumer  text        not null,
  attempts  integer     not null,
  due_at    timestamptz not null,
  paused_at timestamptz not null default now(),
  message   text        not null,
  primary key (tenant_id, consumer)
);
create index paused_tenant_by_due on paused_tenant (consumer, due_at);
select kempt_protect_infrastructure('paused_tenant');
