-- A consumer of a group. It lives as long as its lease, or shorter: its process holds an advisory lock on session_key. When
-- others can take that lock, and can still a moment later, the process is gone.
CREATE TABLE consumer_member (
  member_id uuid PRIMARY KEY,
  group_name text NOT NULL,
  topic_ids int[] NOT NULL,
  session_key bigint NOT NULL,
  application_name text NOT NULL,
  expires_at timestamptz NOT NULL,
  -- When somebody first found the lock free. A connection that broke is back before that counts.
  missed_at timestamptz
);
CREATE INDEX consumer_member_group ON consumer_member (group_name);

-- How far a group has come in a partition, and who reads it. The epoch grows with each change of owner; a commit under
-- another epoch is refused, so a consumer that lost a partition cannot move its position any more.
CREATE TABLE group_partition (
  group_name text NOT NULL,
  topic_id int NOT NULL REFERENCES topic,
  partition int NOT NULL,
  committed bigint NOT NULL,
  owner uuid,
  -- Who reads it when the owner lets go.
  heir uuid,
  epoch bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (group_name, topic_id, partition)
) WITH (fillfactor = 20);
