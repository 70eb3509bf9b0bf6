import { EventBusError, type PartitionLag } from '@kempt/event-bus';
import { type AssignableMember, assignPartitions } from './assignment.ts';
import type { Connections, Queries } from './connections.ts';
import type { StoredTopic } from './topic-store.ts';

export interface MemberIdentity {
  readonly group: string;
  readonly memberId: string;
}

export interface JoiningMember extends MemberIdentity {
  readonly topics: readonly StoredTopic[];
  readonly from: 'earliest' | 'latest';
  readonly sessionKey: bigint;
}

/** A partition that a member owns. */
export interface OwnedPartition {
  readonly topicId: number;
  readonly partition: number;
  readonly epoch: bigint;
  readonly committed: bigint;
  /** Somebody waits for it: it is to be handed over as soon as no chunk of it is at hand. */
  readonly wanted: boolean;
}

/** How far a member has come; accepted only under the epoch at which it got the partition. */
export interface Progress {
  readonly topicId: number;
  readonly partition: number;
  readonly epoch: bigint;
  readonly committed: bigint;
}

/** Members, assignments and committed offsets. Whoever changes an assignment holds the lock of the group. */
export interface GroupStore {
  join(member: JoiningMember): Promise<void>;
  /** Lengthens the lease. `expired` when the group has already forgotten the member. */
  renew(member: MemberIdentity & { readonly sessionKey: bigint }): Promise<'in order' | 'others are gone' | 'expired'>;
  /** Takes out members that are gone and shares their partitions out. True when some may be gone but get a moment yet. */
  rebalance(member: MemberIdentity): Promise<boolean>;
  ownedBy(member: MemberIdentity): Promise<readonly OwnedPartition[]>;
  /** Resolves to what was refused, since the member does not own it any more. */
  commit(member: MemberIdentity, progress: readonly Progress[]): Promise<readonly Progress[]>;
  /** Commits, and gives partitions to whoever waits for them. */
  handOver(member: MemberIdentity, progress: readonly Progress[]): Promise<void>;
  leave(member: MemberIdentity): Promise<void>;
  lag(group: string, topics?: readonly string[]): Promise<readonly PartitionLag[]>;
  seek(group: string, topic: StoredTopic, to: 'earliest' | 'latest'): Promise<void>;
}

export interface GroupStoreOptions {
  readonly connections: Connections;
  readonly schema: string;
  readonly channel: string;
  readonly applicationName: string;
  /** Begins the stored name of every topic of this bus. */
  readonly topicPrefix: string;
  readonly leaseMs: number;
  /** How long the lock of a member may be found free before the member counts as gone. */
  readonly missedMs: number;
}

/** Nobody; stands where a statement wants a member to leave out. */
const nobody = '00000000-0000-0000-0000-000000000000';

