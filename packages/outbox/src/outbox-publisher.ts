import type { EventBus } from '@kempt/event-bus';
import { type Logger, withBatchSpan } from '@kempt/telemetry';
import { type Backoff, backoffMs } from './backoff.ts';
import { describeFailure, type Failure } from './failure.ts';
import type { OutboxMetrics } from './outbox-metrics.ts';
import type { OutboxRow } from './outbox-store.ts';

/** An event that the bus will never take. */
export interface RefusedRow {
  readonly row: OutboxRow;
  readonly failure: Failure;
}

/** Told while publishing goes on, so that what is done counts also when a later step fails. */
export interface PublishOutcome {
  readonly published: (rows: readonly OutboxRow[]) => void;
  readonly refused: (row: RefusedRow) => void;
}

/**
 * Gives batches to the bus. A bus that is away fails the whole batch, which comes again later. What the bus refuses for
 * good must not hold up the rest: a topic that it does not take is left out for a while, a single event that it never
 * takes is put aside.
 */
export interface OutboxPublisher {
  /** Rejects while the bus is away. */
  publish(rows: readonly OutboxRow[], outcome: PublishOutcome): Promise<void>;
  /** Topics not to be read from the outbox now. */
  heldTopics(): readonly string[];
  /** How long until the next of them is tried again; infinite when there is none. */
  heldForMs(): number;
}

interface HeldTopic {
  readonly failures: number;
  readonly untilMs: number;
}

const recordsPerPublish = 500;

export function createOutboxPublisher(deps: {
  readonly bus: EventBus;
  readonly metrics: OutboxMetrics;
  readonly logger: Logger;
  readonly backoff: Backoff;
  readonly random: () => number;
  readonly now: () => number;
}): OutboxPublisher {
  const { bus, metrics, logger, backoff, random, now } = deps;
  const held = new Map<string, HeldTopic>();

  async function give(rows: readonly OutboxRow[], outcome: PublishOutcome): Promise<void> {
    try {
      await withBatchSpan(
        { name: 'send outbox', kind: 'producer', headers: rows.map(({ record }) => record.headers) },
        { 'messaging.operation.type': 'send', 'messaging.batch.message_count': rows.length },
        () => bus.publish(rows.map(({ record }) => record)),
      );
    } catch (error) {
      metrics.publishFailures.inc({ code: codeOf(error) });
      throw error;
    }
    for (const [topic, ofTopic] of Map.groupBy(rows, ({ record }) => record.topic)) {
      held.delete(topic);
      for (const [lane, ofLane] of Map.groupBy(ofTopic, (row) => row.lane)) {
        metrics.dispatched.inc({ topic, lane }, ofLane.length);
      }
    }
    outcome.published(rows);
  }

  function hold(topic: string, error: unknown): void {
    const failures = (held.get(topic)?.failures ?? 0) + 1;
    const pauseMs = backoffMs(failures, backoff, random);
    held.set(topic, { failures, untilMs: now() + pauseMs });
    logger.error({ err: error, topic, pauseMs }, 'The bus does not take this topic; its events wait in the outbox');
  }

  /** Resolves to false when the bus does not take the topic at all; the rows from there on are still to be published. */
  async function giveTopic(topic: string, rows: readonly OutboxRow[], outcome: PublishOutcome): Promise<boolean> {
    try {
      await give(rows, outcome);
      return true;
    } catch (error) {
      if (!isRefusal(error)) throw error;
      if (!concernsOneRecord(error)) {
        hold(topic, error);
        return false;
      }
      const [row, ...others] = rows;
      if (row !== undefined && others.length === 0) {
        metrics.refused.inc({ topic });
        logger.error({ err: error, topic, eventId: row.eventId }, 'The bus refuses an event; it became a dead letter');
        outcome.refused({ row, failure: describeFailure(error, { reason: 'refused', stage: 'publish' }) });
        return true;
      }
    }
    // One after the other: the order of keys holds whatever the bus did with the batch.
    for (const row of rows) {
      if (!(await giveTopic(topic, [row], outcome))) return false;
    }
    return true;
  }

  return {
    async publish(rows, outcome) {
      const left = new Set<string>();
      for (let from = 0; from < rows.length; from += recordsPerPublish) {
        const slice = rows.slice(from, from + recordsPerPublish).filter(({ record }) => !left.has(record.topic));
        try {
          await give(slice, outcome);
        } catch (error) {
          if (!isRefusal(error)) throw error;
          for (const [topic, ofTopic] of Map.groupBy(slice, ({ record }) => record.topic)) {
            if (!(await giveTopic(topic, ofTopic, outcome))) left.add(topic);
          }
        }
      }
    },
    heldTopics: () => [...held.keys()].filter(isHeld),
    heldForMs: () =>
      Math.max(0, Math.min(...[...held.values()].map(({ untilMs }) => untilMs - now()).filter((leftMs) => leftMs > 0))),
  };

  function isHeld(topic: string): boolean {
    return (held.get(topic)?.untilMs ?? 0) > now();
  }
}

function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : 'unknown';
}

/** True when trying again changes nothing. A closed bus is the end of this process, not of the event. */
function isRefusal(error: unknown): boolean {
  return (error as { retriable?: unknown } | null)?.retriable === false && codeOf(error) !== 'bus-closed';
}

function concernsOneRecord(error: unknown): boolean {
  return codeOf(error) === 'record-too-large';
}
