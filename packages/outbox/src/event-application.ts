import type { Database, Transaction } from '@kempt/postgres';
import type { Logger } from '@kempt/telemetry';
import { type Backoff, backoffMs } from './backoff.ts';
import { type ConsumerMetrics, noOutcomes } from './consumer-metrics.ts';
import type { EventAttempts } from './event-attempt.ts';
import type { FailPoint } from './fail-point.ts';
import { readStreamState, type Stream, type StreamState } from './inbox-store.ts';
import { digestKey } from './key-hash.ts';
import { type IncomingEvent, parkEvents, parkedKeysAmong, parkKeys, pauseTenant } from './parked-event-store.ts';

/** How long failed events and paused tenants wait. */
export interface RetryPauses {
  readonly record: Backoff;
  readonly tenant: Backoff;
}

export interface EventApplicationOptions {
  readonly database: Database;
  readonly attempts: EventAttempts;
  readonly pauses: RetryPauses;
  readonly metrics: ConsumerMetrics;
  readonly logger: Logger;
  readonly random: () => number;
  readonly failpoint: FailPoint;
  /** Something was parked: the retry looks when it is due. */
  readonly onParked: () => void;
}

export interface ApplicationControls {
  readonly signal: AbortSignal;
  heartbeat(): Promise<void>;
}

/**
 * Applies events of one tenant and topic as they come from the bus. When it resolves, every one of them has taken effect,
 * was known, waits in Postgres, or is a dead letter. It rejects when the database fails, and then nothing was decided.
 */
export type ApplyEvents = (
  stream: Stream,
  events: readonly IncomingEvent[],
  controls: ApplicationControls,
) => Promise<void>;

const eventsPerSlice = 50;

export function createEventApplication(options: EventApplicationOptions): ApplyEvents {
  const { database, attempts, pauses, metrics, logger, random, failpoint, onParked } = options;

  /** Events behind a parked key, and all events of a paused tenant, go to the end of what waits. Gives back the rest. */
  async function parkWaiting(
    tx: Transaction,
    stream: Stream & StreamState,
    events: readonly IncomingEvent[],
  ): Promise<readonly IncomingEvent[]> {
    const { tenantPaused, anyKeyParked } = stream;
    if (!tenantPaused && !anyKeyParked) return events;
    const keys = [...new Set(events.map(({ record }) => record.key))];
    const parkedDigests = anyKeyParked ? await parkedKeysAmong(tx, stream, keys) : new Set<string>();
    const parkedKeys = new Set(keys.filter((key) => parkedDigests.has(digestKey(key).toString('hex'))));
    const waiting = events.filter(({ record }) => tenantPaused || parkedKeys.has(record.key));
    if (waiting.length === 0) return events;
    const newKeys = keys.filter((key) => tenantPaused && !parkedKeys.has(key));
    if (newKeys.length > 0) {
      await parkKeys(tx, stream, { keys: newKeys, failedAttempts: 0, pauseMs: 0, message: 'The tenant is paused' });
    }
    await parkEvents(tx, stream, { streamId: stream.streamId, events: waiting });
    return tenantPaused ? [] : events.filter(({ record }) => !parkedKeys.has(record.key));
  }

  async function applyTogether(stream: Stream, events: readonly IncomingEvent[]): Promise<boolean> {
    let handlingFailed = false;
    let counts = noOutcomes();
    try {
      await database.transaction(stream.tenantId, async (tx) => {
        handlingFailed = false;
        counts = noOutcomes();
        const state = await readStreamState(tx, stream);
        const ready = await parkWaiting(tx, { ...stream, ...state }, events);
        counts.parked = events.length - ready.length;
        if (ready.length === 0) return;
        counts.handled = await attempts.together(tx, { ...stream, ...state }, ready, () => {
          handlingFailed = true;
        });
        counts.repeated = ready.length - counts.handled;
      });
    } catch (error) {
      if (!handlingFailed) throw error;
      logger.debug(
        { err: error, topic: stream.topic, events: events.length },
        'Events failed together; trying each alone',
      );
      return false;
    }
    await failpoint('committed');
    if (counts.parked > 0) onParked();
    metrics.count(stream.topic, counts);
    return true;
  }

  async function applyOneByOne(stream: Stream, events: readonly IncomingEvent[]): Promise<void> {
    let counts = noOutcomes();
    await database.transaction(stream.tenantId, async (tx) => {
      counts = noOutcomes();
      const now = new Date();
      const state = await readStreamState(tx, stream);
      const streamState = { ...stream, ...state };
      const ready = await parkWaiting(tx, streamState, events);
      const stuckKeys = new Set<string>();
      const parked: IncomingEvent[] = [];
      let tenantStuck = false;
      for (const event of ready) {
        const { key } = event.record;
        if (tenantStuck || stuckKeys.has(key)) {
          parked.push(event);
          continue;
        }
        const result = await attempts.alone(tx, streamState, { event, failedAttempts: 0, firstSeenAt: now });
        if (result.outcome === 'stuck') {
          const pauseMs = backoffMs(1, pauses.record, random);
          logger.warn(
            { topic: stream.topic, eventId: event.eventId, reason: result.message },
            'An event failed; its key waits',
          );
          await parkKeys(tx, stream, { keys: [key], ...result, pauseMs });
          stuckKeys.add(key);
          parked.push(event);
        } else if (result.outcome === 'tenant-stuck') {
          const pauseMs = backoffMs(1, pauses.tenant, random);
          logger.warn({ topic: stream.topic, reason: result.message }, 'A tenant cannot be served; its events wait');
          await pauseTenant(tx, stream, { failedAttempts: 1, pauseMs, message: result.message });
          tenantStuck = true;
          parked.push(event);
        } else {
          counts[result.outcome] += 1;
        }
      }
      const behindTenant = parked.map(({ record }) => record.key).filter((key) => !stuckKeys.has(key));
      if (behindTenant.length > 0) {
        await parkKeys(tx, stream, {
          keys: behindTenant,
          failedAttempts: 0,
          pauseMs: 0,
          message: 'The tenant is paused',
        });
      }
      await parkEvents(tx, stream, { streamId: state.streamId, events: parked });
      counts.parked = events.length - ready.length + parked.length;
      await failpoint('slice-applied');
    });
    await failpoint('slice-committed');
    if (counts.parked > 0) onParked();
    metrics.count(stream.topic, counts);
  }

  return async (stream, events, controls) => {
    if (await applyTogether(stream, events)) return;
    for (let from = 0; from < events.length; from += eventsPerSlice) {
      controls.signal.throwIfAborted();
      await applyOneByOne(stream, events.slice(from, from + eventsPerSlice));
      await controls.heartbeat();
    }
  };
}
