import type { PositionedRecord } from '@kempt/contracts';
import { findDatabaseError, type Transaction } from '@kempt/postgres';
import { type DeadLetterEntry, sendToDeadLetters } from './dead-letter-store.ts';
import type { FailPoint } from './fail-point.ts';
import { describeFailure, type FailureKind, redactMessage, stageOf } from './failure.ts';
import { insertIntoInbox, type Stream } from './inbox-store.ts';
import type { IncomingEvent } from './parked-event-store.ts';

/**
 * Applies events of one topic and one tenant, in order, inside the transaction. Every effect belongs to the transaction.
 * Events can come late and again, so an effect holds the version of its subject against what it knows.
 */
export type Handle = (tx: Transaction, events: readonly PositionedRecord[]) => Promise<void>;

/** What became of one event that was tried alone. */
export type AttemptResult =
  | { readonly outcome: 'handled' | 'repeated' | 'dead-lettered' }
  | { readonly outcome: 'stuck'; readonly failedAttempts: number; readonly message: string }
  | { readonly outcome: 'tenant-stuck'; readonly message: string };

export interface EventAttempts {
  /**
   * Tries events together. `onFailure` is told when it was the handling that failed, and not the database around it; the
   * transaction is lost then. Gives back how many events were news.
   */
  together(
    tx: Transaction,
    stream: Stream & { readonly streamId: number },
    events: readonly IncomingEvent[],
    onFailure: () => void,
  ): Promise<number>;

  /** Tries one event behind a savepoint. A failure leaves no trace but the result; permanent ones become dead letters. */
  alone(
    tx: Transaction,
    stream: Stream & { readonly streamId: number },
    attempt: { readonly event: IncomingEvent; readonly failedAttempts: number; readonly firstSeenAt: Date },
  ): Promise<AttemptResult>;
}

export function createEventAttempts(deps: {
  readonly handlers: ReadonlyMap<string, Handle>;
  readonly classify: (error: unknown) => FailureKind;
  readonly maxAttempts: number;
  readonly failpoint: FailPoint;
}): EventAttempts {
  const { handlers, classify, maxAttempts, failpoint } = deps;

  async function handle(tx: Transaction, topic: string, events: readonly IncomingEvent[]): Promise<void> {
    const handler = handlers.get(topic);
    if (handler === undefined)
      throw new Error(`Nobody handles topic ${topic} any more; its parked events cannot be retried`);
    await handler(
      tx,
      events.map(({ record }) => record),
    );
    // What would fail only at the commit fails here instead, where it is known whose fault it is. It also finds out
    // about a statement whose failure the handler swallowed.
    await tx.execute('set constraints all immediate');
  }

  return {
    async together(tx, stream, events, onFailure) {
      const ids = await insertIntoInbox(
        tx,
        stream,
        events.map(({ eventId }) => eventId),
      );
      await failpoint('inbox-written');
      // An id that comes twice in one chunk is news only once.
      const news = events.filter(({ eventId }) => ids.delete(eventId));
      if (news.length > 0) {
        try {
          await handle(tx, stream.topic, news);
        } catch (error) {
          onFailure();
          throw error;
        }
      }
      await failpoint('handled');
      return news.length;
    },

    async alone(tx, stream, { event, failedAttempts, firstSeenAt }) {
      await tx.execute('savepoint one_event');
      const ids = await insertIntoInbox(tx, stream, [event.eventId]);
      if (ids.size === 0) {
        await tx.execute('release savepoint one_event');
        return { outcome: 'repeated' };
      }
      let failure: { readonly error: unknown } | undefined;
      try {
        await handle(tx, stream.topic, [event]);
      } catch (error) {
        failure = { error };
      }
      if (failure === undefined) {
        await tx.execute('set constraints all deferred');
        await tx.execute('release savepoint one_event');
        await failpoint('one-handled');
        return { outcome: 'handled' };
      }
      const { error } = failure;
      const conflict = findDatabaseError(error)?.code;
      // The database tries the whole transaction again after these.
      if (conflict === 'serialization-failure' || conflict === 'deadlock') throw error;
      await tx.execute('rollback to savepoint one_event');
      await tx.execute('release savepoint one_event');

      const kind = classify(error);
      if (kind === 'transient-tenant') return { outcome: 'tenant-stuck', message: redactMessage(error) };
      const attempts = failedAttempts + 1;
      if (kind === 'transient-record' && attempts < maxAttempts) {
        return { outcome: 'stuck', failedAttempts: attempts, message: redactMessage(error) };
      }
      const letter: DeadLetterEntry = {
        tenantId: stream.tenantId,
        consumer: stream.consumer,
        record: event.record,
        eventId: event.eventId,
        failure: describeFailure(error, {
          reason: kind === 'permanent' ? 'permanent' : 'attempts-exhausted',
          stage: stageOf(error),
        }),
        attempts,
        firstSeenAt,
      };
      await sendToDeadLetters(tx, [letter]);
      // It counts as done for the inbox, so that it is not tried again when it comes again.
      await insertIntoInbox(tx, stream, [event.eventId]);
      await failpoint('dead-lettered');
      return { outcome: 'dead-lettered' };
    },
  };
}
