-- Events that could not be applied, or not be published, and wait for a person.
create table dead_letter (
  -- Empty where the event does not say whose it is.
  tenant_id     text        not null,
  id            uuid        not null,
  -- Consumer group, or 'outbox' for an event that the bus refused.
  consumer      text        not null,
  topic         text        not null,
  partition     integer     not null,
  -- Offset in the partition; position in the outbox for an event that the bus refused.
  record_offset bigint      not null,
  timestamp_ms  bigint      not null,
  key           bytea       not null,
  -- Null where the event has no id that could be read.
  event_id      uuid,
  headers       json        not null,
  payload       bytea,
  reason        text        not null check (reason in ('undecodable', 'permanent', 'attempts-exhausted', 'refused')),
  stage         text        not null check (stage in ('envelope', 'decode', 'handle', 'publish')),
  error_class   text        not null,
  error_code    text,
  message       text        not null,
  attempts      integer     not null,
  state         text        not null check (state in ('open', 'replaying', 'resolved', 'discarded')),
  first_seen_at timestamptz not null,
  last_seen_at  timestamptz not null default now(),
  primary key (tenant_id, id),
  -- The same event failing again, after a replay or a rebuild, is the same dead letter.
  unique (tenant_id, consumer, topic, partition, record_offset)
);
create index dead_letter_open on dead_letter (id) where state = 'open';
create index dead_letter_by_event on dead_letter (tenant_id, consumer, topic, event_id) where state = 'replaying';
select kempt_protect_infrastructure('dead_letter');

-- What people did to dead letters, and when. Rows are only ever added.
create table dead_letter_action (
  tenant_id      text        not null,
  id             uuid        not null,
  dead_letter_id uuid        not null,
  action         text        not null check (action in ('replay', 'discard')),
  actor          text        not null,
  note           text        not null,
  acted_at       timestamptz not null default now(),
  primary key (tenant_id, id)
);
create index dead_letter_action_by_letter on dead_letter_action (tenant_id, dead_letter_id);
select kempt_protect_infrastructure('dead_letter_action');
