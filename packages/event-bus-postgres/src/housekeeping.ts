import type { Connections, Queries } from './connections.ts';
import { eventTable } from './topic-store.ts';

/** What one pass removed. */
export interface HousekeepingReport {
  /** Events older than the retention of their topic. */
  readonly expired: number;
  /** Events of compacted topics for whose key there is a newer one. */
  readonly superseded: number;
  /** Tombstones that have done their work. */
  readonly tombstones: number;
}

export interface Housekeeping {
  /**
   * Retention and compaction of the topics that are due. One process at a time works on a topic; each step is a short
   * transaction over a bounded number of events.
   */
  pass(options?: { readonly evenIfNotDue?: boolean }): Promise<HousekeepingReport>;
  start(): void;
  stop(): Promise<void>;
}

export interface HousekeepingOptions {
  readonly connections: Connections;
  readonly schema: string;
  readonly intervalMs: number;
  /** Compaction leaves events alone that are younger. */
  readonly compactionLagMs: number;
  /** Consumers that are behind by less than this see every tombstone. */
  readonly tombstoneRetentionMs: number;
  readonly random: () => number;
  readonly onError: (error: unknown) => void;
}

interface DueTopic {
  readonly topicId: number;
  readonly cleanup: 'compact' | 'delete';
  readonly retentionMs: number;
  /** The server's clock, by which events were stamped. */
  readonly nowMs: number;
}

/** Events that one step looks at, and steps that a pass makes in one partition before it leaves the rest to the next. */
const stepRecords = 5_000;
const maxSteps = 40;

export function createHousekeeping(options: HousekeepingOptions): Housekeeping {
  const { connections, schema, intervalMs, compactionLagMs, tombstoneRetentionMs, random, onError } = options;
  const stopped = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<unknown> | undefined;

  async function dueTopics(evenIfNotDue: boolean): Promise<DueTopic[]> {
    const rows = await connections.run({
      name: 'list-due-topics',
      text: `SELECT topic_id, cleanup, retention_ms, (extract(epoch FROM clock_timestamp()) * 1000)::bigint FROM topic
             WHERE $1 OR cleaned_at < now() - $2 * interval '1 millisecond' ORDER BY cleaned_at`,
      values: [evenIfNotDue, intervalMs],
    });
    return (rows as [number, 'compact' | 'delete', string, string][]).map(([topicId, cleanup, retentionMs, nowMs]) => ({
      topicId,
      cleanup,
      retentionMs: Number(retentionMs),
      nowMs: Number(nowMs),
    }));
  }

  /** One step under the topic's lock; `undefined` when another process is at it. */
  async function step<T>(topicId: number, work: (queries: Queries) => Promise<T>): Promise<T | undefined> {
    return connections.transaction(async (queries) => {
      // Removing the same events twice is harmless, so nobody has to wait for the disk.
      const [row] = await queries.run({
        name: 'begin-housekeeping',
        text: `SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0)), set_config('synchronous_commit', 'off', true)`,
        values: [`kempt-event-bus-housekeeping:${schema}:${topicId}`],
      });
      return row?.[0] === true ? work(queries) : undefined;
    });
  }

  /** Repeats a step until it finds less than a full measure; resolves to the sum. */
  async function repeat(topicId: number, work: (queries: Queries) => Promise<StepResult>): Promise<number> {
    let removed = 0;
    for (let steps = 0; steps < maxSteps && !stopped.signal.aborted; steps += 1) {
      const result = await step(topicId, work);
      removed += result?.removed ?? 0;
      if (!result?.more) break;
    }
    return removed;
  }

  async function cleanTopic({ topicId, cleanup, retentionMs, nowMs }: DueTopic): Promise<HousekeepingReport> {
    if (cleanup === 'delete') {
      const expired = await repeat(topicId, (queries) => dropExpired(queries, topicId, nowMs - retentionMs));
      return { expired, superseded: 0, tombstones: 0 };
    }
    const superseded = await repeat(topicId, (queries) => dropSuperseded(queries, topicId, nowMs - compactionLagMs));
    const tombstones = await repeat(topicId, (queries) =>
      dropTombstones(queries, topicId, nowMs - tombstoneRetentionMs),
    );
    return { expired: 0, superseded, tombstones };
  }

  async function pass({ evenIfNotDue = false } = {}): Promise<HousekeepingReport> {
    const report = { expired: 0, superseded: 0, tombstones: 0 };
    for (const topic of await dueTopics(evenIfNotDue)) {
      if (stopped.signal.aborted) break;
      const { expired, superseded, tombstones } = await cleanTopic(topic);
      report.expired += expired;
      report.superseded += superseded;
      report.tombstones += tombstones;
      await connections.run({
        name: 'note-cleaned-topic',
        text: 'UPDATE topic SET cleaned_at = now() WHERE topic_id = $1',
        values: [topic.topicId],
      });
    }
    return report;
  }

  function schedule(): void {
    // Spread out, so that the processes of a deployment do not all ask at the same moment.
    timer = setTimeout(
      () => {
        running = pass()
          .catch(onError)
          .finally(() => {
            if (!stopped.signal.aborted) schedule();
          });
      },
      intervalMs * (0.75 + random() / 2),
    );
  }

  return {
    pass,
    start: schedule,
    async stop() {
      stopped.abort();
      clearTimeout(timer);
      await running;
    },
  };
}

