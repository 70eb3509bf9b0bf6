import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from '@kempt/postgres';
import type { Component } from '@kempt/service-runtime';
import type { Logger } from '@kempt/telemetry';
import { trimStreams } from './stream-event-store.ts';

export interface StreamRetentionOptions {
  readonly database: Database;
  readonly maxEvents: number;
  readonly retentionMs: number;
  readonly logger: Logger;
  /** Default 300,000. */
  readonly intervalMs?: number;
  readonly now?: () => number;
}

/** Keeps the streams as short as they are promised to be. */
export function createStreamRetention(options: StreamRetentionOptions): Component {
  const { database, maxEvents, retentionMs, logger, intervalMs = 300_000, now = Date.now } = options;
  const stopping = new AbortController();
  let running: Promise<void> = Promise.resolve();

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      try {
        const removed = await trimStreams(
          database,
          { maxEvents, storedBefore: new Date(now() - retentionMs) },
          stopping.signal,
        );
        if (removed > 0) logger.debug({ removed }, 'old events left the streams');
      } catch (error) {
        logger.warn({ err: error }, 'old events of the streams could not be removed');
      }
      await sleep(intervalMs, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  }

  return {
    name: 'event-stream-retention',
    async start() {
      running = run();
    },
    async stop() {
      stopping.abort();
      await running;
    },
  };
}
