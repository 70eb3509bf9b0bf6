import { deadLetterTopic, type PositionedRecord } from '@kempt/contracts';
import type { Transaction } from '@kempt/postgres';
import { v7 as uuidv7 } from 'uuid';
import { isUuid } from './envelope.ts';
import type { Failure, FailureReason, FailureStage } from './failure.ts';
import { shorten } from './failure.ts';
import { insertIntoOutbox, toBuffer } from './outbox-append.ts';

/**
 * - `open`: somebody has to decide.
 * - `replaying`: it was handed back and waits for its consumer.
 * - `resolved`: it took effect after all.
 * - `discarded`: somebody decided that it shall not take effect.
 */
export type DeadLetterState = 'open' | 'replaying' | 'resolved' | 'discarded';

/** An event on its way to the dead letters. */
export interface DeadLetterEntry {
  /** Empty where the event does not say. */
  readonly tenantId: string;
  /** Consumer group, or `outbox`. */
  readonly consumer: string;
  readonly record: PositionedRecord;
  /** Null where the event has no id that could be read. */
  readonly eventId: string | null;
  readonly failure: Failure;
  readonly attempts: number;
  readonly firstSeenAt: Date;
}

/**
 * Keeps the events, one row each. An event that is a dead letter already is opened again with the attempts added up; one
 * that says neither whose nor which it is stays as it was, since nothing but its place tells it apart. Gives back the
 * entries that are news.
 */
export async function insertDeadLetters(
  tx: Transaction,
  entries: readonly DeadLetterEntry[],
): Promise<readonly DeadLetterEntry[]> {
  const news: DeadLetterEntry[] = [];
  for (const entry of entries) {
    const { record, failure } = entry;
    const rows = await tx.query(
      `insert into dead_letter as known (tenant_id, id, consumer, topic, partition, record_offset, timestamp_ms, key,
              event_id, headers, payload, reason, stage, error_class, error_code, message, attempts, state, first_seen_at)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, 'open', $18)
       on conflict (tenant_id, consumer, topic, partition, record_offset) do update
          set state = 'open', payload = excluded.payload, headers = excluded.headers, reason = excluded.reason,
              stage = excluded.stage, error_class = excluded.error_class, error_code = excluded.error_code,
              message = excluded.message, attempts = known.attempts + excluded.attempts, last_seen_at = now()
        where known.event_id is not null
       returning id`,
      [
        entry.tenantId,
        uuidv7(),
        entry.consumer,
        record.topic,
        record.partition,
        record.offset,
        record.timestampMs,
        Buffer.from(record.key, 'utf8'),
        entry.eventId,
        JSON.stringify(record.headers),
        toBuffer(record.value),
        failure.reason,
        failure.stage,
        shorten(failure.errorClass, 256),
        failure.errorCode ?? null,
        failure.message,
        entry.attempts,
        entry.firstSeenAt,
      ],
    );
    if (rows.length > 0) news.push(entry);
  }
  return news;
}

/** Keeps the events and publishes them, as they came, to the dead-letter topics of their consumer group. */
export async function sendToDeadLetters(tx: Transaction, entries: readonly DeadLetterEntry[]): Promise<void> {
  const news = await insertDeadLetters(tx, entries);
  for (const [tenantId, ofTenant] of Map.groupBy(news, (entry) => entry.tenantId)) {
    await insertIntoOutbox(tx, {
      tenantId,
      lane: 'live',
      rows: ofTenant.map((entry) => ({
        id: isUuid(entry.eventId ?? undefined) ? (entry.eventId as string) : uuidv7(),
        record: {
          topic: deadLetterTopic(entry.record.topic, entry.consumer),
          key: entry.record.key.replaceAll('\0', '\u2400'),
          headers: deadLetterHeaders(entry),
          value: entry.record.value,
        },
      })),
    });
  }
}

/** The headers as they were, and why the event is here. */
function deadLetterHeaders(entry: DeadLetterEntry): Record<string, string> {
  const { record, failure } = entry;
  return {
    ...record.headers,
    dlq_topic: record.topic,
    dlq_partition: String(record.partition),
    dlq_offset: String(record.offset),
    dlq_timestamp: new Date(record.timestampMs).toISOString(),
    dlq_consumer_group: entry.consumer,
    dlq_reason: failure.reason,
    dlq_stage: failure.stage,
    dlq_exception_class_name: failure.errorClass,
    ...(failure.errorCode !== undefined && { dlq_exception_code: failure.errorCode }),
    dlq_exception_message: failure.message,
    dlq_exception_stacktrace: failure.trace,
    retry_attempts: String(entry.attempts),
    retry_first_seen_at: entry.firstSeenAt.toISOString(),
  };
}

