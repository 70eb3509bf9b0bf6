-- How far the event stream of a tenant has come. The row is the lock under which ids are given out, so that they have no
-- gaps, and nobody sees one before those below it.
create table stream_head (
  tenant_id text   not null primary key,
  last_id   bigint not null default 0
);
select kempt_protect_infrastructure('stream_head');

-- What people and clients follow. A convenience: whoever needs every event reads the topics.
create table stream_event (
  tenant_id text        not null,
  id        bigint      not null,
  -- Id of the event on the bus, by which a repetition is recognised.
  event_id  uuid        not null,
  topic     text        not null,
  subject   text        not null,
  time      timestamptz not null,
  -- Text and not jsonb: it is written once and handed on as it is.
  data      text        not null,
  stored_at timestamptz not null default now(),
  primary key (tenant_id, id)
);
create unique index stream_event_by_event on stream_event (tenant_id, event_id);
select kempt_protect_infrastructure('stream_event');

-- What the last probe of an account found, since only a change of it is told.
create table probed_account (
  tenant_id text    not null,
  account   text    not null,
  sequence  bigint  not null,
  outcome   text    not null,
  primary key (tenant_id, account)
);
select kempt_protect_infrastructure('probed_account');

-- Whose a connection is: webhooks name it, and have no API key that would say.
create table known_connection (
  tenant_id     text    not null,
  connection_id text    not null,
  system        text    not null,
  version       bigint  not null,
  deleted       boolean not null,
  primary key (tenant_id, connection_id)
);
create index known_connection_by_id on known_connection (connection_id);
select kempt_protect_infrastructure('known_connection');
