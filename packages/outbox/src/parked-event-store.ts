import type { PositionedRecord } from '@kempt/contracts';
import type { Transaction } from '@kempt/postgres';
import type { Stream } from './inbox-store.ts';
import { digestKey } from './key-hash.ts';
import { toBuffer } from './outbox-append.ts';

/** An event with what its envelope says. */
export interface IncomingEvent {
  readonly tenantId: string;
  readonly eventId: string;
  readonly record: PositionedRecord;
}

/** An event that waits, or a key of it, named by hexadecimal digest. */
export interface ParkedEvent extends IncomingEvent {
  readonly position: string;
  readonly keyDigest: string;
  readonly firstSeenAt: Date;
}

/** Which of the keys are parked. Waits while somebody retries one of them, so the answer holds for this transaction. */
export async function parkedKeysAmong(
  tx: Transaction,
  { tenantId, consumer, topic }: Stream,
  keys: readonly string[],
): Promise<Set<string>> {
  const rows = await tx.query<{ key_digest: Buffer }>(
    `select key_digest from parked_key
      where tenant_id = $1 and consumer = $2 and topic = $3 and key_digest = any ($4::bytea[])
      order by key_digest for share`,
    [tenantId, consumer, topic, keys.map(digestKey)],
  );
  return new Set(rows.map((row) => row.key_digest.toString('hex')));
}

export interface Parking {
  readonly failedAttempts: number;
  readonly pauseMs: number;
  readonly message: string;
}

/**
 * Parks keys. One that is parked already stays as it is but is locked, so that nobody frees it before this transaction
 * has put its events behind the others.
 */
export async function parkKeys(
  tx: Transaction,
  { tenantId, consumer, topic }: Stream,
  parking: Parking & { readonly keys: readonly string[] },
): Promise<void> {
  await tx.execute(
    `insert into parked_key (tenant_id, consumer, topic, key_digest, attempts, due_at, message)
     select $1, $2, $3, key_digest, $5, now() + $6 * interval '1 millisecond', $7
       from (select distinct key_digest from unnest($4::bytea[]) as key_digest order by 1) keys
     on conflict (tenant_id, consumer, topic, key_digest) do update set message = parked_key.message`,
    [tenantId, consumer, topic, parking.keys.map(digestKey), parking.failedAttempts, parking.pauseMs, parking.message],
  );
}

/** Puts events behind those that wait already. Events that took effect or wait already are left out. */
export async function parkEvents(
  tx: Transaction,
  { tenantId, consumer, topic }: Stream,
  parked: { readonly streamId: number; readonly events: readonly IncomingEvent[] },
): Promise<void> {
  const { streamId, events } = parked;
  if (events.length === 0) return;
  const records = events.map(({ record }) => record);
  await tx.execute(
    `insert into parked_event (tenant_id, consumer, topic, key_digest, key, event_id, partition, record_offset,
            timestamp_ms, headers, payload)
     select $1, $2, $3, key_digest, key, event_id, partition, record_offset, timestamp_ms, headers, payload
       from unnest($5::bytea[], $6::bytea[], $7::uuid[], $8::integer[], $9::bigint[], $10::bigint[], $11::json[],
                   $12::bytea[])
            with ordinality
            as event (key_digest, key, event_id, partition, record_offset, timestamp_ms, headers, payload, place)
      where not exists (
        select from inbox where inbox.tenant_id = $1 and stream_id = $4 and inbox.event_id = event.event_id)
      order by place
     on conflict do nothing`,
    [
      tenantId,
      consumer,
      topic,
      streamId,
      records.map(({ key }) => digestKey(key)),
      records.map(({ key }) => Buffer.from(key, 'utf8')),
      events.map(({ eventId }) => eventId),
      records.map(({ partition }) => partition),
      records.map(({ offset }) => offset),
      records.map(({ timestampMs }) => timestampMs),
      records.map(({ headers }) => JSON.stringify(headers)),
      records.map(({ value }) => toBuffer(value)),
    ],
  );
}

