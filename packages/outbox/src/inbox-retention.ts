import type { TopicDeclaration } from '@kempt/contracts';
import type { Database } from '@kempt/postgres';
import type { Logger } from '@kempt/telemetry';
import { purgeInbox } from './inbox-store.ts';
import { pause } from './pause.ts';

const dayMs = 86_400_000;
const marginDays = 7;
const compactedDays = 30;
const purgeIntervalMs = 3_600_000;

/**
 * How long an inbox must remember: a week longer than the bus can deliver an event again. A compacted topic has no such
 * bound; its events are recognised for a month, and after that by their version alone.
 */
export function inboxRetentionDays(topics: readonly TopicDeclaration[]): number {
  const days = topics.map(({ cleanup, retentionMs }) =>
    cleanup === 'compact' ? compactedDays : Math.ceil(retentionMs / dayMs),
  );
  return Math.max(marginDays, ...days) + marginDays;
}

/** Removes old rows of the inbox about once an hour, in one process of the consumer at a time, until the signal aborts. */
export async function keepInboxSmall(
  options: {
    readonly database: Database;
    readonly consumer: string;
    readonly retentionDays: number;
    readonly logger: Logger;
    readonly random: () => number;
  },
  signal: AbortSignal,
): Promise<void> {
  const { database, consumer, retentionDays, logger, random } = options;
  while (!signal.aborted) {
    await pause(purgeIntervalMs * (0.5 + random()), signal);
    if (signal.aborted) return;
    try {
      await database.tryAdvisoryLock(`inbox-retention-${consumer}`, async (lost) => {
        const removed = await purgeInbox(database, {
          consumer,
          retentionDays,
          signal: AbortSignal.any([signal, lost]),
        });
        logger.debug({ consumer, removed }, 'Removed what the inbox no longer needs');
      });
    } catch (error) {
      logger.warn({ err: error, consumer }, 'The inbox could not be purged; trying again in an hour');
    }
  }
}