export interface DeadLetterRow {
  readonly tenant_id: string;
  readonly id: string;
  readonly consumer: string;
  readonly topic: string;
  readonly partition: number;
  readonly record_offset: string;
  readonly timestamp_ms: string;
  readonly key: Buffer;
  readonly event_id: string | null;
  readonly headers: Record<string, string>;
  readonly payload: Buffer | null;
  readonly reason: FailureReason;
  readonly stage: FailureStage;
  readonly error_class: string;
  readonly error_code: string | null;
  readonly message: string;
  readonly attempts: number;
  readonly state: DeadLetterState;
  readonly first_seen_at: Date;
  readonly last_seen_at: Date;
}

export interface DeadLetterQuery {
  readonly topic?: string | undefined;
  readonly group?: string | undefined;
  readonly reason?: FailureReason | undefined;
  readonly state?: DeadLetterState | undefined;
}

/** Newest first, those behind `before`. */
export async function listDeadLetters(
  tx: Transaction,
  query: DeadLetterQuery,
  page: { readonly before: string | null; readonly limit: number },
): Promise<DeadLetterRow[]> {
  return tx.query<DeadLetterRow>(
    `select * from dead_letter
      where ($1::text is null or topic = $1) and ($2::text is null or consumer = $2)
        and ($3::text is null or reason = $3) and ($4::text is null or state = $4)
        and ($5::uuid is null or id < $5)
      order by id desc limit $6`,
    [query.topic ?? null, query.group ?? null, query.reason ?? null, query.state ?? null, page.before, page.limit],
  );
}

export async function lockDeadLetter(tx: Transaction, id: string): Promise<DeadLetterRow | undefined> {
  const [row] = await tx.query<DeadLetterRow>('select * from dead_letter where id = $1 for update', [id]);
  return row;
}

export async function findDeadLetter(tx: Transaction, id: string): Promise<DeadLetterRow | undefined> {
  const [row] = await tx.query<DeadLetterRow>('select * from dead_letter where id = $1', [id]);
  return row;
}

/** The oldest open dead letters of a query, locked, in the order in which they came. */
export async function lockOpenDeadLetters(
  tx: Transaction,
  query: DeadLetterQuery,
  limit: number,
): Promise<DeadLetterRow[]> {
  return tx.query<DeadLetterRow>(
    `select * from dead_letter
      where state = 'open' and event_id is not null and tenant_id <> ''
        and ($1::text is null or topic = $1) and ($2::text is null or consumer = $2)
        and ($3::text is null or reason = $3)
      order by topic, partition, record_offset limit $4 for update`,
    [query.topic ?? null, query.group ?? null, query.reason ?? null, limit],
  );
}

/** A dead letter that is done keeps what it was about, and gives up the customer's data. */
export async function setDeadLetterState(
  tx: Transaction,
  row: Pick<DeadLetterRow, 'tenant_id' | 'id'>,
  state: DeadLetterState,
): Promise<void> {
  await tx.execute(
    `update dead_letter
        set state = $3, payload = case when $3 in ('resolved', 'discarded') then null else payload end
      where tenant_id = $1 and id = $2`,
    [row.tenant_id, row.id, state],
  );
}

/** Events that were handed back took effect. */
export async function resolveDeadLetters(
  tx: Transaction,
  events: {
    readonly tenantId: string;
    readonly consumer: string;
    readonly topic: string;
    readonly eventIds: readonly string[];
  },
): Promise<void> {
  await tx.execute(
    `update dead_letter set state = 'resolved', payload = null
      where tenant_id = $1 and consumer = $2 and topic = $3 and event_id = any ($4::uuid[]) and state = 'replaying'`,
    [events.tenantId, events.consumer, events.topic, events.eventIds],
  );
}

export interface DeadLetterActionRow {
  readonly action: 'replay' | 'discard';
  readonly actor: string;
  readonly note: string;
  readonly acted_at: Date;
}

export async function recordDeadLetterAction(
  tx: Transaction,
  row: Pick<DeadLetterRow, 'tenant_id' | 'id'>,
  action: Omit<DeadLetterActionRow, 'acted_at'>,
): Promise<void> {
  await tx.execute(
    `insert into dead_letter_action (tenant_id, id, dead_letter_id, action, actor, note)
     values ($1, $2, $3, $4, $5, $6)`,
    [row.tenant_id, uuidv7(), row.id, action.action, action.actor, action.note],
  );
}

export async function listDeadLetterActions(tx: Transaction, id: string): Promise<DeadLetterActionRow[]> {
  return tx.query<DeadLetterActionRow>(
    'select action, actor, note, acted_at from dead_letter_action where dead_letter_id = $1 order by id',
    [id],
  );
}