interface StepResult {
  readonly removed: number;
  readonly more: boolean;
}

async function dropExpired(queries: Queries, topicId: number, untilMs: number): Promise<StepResult> {
  const table = eventTable(topicId);
  const [row] = await queries.run({
    name: `drop-expired-${topicId}`,
    text: `
      WITH due AS (
        SELECT t.partition FROM partition_tail t CROSS JOIN LATERAL (
          SELECT appended_ms FROM ${table} WHERE partition = t.partition ORDER BY "offset" LIMIT 1
        ) first
        WHERE t.topic_id = $1 AND first.appended_ms <= $2
      ), oldest AS (
        SELECT due.partition, e."offset", e.appended_ms
        FROM due CROSS JOIN LATERAL (
          SELECT "offset", appended_ms FROM ${table} WHERE partition = due.partition ORDER BY "offset" LIMIT $3
        ) e
      ), removed AS (
        DELETE FROM ${table} e USING oldest o
        WHERE e.partition = o.partition AND e."offset" = o."offset" AND o.appended_ms <= $2
        RETURNING e.partition, e."offset"
      ), per_partition AS (
        SELECT partition, max("offset") AS "offset", count(*) AS removed FROM removed GROUP BY partition
      ), moved AS (
        UPDATE partition_tail t SET start_offset = p."offset" + 1
        FROM per_partition p WHERE t.topic_id = $1 AND t.partition = p.partition
      )
      SELECT coalesce(sum(removed), 0)::int, coalesce(max(removed) >= $3, false) FROM per_partition`,
    values: [topicId, untilMs, stepRecords],
  });
  const [removed, more] = row as [number, boolean];
  return { removed, more };
}

/** Goes on in each partition where it stopped: for each key met there, everything older than its newest event goes. */
async function dropSuperseded(queries: Queries, topicId: number, untilMs: number): Promise<StepResult> {
  const table = eventTable(topicId);
  const [row] = await queries.run({
    name: `drop-superseded-${topicId}`,
    text: `
      WITH due AS (
        SELECT t.partition, t.compacted_to FROM partition_tail t CROSS JOIN LATERAL (
          SELECT appended_ms FROM ${table}
          WHERE partition = t.partition AND "offset" >= t.compacted_to ORDER BY "offset" LIMIT 1
        ) first
        WHERE t.topic_id = $1 AND first.appended_ms <= $2
      ), candidate AS (
        SELECT due.partition, e."offset", e.appended_ms, e.key
        FROM due CROSS JOIN LATERAL (
          SELECT "offset", appended_ms, key FROM ${table}
          WHERE partition = due.partition AND "offset" >= due.compacted_to ORDER BY "offset" LIMIT $3
        ) e
      ), fresh AS (
        SELECT * FROM candidate WHERE appended_ms <= $2
      ), newest AS (
        SELECT partition, key, max("offset") AS "offset" FROM fresh GROUP BY partition, key
      ), removed AS (
        DELETE FROM ${table} e USING newest n
        WHERE e.key = n.key AND e.partition = n.partition AND e."offset" < n."offset" RETURNING 1
      ), per_partition AS (
        SELECT partition, max("offset") AS "offset", count(*) AS seen FROM fresh GROUP BY partition
      ), moved AS (
        UPDATE partition_tail t SET compacted_to = p."offset" + 1
        FROM per_partition p WHERE t.topic_id = $1 AND t.partition = p.partition
      )
      SELECT (SELECT count(*) FROM removed)::int, coalesce((SELECT max(seen) FROM per_partition) >= $3, false)`,
    values: [topicId, untilMs, stepRecords],
  });
  const [removed, more] = row as [number, boolean];
  return { removed, more };
}

/** A tombstone goes when compaction has passed it, since until then it keeps an older event of its key from showing. */
async function dropTombstones(queries: Queries, topicId: number, untilMs: number): Promise<StepResult> {
  const table = eventTable(topicId);
  const [row] = await queries.run({
    name: `drop-tombstones-${topicId}`,
    text: `
      WITH old AS (
        SELECT e.partition, e."offset"
        FROM partition_tail t JOIN ${table} e USING (partition)
        WHERE t.topic_id = $1 AND e.value IS NULL AND e."offset" < t.compacted_to
          AND e.appended_ms <= $2
        LIMIT $3
      ), removed AS (
        DELETE FROM ${table} e USING old o WHERE e.partition = o.partition AND e."offset" = o."offset" RETURNING 1
      )
      SELECT count(*)::int, count(*) >= $3 FROM removed`,
    values: [topicId, untilMs, stepRecords],
  });
  const [removed, more] = row as [number, boolean];
  return { removed, more };
}
