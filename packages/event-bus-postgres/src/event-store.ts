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

/** Keeps the rows of a read small enough for the server to build them without asking the system for memory. */
const eventsPerRow = 50;

/**
 * Appends to one topic in one statement. It first locks the heads of the partitions, in ascending order so that no two
 * writers wait for each other; then moves them, places the events, and tells the listeners. Notifications go out with
 * the commit.
 */
export function appendStatement({ topic, records }: TopicBatch, channel: string): Statement {
  const counts = new Map<number, number>();
  const partitions: number[] = [];
  const ordinals: number[] = [];
  const pieces: Uint8Array[] = [];
  const starts: number[] = [];
  const lengths: { readonly key: number[]; readonly headers: number[]; readonly value: number[] } = {
    key: [],
    headers: [],
    value: [],
  };
  let start = 1;
  for (const { record, partition } of records) {
    const ordinal = counts.get(partition) ?? 0;
    counts.set(partition, ordinal + 1);
    partitions.push(partition);
    ordinals.push(ordinal);
    const key = Buffer.from(record.key);
    const headers = Buffer.from(JSON.stringify(record.headers));
    starts.push(start);
    lengths.key.push(key.length);
    lengths.headers.push(headers.length);
    lengths.value.push(record.value === null ? -1 : record.value.length);
    pieces.push(key, headers);
    if (record.value !== null) pieces.push(record.value);
    start += key.length + headers.length + (record.value?.length ?? 0);
  }
  const touched = [...counts.keys()];
  return {
    name: `append-${topic.topicId}`,
    // All content travels as one binary parameter: arrays of text and bytes would be escaped here, doubled in size on
    // the way, and taken apart again there.
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
        SELECT r.partition, m.first_offset + r.ordinal, (extract(epoch FROM clock_timestamp()) * 1000)::bigint,
               convert_from(substring($9::bytea FROM r.start FOR r.key_length), 'UTF8'),
               convert_from(substring($9 FROM r.start + r.key_length FOR r.headers_length), 'UTF8')::json,
               CASE WHEN r.value_length >= 0
                 THEN substring($9 FROM r.start + r.key_length + r.headers_length FOR r.value_length) END
        FROM unnest($4::int[], $5::int[], $6::int[], $7::int[], $8::int[], $10::int[])
          AS r (partition, ordinal, start, key_length, headers_length, value_length)
        JOIN moved m USING (partition)
      )
      SELECT pg_notify($11, $12)`,
    values: [
      topic.topicId,
      literalOf(touched),
      literalOf(touched.map((partition) => counts.get(partition) ?? 0)),
      literalOf(partitions),
      literalOf(ordinals),
      literalOf(starts),
      literalOf(lengths.key),
      literalOf(lengths.headers),
      Buffer.concat(pieces),
      literalOf(lengths.value),
      channel,
      `events ${topic.topicId} ${touched.join(',')}`,
    ],
  };
}

/** Reads the next events of several partitions of one topic, by partition and in the order of their offsets. */
export async function readEvents(queries: Queries, request: ReadRequest): Promise<Map<number, PositionedRecord[]>> {
  const { topic, positions, maxRecords, maxBytes } = request;
  const rows = await queries.run({
    name: `read-${topic.topicId}`,
    // A row holds many events: one row for each event costs more here, a single one for all of them costs more memory.
    text: `
      SELECT w.partition, e.*
      FROM unnest($1::int[], $2::bigint[]) AS w (partition, position)
      CROSS JOIN LATERAL (
        SELECT array_agg("offset")::text, array_agg(appended_ms)::text, json_agg(key)::text, json_agg(headers)::text,
               array_agg(coalesce(octet_length(value), -1))::text, string_agg(value, '')
        FROM (
          SELECT *, (row_number() OVER (ORDER BY "offset") - 1) / ${eventsPerRow} AS part,
                 sum(bytes) OVER (ORDER BY "offset") - bytes AS bytes_before
          FROM (
            SELECT *, coalesce(octet_length(value), 0) AS bytes FROM ${eventTable(topic.topicId)}
            WHERE partition = w.partition AND "offset" >= w.position ORDER BY "offset" LIMIT $3
          ) candidate
          ORDER BY "offset"
        ) event
        WHERE bytes_before < $4
        GROUP BY part ORDER BY part
      ) e`,
    values: [
      literalOf(positions.map(({ partition }) => partition)),
      literalOf(positions.map(({ position }) => position)),
      maxRecords,
      maxBytes,
    ],
  });
  const byPartition = new Map<number, PositionedRecord[]>();
  for (const row of rows as ReadRow[]) {
    const records = recordsOf(topic.name, row);
    const before = byPartition.get(row[0]);
    if (before) before.push(...records);
    else byPartition.set(row[0], records);
  }
  for (const records of byPartition.values()) records.sort((a, b) => (a.offset < b.offset ? -1 : 1));
  return byPartition;
}

type ReadRow = [
  partition: number,
  offsets: string,
  timestampsMs: string,
  keys: string,
  headers: string,
  lengths: string,
  values: Buffer | null,
];

function recordsOf(topic: string, row: ReadRow): PositionedRecord[] {
  const [partition, offsetList, timeList, keyList, headerList, lengthList, values] = row;
  const offsets = elementsOf(offsetList);
  const timestampsMs = elementsOf(timeList);
  const lengths = elementsOf(lengthList);
  const keys = JSON.parse(keyList) as string[];
  const headers = JSON.parse(headerList) as Record<string, string>[];
  let start = 0;
  return offsets.map((offset, index) => {
    const length = Number(lengths[index]);
    const value = length < 0 ? null : (values?.subarray(start, start + length) ?? new Uint8Array(0));
    start += Math.max(length, 0);
    return {
      topic,
      partition,
      offset: BigInt(offset),
      timestampMs: Number(timestampsMs[index]),
      key: keys[index] ?? '',
      headers: headers[index] ?? {},
      value,
    };
  });
}

/** An array of numbers as Postgres reads it; several times cheaper than leaving it to the driver. */
function literalOf(numbers: readonly (number | bigint)[]): string {
  return `{${numbers.join(',')}}`;
}

function elementsOf(literal: string): string[] {
  return literal.slice(1, -1).split(',');
}
