import type { PositionedRecord } from '@kempt/contracts';
import type { Database, Transaction } from '@kempt/postgres';
import {
  type DeadLetterQuery,
  type DeadLetterRow,
  type DeadLetterState,
  findDeadLetter,
  listDeadLetterActions,
  listDeadLetters,
  lockDeadLetter,
  lockOpenDeadLetters,
  recordDeadLetterAction,
  setDeadLetterState,
} from './dead-letter-store.ts';
import { isUuid } from './envelope.ts';
import type { FailureReason, FailureStage } from './failure.ts';
import { deleteFromInbox, readStreamState } from './inbox-store.ts';
import { insertIntoOutbox } from './outbox-append.ts';
import { OutboxError } from './outbox-error.ts';
import { parkEvents, parkKeys } from './parked-event-store.ts';

/** An event that could not be applied or published, without its content. */
export interface DeadLetter {
  readonly id: string;
  /** Empty where the event does not say whose it is. */
  readonly tenantId: string;
  /** Consumer group that could not apply it; `outbox` where the bus refused it. */
  readonly group: string;
  readonly topic: string;
  readonly partition: number;
  /** Offset in the partition, as decimal text. */
  readonly offset: string;
  readonly key: string;
  readonly eventId: string | null;
  readonly reason: FailureReason;
  readonly stage: FailureStage;
  readonly errorClass: string;
  readonly errorCode: string | null;
  /** Redacted, at most 4 KiB. */
  readonly message: string;
  readonly attempts: number;
  readonly state: DeadLetterState;
  readonly firstSeenAt: Date;
  readonly lastSeenAt: Date;
}

/** A dead letter with the event as it came and with what people did to it. */
export interface DeadLetterDetails extends DeadLetter {
  readonly headers: Readonly<Record<string, string>>;
  /** Null for a tombstone, and once the dead letter is resolved or discarded. */
  readonly value: Uint8Array | null;
  readonly publishedAt: Date;
  readonly actions: readonly DeadLetterAction[];
}

export interface DeadLetterAction {
  readonly action: 'replay' | 'discard';
  readonly actor: string;
  readonly note: string;
  readonly at: Date;
}

export interface DeadLetterFilter {
  /** Only what this tenant may see. Without it every tenant's dead letters are there: for operators. */
  readonly tenantId?: string | undefined;
  readonly topic?: string | undefined;
  readonly group?: string | undefined;
  readonly reason?: FailureReason | undefined;
  /** Default: those that wait for a decision (`open`). */
  readonly state?: DeadLetterState | 'any' | undefined;
  readonly cursor?: string | undefined;
  /** 1 to 500, default 50. */
  readonly limit?: number | undefined;
}

export interface DeadLetterPage {
  readonly items: readonly DeadLetter[];
  readonly nextCursor?: string;
}

/** Who acts on a dead letter. */
export interface DeadLetterActor {
  /** Default `system`. */
  readonly actor?: string | undefined;
  readonly note?: string | undefined;
  /** Restricts the act to this tenant's dead letters. */
  readonly tenantId?: string | undefined;
}

/** The dead letters of a service. Rejects with `OutboxError`. */
export interface DeadLetters {
  /** Newest first. */
  list(filter?: DeadLetterFilter): Promise<DeadLetterPage>;
  show(id: string, by?: Pick<DeadLetterActor, 'tenantId'>): Promise<DeadLetterDetails>;
  /**
   * Hands dead letters back to the consumer group that could not apply them, and only to it: they go behind what waits of
   * their keys and are tried soon. One that the bus refused goes back into the outbox. With a filter, all open ones that
   * match and can be replayed.
   */
  replay(target: string | DeadLetterFilter, by?: DeadLetterActor): Promise<{ readonly replayed: number }>;
  /** Decides that the event shall not take effect. Its content is removed; who, when and why stays. */
  discard(id: string, note: string, by?: DeadLetterActor): Promise<void>;
}

const replaysPerTransaction = 200;