/** Takes due keys for this transaction; those that another process works on are left to it. Key digest to attempts. */
export async function takeDueKeys(
  tx: Transaction,
  { tenantId, consumer, topic }: Stream,
  limit: number,
): Promise<Map<string, number>> {
  const rows = await tx.query<{ key_digest: Buffer; attempts: number }>(
    `select key_digest, attempts from parked_key
      where tenant_id = $1 and consumer = $2 and topic = $3 and due_at <= now()
      order by due_at limit $4 for update skip locked`,
    [tenantId, consumer, topic, limit],
  );
  return new Map(rows.map((row) => [row.key_digest.toString('hex'), row.attempts]));
}

/** Takes one parked key of the tenant in any of the topics, due or not, to try whether the tenant works. */
export async function takeAnyKey(
  tx: Transaction,
  { tenantId, consumer }: Omit<Stream, 'topic'>,
  topics: readonly string[],
): Promise<{ readonly topic: string; readonly keyDigest: string; readonly attempts: number } | undefined> {
  const [row] = await tx.query<{ topic: string; key_digest: Buffer; attempts: number }>(
    `select topic, key_digest, attempts from parked_key
      where tenant_id = $1 and consumer = $2 and topic = any ($3)
      order by due_at limit 1 for update skip locked`,
    [tenantId, consumer, topics],
  );
  return row && { topic: row.topic, keyDigest: row.key_digest.toString('hex'), attempts: row.attempts };
}

/** The oldest events of the keys, in the order in which they must be handled. */
export async function readParkedEvents(
  tx: Transaction,
  { tenantId, consumer, topic }: Stream,
  page: { readonly keyDigests: readonly string[]; readonly limit: number },
): Promise<ParkedEvent[]> {
  const rows = await tx.query<{
    position: string;
    key_digest: Buffer;
    key: Buffer;
    event_id: string;
    partition: number;
    record_offset: string;
    timestamp_ms: string;
    headers: Record<string, string>;
    payload: Buffer | null;
    first_seen_at: Date;
  }>(
    `select position, key_digest, key, event_id, partition, record_offset, timestamp_ms, headers, payload, first_seen_at
       from parked_event
      where tenant_id = $1 and consumer = $2 and topic = $3 and key_digest = any ($4::bytea[])
      order by position limit $5`,
    [tenantId, consumer, topic, page.keyDigests.map(fromHex), page.limit],
  );
  return rows.map((row) => ({
    tenantId,
    eventId: row.event_id,
    position: row.position,
    keyDigest: row.key_digest.toString('hex'),
    firstSeenAt: row.first_seen_at,
    record: {
      topic,
      key: row.key.toString('utf8'),
      headers: row.headers,
      value: row.payload,
      partition: row.partition,
      offset: BigInt(row.record_offset),
      timestampMs: Number(row.timestamp_ms),
    },
  }));
}

export async function deleteParkedEvents(
  tx: Transaction,
  tenantId: string,
  positions: readonly string[],
): Promise<void> {
  await tx.execute('delete from parked_event where tenant_id = $1 and position = any ($2::bigint[])', [
    tenantId,
    positions,
  ]);
}

/** Keys without events are free again; the next event of the others may be tried at once. */
export async function freeKeys(
  tx: Transaction,
  { tenantId, consumer, topic }: Stream,
  keyDigests: readonly string[],
): Promise<void> {
  const parameters = [tenantId, consumer, topic, keyDigests.map(fromHex)];
  await tx.execute(
    `delete from parked_key k
      where tenant_id = $1 and consumer = $2 and topic = $3 and key_digest = any ($4::bytea[])
        and not exists (
          select from parked_event e
           where e.tenant_id = $1 and e.consumer = $2 and e.topic = $3 and e.key_digest = k.key_digest)`,
    parameters,
  );
  await tx.execute(
    `update parked_key set attempts = 0, due_at = now()
      where tenant_id = $1 and consumer = $2 and topic = $3 and key_digest = any ($4::bytea[])`,
    parameters,
  );
}

