-- A topic has an event table of its own, event_<topic_id>: retention and compaction of one topic leave no dead rows in the
-- index of another, and autovacuum works on each by itself.
CREATE TABLE topic (
  topic_id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name text NOT NULL UNIQUE,
  partitions int NOT NULL CHECK (partitions > 0),
  cleanup text NOT NULL CHECK (cleanup IN ('compact', 'delete')),
  retention_ms bigint NOT NULL,
  -- When retention or compaction last went through the topic.
  cleaned_at timestamptz NOT NULL DEFAULT now()
);

-- The head of each partition. Whoever appends holds the row lock until the commit, so offsets have no gaps and become
-- visible in their order. Rows change with every batch: room on the page keeps those changes away from the index.
CREATE TABLE partition_head (
  topic_id int NOT NULL REFERENCES topic,
  partition int NOT NULL,
  next_offset bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (topic_id, partition)
) WITH (fillfactor = 20);

-- The tail of each partition, apart from the head so that cleaning never waits for writers nor they for it.
CREATE TABLE partition_tail (
  topic_id int NOT NULL REFERENCES topic,
  partition int NOT NULL,
  -- The oldest offset that retention has left.
  start_offset bigint NOT NULL DEFAULT 0,
  -- Below this offset each key has one event, or a newer one above it.
  compacted_to bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (topic_id, partition)
);

-- Empty itself; the tables of the topics inherit from it, so that people can look at all events in one place.
CREATE TABLE event (
  partition int NOT NULL,
  "offset" bigint NOT NULL,
  appended_ms bigint NOT NULL,
  key text NOT NULL,
  headers json NOT NULL,
  -- NULL is a tombstone.
  value bytea
);

-- Creates a topic, or brings retention and cleanup of an existing one in line. The number of partitions stays as it is.
-- Runs with the rights of the schema's owner, since services may not create tables.
CREATE FUNCTION declare_topic(topic_name text, wanted_partitions int, wanted_cleanup text, wanted_retention_ms bigint)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
  id int;
  event_table text;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('kempt-event-bus-topics:' || current_schema(), 0));
  SELECT topic_id INTO id FROM topic WHERE name = topic_name;
  IF id IS NULL THEN
    INSERT INTO topic (name, partitions, cleanup, retention_ms)
    VALUES (topic_name, wanted_partitions, wanted_cleanup, wanted_retention_ms)
    RETURNING topic_id INTO id;
    INSERT INTO partition_head (topic_id, partition) SELECT id, generate_series(0, wanted_partitions - 1);
    INSERT INTO partition_tail (topic_id, partition) SELECT id, generate_series(0, wanted_partitions - 1);
    event_table := 'event_' || id;
    EXECUTE format('CREATE TABLE %I (PRIMARY KEY (partition, "offset")) INHERITS (event)', event_table);
    -- Values are compact already; compressing them again costs much and gains little.
    EXECUTE format('ALTER TABLE %I ALTER COLUMN value SET STORAGE EXTERNAL', event_table);
  ELSE
    UPDATE topic SET cleanup = wanted_cleanup, retention_ms = wanted_retention_ms
    WHERE topic_id = id AND (cleanup, retention_ms) <> (wanted_cleanup, wanted_retention_ms);
    event_table := 'event_' || id;
  END IF;
  IF wanted_cleanup = 'compact' AND to_regclass(event_table || '_key') IS NULL THEN
    -- Compaction finds the older events of a key by the first and tombstones by the second.
    EXECUTE format('CREATE INDEX %I ON %I (partition, key, "offset")', event_table || '_key', event_table);
    EXECUTE format('CREATE INDEX %I ON %I (partition, appended_ms) WHERE value IS NULL', event_table || '_tombstone', event_table);
  END IF;
END $$;

-- A function that runs with its owner's rights must not find other objects than those it was written for.
DO $$ BEGIN
  EXECUTE format('ALTER FUNCTION declare_topic(text, int, text, bigint) SET search_path = %I, pg_temp', current_schema());
END $$;