export function createDeadLetters(database: Database): DeadLetters {
  function transaction<T>(tenantId: string | undefined, work: (tx: Transaction) => Promise<T>): Promise<T> {
    return tenantId === undefined ? database.systemTransaction(work) : database.transaction(tenantId, work);
  }

  async function lockOpen(tx: Transaction, id: string): Promise<DeadLetterRow> {
    const row = await lockDeadLetter(tx, checkId(id));
    if (row === undefined) throw notFound(id);
    if (row.state !== 'open') {
      throw new OutboxError('dead-letter-closed', `Dead letter ${id} is ${row.state}; only open ones can be acted on.`);
    }
    return row;
  }

  async function replayRow(tx: Transaction, row: DeadLetterRow, by: DeadLetterActor): Promise<void> {
    const eventId = row.event_id;
    if (eventId === null || row.tenant_id === '') {
      throw new OutboxError(
        'dead-letter-not-replayable',
        `Dead letter ${row.id} says neither whose nor which event it is, so no consumer can take it. Discard it.`,
      );
    }
    const record = recordOf(row);
    if (row.consumer === 'outbox') {
      await insertIntoOutbox(tx, { tenantId: row.tenant_id, lane: 'live', rows: [{ id: eventId, record }] });
      await setDeadLetterState(tx, row, 'resolved');
    } else {
      const stream = { tenantId: row.tenant_id, consumer: row.consumer, topic: row.topic };
      const { streamId } = await readStreamState(tx, stream);
      // The inbox knows the event, since it was done with it.
      await deleteFromInbox(tx, stream, [eventId]);
      await parkKeys(tx, stream, { keys: [record.key], failedAttempts: 0, pauseMs: 0, message: 'Replayed' });
      await parkEvents(tx, stream, { streamId, events: [{ tenantId: row.tenant_id, eventId, record }] });
      await setDeadLetterState(tx, row, 'replaying');
    }
    await recordDeadLetterAction(tx, row, { action: 'replay', actor: by.actor ?? 'system', note: by.note ?? '' });
    await tx.execute(`select pg_notify('kempt_parked_' || current_schema(), '')`);
  }

  return {
    async list(filter = {}) {
      const limit = Math.min(500, Math.max(1, Math.trunc(filter.limit ?? 50)));
      const before = filter.cursor ?? null;
      if (before !== null && !isUuid(before)) {
        throw new OutboxError('cursor-malformed', 'The cursor does not come from a page of dead letters.');
      }
      const rows = await transaction(filter.tenantId, (tx) =>
        listDeadLetters(tx, queryOf(filter), { before, limit: limit + 1 }),
      );
      const items = rows.slice(0, limit).map(toDeadLetter);
      const last = items.at(-1);
      return rows.length > limit && last !== undefined ? { items, nextCursor: last.id } : { items };
    },

    show: (id, by = {}) =>
      transaction(by.tenantId, async (tx) => {
        const row = await findDeadLetter(tx, checkId(id));
        if (row === undefined) throw notFound(id);
        const actions = await listDeadLetterActions(tx, id);
        return {
          ...toDeadLetter(row),
          headers: row.headers,
          value: row.payload,
          publishedAt: new Date(Number(row.timestamp_ms)),
          actions: actions.map(({ action, actor, note, acted_at: at }) => ({ action, actor, note, at })),
        };
      }),

    async replay(target, by = {}) {
      if (typeof target === 'string') {
        await transaction(by.tenantId, async (tx) => replayRow(tx, await lockOpen(tx, target), by));
        return { replayed: 1 };
      }
      const tenantId = by.tenantId ?? target.tenantId;
      for (let replayed = 0; ; ) {
        const count = await transaction(tenantId, async (tx) => {
          const rows = await lockOpenDeadLetters(tx, queryOf(target), replaysPerTransaction);
          for (const row of rows) await replayRow(tx, row, by);
          return rows.length;
        });
        replayed += count;
        if (count < replaysPerTransaction) return { replayed };
      }
    },

    async discard(id, note, by = {}) {
      await transaction(by.tenantId, async (tx) => {
        const row = await lockOpen(tx, id);
        await setDeadLetterState(tx, row, 'discarded');
        await recordDeadLetterAction(tx, row, { action: 'discard', actor: by.actor ?? 'system', note });
      });
    },
  };
}

/** The channel on which consumers hear that something was handed back to them. */
export function parkedChannel(schema: string): string {
  return `kempt_parked_${schema}`;
}

function queryOf(filter: DeadLetterFilter): DeadLetterQuery {
  const state = filter.state ?? 'open';
  return { ...filter, state: state === 'any' ? undefined : state };
}

function recordOf(row: DeadLetterRow): PositionedRecord {
  return {
    topic: row.topic,
    key: row.key.toString('utf8'),
    headers: row.headers,
    value: row.payload,
    partition: row.partition,
    offset: BigInt(row.record_offset),
    timestampMs: Number(row.timestamp_ms),
  };
}

function toDeadLetter(row: DeadLetterRow): DeadLetter {
  return {
    id: row.id,
    tenantId: row.tenant_id,
    group: row.consumer,
    topic: row.topic,
    partition: row.partition,
    offset: row.record_offset,
    key: row.key.toString('utf8'),
    eventId: row.event_id,
    reason: row.reason,
    stage: row.stage,
    errorClass: row.error_class,
    errorCode: row.error_code,
    message: row.message,
    attempts: row.attempts,
    state: row.state,
    firstSeenAt: row.first_seen_at,
    lastSeenAt: row.last_seen_at,
  };
}

function checkId(id: string): string {
  if (!isUuid(id)) throw notFound(id);
  return id;
}

function notFound(id: string): OutboxError {
  return new OutboxError('dead-letter-not-found', `Dead letter ${id} does not exist.`);
}