/** The first event of the key failed again. */
export async function postponeKey(
  tx: Transaction,
  { tenantId, consumer, topic }: Stream,
  postponed: Parking & { readonly keyDigest: string },
): Promise<void> {
  await tx.execute(
    `update parked_key set attempts = $5, due_at = now() + $6 * interval '1 millisecond', message = $7
      where tenant_id = $1 and consumer = $2 and topic = $3 and key_digest = $4`,
    [
      tenantId,
      consumer,
      topic,
      fromHex(postponed.keyDigest),
      postponed.failedAttempts,
      postponed.pauseMs,
      postponed.message,
    ],
  );
}

export async function pauseTenant(
  tx: Transaction,
  { tenantId, consumer }: Omit<Stream, 'topic'>,
  pause: Parking,
): Promise<void> {
  await tx.execute(
    `insert into paused_tenant (tenant_id, consumer, attempts, due_at, message)
     values ($1, $2, $3, now() + $4 * interval '1 millisecond', $5)
     on conflict (tenant_id, consumer) do update
        set attempts = excluded.attempts, due_at = excluded.due_at, message = excluded.message`,
    [tenantId, consumer, pause.failedAttempts, pause.pauseMs, pause.message],
  );
}

/** Takes the pause of a tenant for this transaction if it is due and nobody else has it. Gives back its attempts. */
export async function takeDuePause(
  tx: Transaction,
  { tenantId, consumer }: Omit<Stream, 'topic'>,
): Promise<number | undefined> {
  const [row] = await tx.query<{ attempts: number }>(
    `select attempts from paused_tenant where tenant_id = $1 and consumer = $2 and due_at <= now()
        for update skip locked`,
    [tenantId, consumer],
  );
  return row?.attempts;
}

export async function resumeTenant(tx: Transaction, { tenantId, consumer }: Omit<Stream, 'topic'>): Promise<void> {
  await tx.execute('delete from paused_tenant where tenant_id = $1 and consumer = $2', [tenantId, consumer]);
}

/** Everything that waits for the consumer becomes due. */
export async function makeAllDue(tx: Transaction, consumer: string): Promise<void> {
  await tx.execute('update parked_key set attempts = 0, due_at = now() where consumer = $1', [consumer]);
  await tx.execute('update paused_tenant set due_at = now() where consumer = $1', [consumer]);
}

export interface DueWork {
  readonly streams: readonly { readonly tenantId: string; readonly topic: string }[];
  readonly pausedTenants: readonly string[];
  /** Until something more is due; infinite when nothing waits. */
  readonly nextDueMs: number;
}

/** What is due, up to a hundred streams and a hundred tenants, those that waited longest first. */
export async function findDueWork(tx: Transaction, consumer: string): Promise<DueWork> {
  const streams = await tx.query<{ tenant_id: string; topic: string }>(
    `select tenant_id, topic from parked_key k
      where consumer = $1 and due_at <= now()
        and not exists (select from paused_tenant p where p.tenant_id = k.tenant_id and p.consumer = $1)
      group by tenant_id, topic order by min(due_at) limit 100`,
    [consumer],
  );
  const paused = await tx.query<{ tenant_id: string }>(
    'select tenant_id from paused_tenant where consumer = $1 and due_at <= now() order by due_at limit 100',
    [consumer],
  );
  const [next] = await tx.query<{ next_ms: number | null }>(
    `select extract(epoch from min(due_at) - now())::float8 * 1000 as next_ms from (
       select min(due_at) as due_at from parked_key k
        where consumer = $1 and due_at > now()
          and not exists (select from paused_tenant p where p.tenant_id = k.tenant_id and p.consumer = $1)
       union all
       select min(due_at) from paused_tenant where consumer = $1 and due_at > now()) waiting`,
    [consumer],
  );
  return {
    streams: streams.map((row) => ({ tenantId: row.tenant_id, topic: row.topic })),
    pausedTenants: paused.map((row) => row.tenant_id),
    nextDueMs: next?.next_ms ?? Number.POSITIVE_INFINITY,
  };
}

function fromHex(digest: string): Buffer {
  return Buffer.from(digest, 'hex');
}
