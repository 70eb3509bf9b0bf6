import type { EventRecord, PositionedRecord } from '@kempt/contracts';
import type { Queries, Statement } from './connections.ts';
import { eventTable, type StoredTopic } from './topic-store.ts';

/** An event with the partition that its key leads to. */
export interface PlacedRecord {
  readonly record: EventRecord;
  readonly partition: number;
}

/** Events for one topic, in the order in which they are to be appended. */
export interface TopicBatch {
  readonly topic: StoredTopic;
  readonly records: readonly PlacedRecord[];
}

export interface ReadRequest {
  readonly topic: StoredTopic;
  /** Partition and the offset to begin at. */
  readonly positions: readonly { readonly partition: number; readonly position: bigint }[];
  /** Per partition. */
  readonly maxRecords: number;
  /** Per partition; the event that reaches it is the last one. */
  readonly maxBytes: number;
}

/**
 * Appends to one topic in one statement. It first locks the heads of the partitions, in ascending order so that no two
 * writers wait for each other; then moves them, places the events, and tells the listeners. Notifications go out with
 * the commit.
 */
export function appendStatement({ topic, records }: TopicBatch, channel: string): Statement {
  const counts = new Map<number, number>();
  const partitions: number[] = [];
  const ordinals: number[] = [];
  const lengths: number[] = [];
  const starts: number[] = [];
  const values: Uint8Array[] = [];
  let start = 1;
  for (const { record, partition } of records) {
    const ordinal = counts.get(partition) ?? 0;
    counts.set(partition, ordinal + 1);
    partitions.push(partition);
    ordinals.push(ordinal);
    starts.push(start);
    lengths.push(record.value === null ? -1 : record.value.length);
    if (record.value === null) continue;
    values.push(record.value);
    start += record.value.length;
  }
  const touched = [...counts.keys()];
  return {
    name: `append-${topic.topicId}`,
    // All values travel as one binary parameter: an array of them would be sent as text of twice the size.
    text: `
      WITH wanted AS (
        SELECT * FROM unnest($2::int[], $3::int[]) AS w (partition, records)
      ), locked AS MATERIALIZED (
        SELECT h.partition, w.records
        FROM partition_head h JOIN wanted w USING (partition)
        WHERE h.topic_id = $1 ORDER BY h.partition FOR UPDATE OF h
      ), moved AS (
        UPDATE partition_head h SET next_offset = h.next_offset + l.records
        FROM locked l WHERE h.topic_id = $1 AND h.partition = l.partition
        RETURNING h.partition, h.next_offset - l.records AS first_offset
      ), appended AS (
        INSERT INTO ${eventTable(topic.topicId)} (partition, "offset", appended_ms, key, headers, value)
        SELECT r.partition, m.first_offset + r.ordinal, (extract(epoch FROM clock_timestamp()) * 1000)::bigint, r.key,
               r.headers::json, CASE WHEN r.length >= 0 THEN substring($10::bytea FROM r.start FOR r.length) END
        FROM unnest($4::int[], $5::int[], $6::text[], $7::text[], $8::int[], $9::int[])
          AS r (partition, ordinal, key, headers, start, length)
        JOIN moved m USING (partition)
      )
      SELECT pg_notify($11, $12)`,
    values: [
      topic.topicId,
      literalOf(touched),
      literalOf(touched.map((partition) => counts.get(partition) ?? 0)),
      literalOf(partitions),
      literalOf(ordinals),
      records.map(({ record }) => record.key),
      records.map(({ record }) => JSON.stringify(record.headers)),
      literalOf(starts),
      literalOf(lengths),
      Buffer.concat(values),
      channel,
      `events ${topic.topicId} ${touched.join(',')}`,
    ],
  };
}

/** Reads the next events of several partitions of one topic, ordered by partition and offset. */
export async function readEvents(queries: Queries, request: ReadRequest): Promise<Map<number, PositionedRecord[]>> {
  const { topic, positions, maxRecords, maxBytes } = request;
  const rows = await queries.run({
    name: `read-${topic.topicId}`,
    text: `
      SELECT w.partition, e."offset", e.appended_ms, e.key, e.headers::text, e.value
      FROM unnest($1::int[], $2::bigint[]) AS w (partition, position)
      CROSS JOIN LATERAL (
        SELECT *, sum(bytes) OVER (ORDER BY "offset") - bytes AS bytes_before
        FROM (
          SELECT *, coalesce(octet_length(value), 0) AS bytes FROM ${eventTable(topic.topicId)}
          WHERE partition = w.partition AND "offset" >= w.position ORDER BY "offset" LIMIT $3
        ) candidate
      ) e
      WHERE e.bytes_before < $4
      ORDER BY w.partition, e."offset"`,
    values: [
      literalOf(positions.map(({ partition }) => partition)),
      literalOf(positions.map(({ position }) => position)),
      maxRecords,
      maxBytes,
    ],
  });
  const byPartition = new Map<number, PositionedRecord[]>();
  for (const row of rows) {
    const [partition, offset, appendedMs, key, headers, value] = row as [
      number,
      string,
      string,
      string,
      string,
      Buffer | null,
    ];
    const record: PositionedRecord = {
      topic: topic.name,
      partition,
      offset: BigInt(offset),
      timestampMs: Number(appendedMs),
      key,
      headers: JSON.parse(headers) as Record<string, string>,
      value,
    };
    const records = byPartition.get(partition);
    if (records) records.push(record);
    else byPartition.set(partition, [record]);
  }
  return byPartition;
}

/** An array of numbers as Postgres reads it; several times cheaper than leaving it to the driver. */
function literalOf(numbers: readonly (number | bigint)[]): string {
  return `{${numbers.join(',')}}`;
}