export function createGroupStore(options: GroupStoreOptions): GroupStore {
  const { connections, schema, channel, applicationName, topicPrefix, leaseMs, missedMs } = options;

  async function underGroupLock<T>(group: string, work: (queries: Queries) => Promise<T>): Promise<T> {
    return connections.transaction(async (queries) => {
      await queries.run({
        name: 'lock-group',
        text: 'SELECT pg_advisory_xact_lock(hashtextextended($1, 0))',
        values: [`kempt-event-bus-group:${schema}:${group}`],
      });
      return work(queries);
    });
  }

  async function removeGoneMembers(queries: Queries, { group, memberId }: MemberIdentity): Promise<boolean> {
    await queries.run({
      name: 'mark-missed-members',
      text: `UPDATE consumer_member SET missed_at = clock_timestamp()
             WHERE group_name = $1 AND member_id <> $2 AND missed_at IS NULL
               AND pg_try_advisory_xact_lock(session_key)`,
      values: [group, memberId],
    });
    await queries.run({
      name: 'remove-gone-members',
      text: `DELETE FROM consumer_member
             WHERE group_name = $1 AND member_id <> $2
               AND (expires_at < clock_timestamp()
                 OR missed_at < clock_timestamp() - $3 * interval '1 millisecond'
                   AND pg_try_advisory_xact_lock(session_key))`,
      values: [group, memberId, missedMs],
    });
    const rows = await queries.run({
      name: 'count-missed-members',
      text: 'SELECT 1 FROM consumer_member WHERE group_name = $1 AND member_id <> $2 AND missed_at IS NOT NULL LIMIT 1',
      values: [group, memberId],
    });
    return rows.length > 0;
  }

  /** Who is gone loses its partitions at once; who is there keeps them until it hands them over. */
  async function shareOut(queries: Queries, group: string): Promise<void> {
    const memberRows = await queries.run({
      name: 'list-members',
      text: 'SELECT member_id, topic_ids FROM consumer_member WHERE group_name = $1',
      values: [group],
    });
    const members: AssignableMember[] = (memberRows as [string, number[]][]).map(([memberId, topicIds]) => ({
      memberId,
      topicIds: new Set(topicIds),
    }));
    const present = new Set(members.map(({ memberId }) => memberId));
    const rows = (await queries.run({
      name: 'lock-group-partitions',
      text: `SELECT topic_id, partition, owner, heir FROM group_partition WHERE group_name = $1
             ORDER BY topic_id, partition FOR UPDATE`,
      values: [group],
    })) as [number, number, string | null, string | null][];
    const targets = assignPartitions(
      rows.map(([topicId, partition, owner, heir]) => ({ topicId, partition, holder: heir ?? owner })),
      members,
    );
    const changes = rows.flatMap(([topicId, partition, owner, heir], index) => {
      const target = targets[index] ?? null;
      const stays = owner !== null && present.has(owner);
      const next = stays ? { owner, heir: target === owner ? null : target } : { owner: target, heir: null };
      return next.owner === owner && next.heir === heir ? [] : [{ topicId, partition, ...next }];
    });
    if (changes.length === 0) return;
    await queries.run({
      name: 'assign-partitions',
      text: `UPDATE group_partition g
             SET owner = c.owner, heir = c.heir, epoch = epoch + (g.owner IS DISTINCT FROM c.owner)::int
             FROM unnest($2::int[], $3::int[], $4::uuid[], $5::uuid[]) AS c (topic_id, partition, owner, heir)
             WHERE g.group_name = $1 AND g.topic_id = c.topic_id AND g.partition = c.partition`,
      values: [
        group,
        changes.map(({ topicId }) => topicId),
        changes.map(({ partition }) => partition),
        changes.map(({ owner }) => owner),
        changes.map(({ heir }) => heir),
      ],
    });
    await notify(queries, group);
  }

  async function notify(queries: Queries, group: string): Promise<void> {
    await queries.run({ name: 'notify', text: 'SELECT pg_notify($1, $2)', values: [channel, `group ${group}`] });
  }

  return {
    join: ({ group, memberId, topics, from, sessionKey }) =>
      underGroupLock(group, async (queries) => {
        await removeGoneMembers(queries, { group, memberId });
        const topicIds = topics.map(({ topicId }) => topicId);
        await queries.run({
          name: 'add-member',
          text: `INSERT INTO consumer_member (member_id, group_name, topic_ids, session_key, application_name, expires_at)
                 VALUES ($1, $2, $3, $4, $5, clock_timestamp() + $6 * interval '1 millisecond')`,
          values: [memberId, group, topicIds, String(sessionKey), applicationName, leaseMs],
        });
        await queries.run({
          name: 'add-group-partitions',
          text: `INSERT INTO group_partition (group_name, topic_id, partition, committed)
                 SELECT $1, h.topic_id, h.partition, CASE WHEN $3 THEN h.next_offset ELSE t.start_offset END
                 FROM partition_head h JOIN partition_tail t USING (topic_id, partition)
                 WHERE h.topic_id = ANY ($2::int[])
                 ON CONFLICT DO NOTHING`,
          values: [group, topicIds, from === 'latest'],
        });
        await shareOut(queries, group);
      }),

    async renew({ group, memberId, sessionKey }) {
      const [row] = await connections.run({
        name: 'renew-lease',
        text: `WITH renewed AS (
                 UPDATE consumer_member
                 SET expires_at = clock_timestamp() + $4 * interval '1 millisecond', session_key = $3, missed_at = NULL
                 WHERE member_id = $2 RETURNING member_id
               )
               SELECT EXISTS (SELECT FROM renewed), EXISTS (
                 SELECT FROM consumer_member WHERE group_name = $1 AND member_id <> $2
                   AND (expires_at < clock_timestamp() OR pg_try_advisory_xact_lock(session_key)))`,
        values: [group, memberId, String(sessionKey), leaseMs],
      });
      const [renewed, othersGone] = row as [boolean, boolean];
      if (!renewed) return 'expired';
      return othersGone ? 'others are gone' : 'in order';
    },

    rebalance: (member) =>
      underGroupLock(member.group, async (queries) => {
        const missed = await removeGoneMembers(queries, member);
        await shareOut(queries, member.group);
        return missed;
      }),

    async ownedBy({ group, memberId }) {
      const rows = await connections.run({
        name: 'list-owned-partitions',
        text: `SELECT g.topic_id, g.partition, g.epoch, greatest(g.committed, t.start_offset), g.heir IS NOT NULL
               FROM group_partition g JOIN partition_tail t USING (topic_id, partition)
               WHERE g.group_name = $1 AND g.owner = $2`,
        values: [group, memberId],
      });
      return (rows as [number, number, string, string, boolean][]).map(
        ([topicId, partition, epoch, committed, wanted]) => ({
          topicId,
          partition,
          epoch: BigInt(epoch),
          committed: BigInt(committed),
          wanted,
        }),
      );
    },

    async commit({ group, memberId }, progress) {
      // Not flushed to disk: a crash of the server may bring the last moments again, which is what at-least-once allows,
      // and a flush for each chunk of each group would cost more than all the rest.
      const rows = (await connections.run({
        name: 'commit-offsets',
        text: `WITH relaxed AS MATERIALIZED (
                 SELECT set_config('synchronous_commit', 'off', true)
               ), locked AS MATERIALIZED (
                 SELECT g.topic_id, g.partition, c.committed
                 FROM relaxed, group_partition g
                 JOIN unnest($3::int[], $4::int[], $5::bigint[], $6::bigint[])
                   AS c (topic_id, partition, epoch, committed) USING (topic_id, partition)
                 WHERE g.group_name = $1 AND g.owner = $2 AND g.epoch = c.epoch
                 ORDER BY g.topic_id, g.partition FOR UPDATE OF g
               )
               UPDATE group_partition g SET committed = greatest(g.committed, l.committed)
               FROM locked l WHERE g.group_name = $1 AND g.topic_id = l.topic_id AND g.partition = l.partition
               RETURNING g.topic_id, g.partition`,
        values: [group, memberId, ...columnsOf(progress)],
      })) as [number, number][];
      const accepted = new Set(rows.map(([topicId, partition]) => `${topicId}/${partition}`));
      return progress.filter(({ topicId, partition }) => !accepted.has(`${topicId}/${partition}`));
    },

    async handOver({ group, memberId }, progress) {
      await connections.transaction(async (queries) => {
        await queries.run({
          name: 'hand-over-partitions',
          text: `WITH locked AS MATERIALIZED (
                   SELECT g.topic_id, g.partition, c.committed
                   FROM group_partition g
                   JOIN unnest($3::int[], $4::int[], $5::bigint[], $6::bigint[])
                     AS c (topic_id, partition, epoch, committed) USING (topic_id, partition)
                   WHERE g.group_name = $1 AND g.owner = $2 AND g.epoch = c.epoch
                   ORDER BY g.topic_id, g.partition FOR UPDATE OF g
                 )
                 UPDATE group_partition g
                 SET committed = greatest(g.committed, l.committed), owner = coalesce(g.heir, g.owner), heir = NULL,
                     epoch = g.epoch + (g.heir IS NOT NULL)::int
                 FROM locked l WHERE g.group_name = $1 AND g.topic_id = l.topic_id AND g.partition = l.partition`,
          values: [group, memberId, ...columnsOf(progress)],
        });
        await notify(queries, group);
      });
    },

    leave: ({ group, memberId }) =>
      underGroupLock(group, async (queries) => {
        await queries.run({
          name: 'remove-member',
          text: 'DELETE FROM consumer_member WHERE member_id = $1',
          values: [memberId],
        });
        await removeGoneMembers(queries, { group, memberId });
        await shareOut(queries, group);
      }),

    async lag(group, topics) {
      const rows = await connections.run({
        name: 'read-lag',
        text: `SELECT topic.name, g.partition, greatest(g.committed, t.start_offset), h.next_offset
               FROM group_partition g
               JOIN topic USING (topic_id)
               JOIN partition_head h USING (topic_id, partition)
               JOIN partition_tail t USING (topic_id, partition)
               WHERE g.group_name = $1 AND starts_with(topic.name, $2)
                 AND ($3::text[] IS NULL OR topic.name = ANY ($3)) ORDER BY topic.name, g.partition`,
        values: [group, topicPrefix, topics?.map((topic) => `${topicPrefix}${topic}`) ?? null],
      });
      return (rows as [string, number, string, string][]).map(([storedName, partition, committedText, endText]) => {
        const topic = storedName.slice(topicPrefix.length);
        const committed = BigInt(committedText);
        const end = BigInt(endText);
        return { topic, partition, committed, end, records: end > committed ? end - committed : 0n };
      });
    },

    seek: (group, topic, to) =>
      underGroupLock(group, async (queries) => {
        await removeGoneMembers(queries, { group, memberId: nobody });
        const running = await queries.run({
          name: 'find-reader',
          text: 'SELECT 1 FROM consumer_member WHERE group_name = $1 AND $2 = ANY (topic_ids) LIMIT 1',
          values: [group, topic.topicId],
        });
        if (running.length > 0) {
          throw new EventBusError(
            'group-running',
            `Group "${group}" has a running consumer of topic "${topic.name}"; stop it, then seek again.`,
          );
        }
        await queries.run({
          name: 'seek-group',
          text: `INSERT INTO group_partition AS g (group_name, topic_id, partition, committed)
                 SELECT $1, h.topic_id, h.partition, CASE WHEN $3 THEN h.next_offset ELSE t.start_offset END
                 FROM partition_head h JOIN partition_tail t USING (topic_id, partition)
                 WHERE h.topic_id = $2
                 ON CONFLICT (group_name, topic_id, partition)
                 DO UPDATE SET committed = excluded.committed, owner = NULL, heir = NULL, epoch = g.epoch + 1`,
          values: [group, topic.topicId, to === 'latest'],
        });
      }),
  };
}

function columnsOf(progress: readonly Progress[]): unknown[] {
  return [
    progress.map(({ topicId }) => topicId),
    progress.map(({ partition }) => partition),
    progress.map(({ epoch }) => String(epoch)),
    progress.map(({ committed }) => String(committed)),
  ];
}
