-- What a consumer reads: one topic, in one generation. A rebuild begins a new generation, whose inbox is empty.
create table inbox_stream (
  id         integer     primary key generated always as identity,
  consumer   text        not null,
  topic      text        not null,
  generation integer     not null check (generation > 0),
  created_at timestamptz not null default now(),
  unique (consumer, topic, generation)
);
select kempt_protect_infrastructure('inbox_stream');
-- Consumers look their stream up inside a tenant's transaction.
create policy inbox_stream_read on inbox_stream for select using (true);

-- Events that took effect. Written in the transaction of the effect, so an event that comes again is known.
create table inbox (
  tenant_id   text    not null,
  stream_id   integer not null,
  event_id    uuid    not null,
  received_on date    not null default (now() at time zone 'utc')::date,
  primary key (tenant_id, stream_id, event_id)
);
-- For the removal of old rows.
create index inbox_by_day on inbox (received_on);
select kempt_protect_infrastructure('inbox');

-- The newest version of each subject that a consumer applied, for effects that have no place of their own for it.
create table inbox_version (
  tenant_id  text    not null,
  consumer   text    not null,
  subject    text    not null,
  generation integer not null,
  version    bigint  not null,
  primary key (tenant_id, consumer, subject)
);
select kempt_protect_infrastructure('inbox_version');
