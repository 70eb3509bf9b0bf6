-- Events that a transaction of this service has to publish. A row lives from the commit that made it until the bus has
-- the event. Columns id, aggregatetype, aggregateid, type and payload are those that Debezium's outbox event router
-- expects; aggregatetype is the topic, aggregateid the key.
create table outbox (
  -- Taken from the sequence while the row lock of the aggregate is held, so it grows with every event of a key. That
  -- needs a sequence that hands out one number at a time, which "cache 1" says.
  position      bigint      not null generated always as identity (cache 1),
  tenant_id     text        not null,
  id            uuid        not null,
  lane          text        not null check (lane in ('live', 'bulk')),
  -- Of aggregateid, never negative. Decides which dispatcher publishes the event.
  key_hash      integer     not null check (key_hash >= 0),
  aggregatetype text        not null,
  aggregateid   text        not null,
  type          text        not null,
  headers       json        not null,
  -- Null is a tombstone.
  payload       bytea,
  created_at    timestamptz not null default clock_timestamp(),
  primary key (tenant_id, position)
) with (
  -- The table is a queue: its rows die young, and the dead ones must not wait for a share of a large table.
  autovacuum_vacuum_scale_factor = 0,
  autovacuum_vacuum_threshold = 5000,
  autovacuum_vacuum_cost_delay = 0
);
create index outbox_live on outbox (position) where lane = 'live';
create index outbox_bulk on outbox (tenant_id, position) where lane = 'bulk';
create index outbox_by_key on outbox (key_hash, position);
select kempt_protect_infrastructure('outbox');

-- Into how many lanes the keys are split. Every dispatcher must use the same number, else two of them would publish one
-- key at the same time.
create table outbox_lanes (
  only_row boolean primary key default true check (only_row),
  lanes    integer not null check (lanes between 1 and 64)
);
select kempt_protect_infrastructure('outbox_lanes');
