import type { Database, Transaction } from '@kempt/postgres';

/** What a transaction of a consumer must know before it touches an event. */
export interface StreamState {
  readonly streamId: number;
  /** All events of the tenant wait. */
  readonly tenantPaused: boolean;
  /** Some key of the topic is parked for this tenant. */
  readonly anyKeyParked: boolean;
}

export interface Stream {
  readonly tenantId: string;
  readonly consumer: string;
  readonly topic: string;
}

/** Read in each transaction and never remembered, since a rebuild changes the stream under a running process. */
export async function readStreamState(tx: Transaction, { tenantId, consumer, topic }: Stream): Promise<StreamState> {
  const [row] = await tx.query<{ stream_id: number | null; paused: boolean; parked: boolean }>(
    `select (select id from inbox_stream where consumer = $2 and topic = $3 order by generation desc limit 1) as stream_id,
            exists (select from paused_tenant where tenant_id = $1 and consumer = $2) as paused,
            exists (select from parked_key where tenant_id = $1 and consumer = $2 and topic = $3) as parked`,
    [tenantId, consumer, topic],
  );
  if (row === undefined || row.stream_id === null) {
    throw new Error(`Consumer ${consumer} has no inbox for topic ${topic}; it was not started on this schema`);
  }
  return { streamId: row.stream_id, tenantPaused: row.paused, anyKeyParked: row.parked };
}

/** Notes the events and gives back the ids of those that were not known. Waits for whoever notes the same ones now. */
export async function insertIntoInbox(
  tx: Transaction,
  stream: { readonly tenantId: string; readonly streamId: number },
  eventIds: readonly string[],
): Promise<Set<string>> {
  if (eventIds.length === 0) return new Set();
  const rows = await tx.query<{ event_id: string }>(
    `insert into inbox (tenant_id, stream_id, event_id)
     select $1, $2, event_id from unnest($3::uuid[]) with ordinality as event (event_id, place) order by place
     on conflict do nothing
     returning event_id`,
    [stream.tenantId, stream.streamId, eventIds],
  );
  return new Set(rows.map((row) => row.event_id));
}

export async function deleteFromInbox(
  tx: Transaction,
  { tenantId, consumer, topic }: Stream,
  eventIds: readonly string[],
): Promise<void> {
  await tx.execute(
    `delete from inbox
      where tenant_id = $1 and event_id = any ($4::uuid[])
        and stream_id = (select id from inbox_stream where consumer = $2 and topic = $3 order by generation desc limit 1)`,
    [tenantId, consumer, topic, eventIds],
  );
}

/** Makes the first generation of each topic that the consumer never read before. */
export async function ensureStreams(tx: Transaction, consumer: string, topics: readonly string[]): Promise<void> {
  await tx.execute(
    `insert into inbox_stream (consumer, topic, generation)
     select $1, topic, coalesce((select max(generation) from inbox_stream where consumer = $1), 1)
       from unnest($2::text[]) as wanted (topic)
      where not exists (select from inbox_stream s where s.consumer = $1 and s.topic = wanted.topic)
     on conflict do nothing`,
    [consumer, topics],
  );
}

/** Keeps a rebuild from beginning until the transaction ends. */
export async function lockStreamsShared(tx: Transaction, consumer: string): Promise<void> {
  await tx.query('select id from inbox_stream where consumer = $1 for share', [consumer]);
}

/** Keeps consumers from starting until the transaction ends. Gives back the topics that the consumer reads. */
export async function lockStreams(tx: Transaction, consumer: string): Promise<string[]> {
  const rows = await tx.query<{ topic: string }>('select topic from inbox_stream where consumer = $1 for update', [
    consumer,
  ]);
  return [...new Set(rows.map((row) => row.topic))].sort();
}

/** From the next transaction on, the consumer's inbox is empty. Gives back the number of the new generation. */
export async function beginGeneration(tx: Transaction, consumer: string): Promise<number> {
  const [row] = await tx.query<{ generation: number }>(
    `with begun as (
       insert into inbox_stream (consumer, topic, generation)
       select consumer, topic, (select max(generation) + 1 from inbox_stream where consumer = $1)
         from inbox_stream where consumer = $1 group by consumer, topic
       returning generation)
     select max(generation) as generation from begun`,
    [consumer],
  );
  return row?.generation ?? 1;
}

/**
 * Removes what an inbox no longer needs, in small transactions: events older than the retention, and everything of
 * earlier generations. Gives back the number of rows removed.
 */
export async function purgeInbox(
  database: Database,
  options: { readonly consumer: string; readonly retentionDays: number; readonly signal: AbortSignal },
): Promise<number> {
  const rowsPerTransaction = 5_000;
  let removed = 0;
  while (!options.signal.aborted) {
    const count = await database.systemTransaction((tx) =>
      tx.execute(
        `delete from inbox where ctid = any (array(
           select i.ctid from inbox i join inbox_stream s on s.id = i.stream_id
            where s.consumer = $1
              and (i.received_on < (now() at time zone 'utc')::date - $2::integer
                   or s.generation < (select max(generation) from inbox_stream where consumer = $1))
            limit $3))`,
        [options.consumer, options.retentionDays, rowsPerTransaction],
      ),
    );
    removed += count;
    if (count < rowsPerTransaction) break;
  }
  return removed;
}
