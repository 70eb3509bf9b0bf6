import type pg from 'pg';
import { toDatabaseError } from './database-error.ts';

interface AdvisoryLockDependencies {
  /** A client that is not connected yet. */
  readonly connect: () => pg.Client;
  /** Locks of different schemas never meet, whatever their names. */
  readonly schema: string;
}

export interface AdvisoryLocks {
  tryLock(name: string, work: (signal: AbortSignal) => Promise<void>): Promise<boolean>;
  /** Aborts the work of every lock held and waits for its end. */
  close(): Promise<void>;
}

const probeIntervalMs = 10_000;
const probeTimeoutMs = 5_000;

/** Session-level advisory locks, each on a connection of its own. */
export function createAdvisoryLocks(dependencies: AdvisoryLockDependencies): AdvisoryLocks {
  const { connect, schema } = dependencies;
  const held = new Map<AbortController, Promise<void>>();

  async function holdWhile(client: pg.Client, work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const lost = new AbortController();
    const abort = (error?: unknown): void => lost.abort(error ?? new Error('The connection that held the lock ended'));
    client.on('error', abort);
    client.on('end', abort);
    // The server frees the lock of a connection that it believes dead; asking now and then finds that out here, too.
    const probe = setInterval(() => {
      client.query({ text: 'SELECT 1', query_timeout: probeTimeoutMs } as pg.QueryConfig).catch(abort);
    }, probeIntervalMs);
    probe.unref();
    const running = work(lost.signal);
    held.set(lost, running);
    try {
      await running;
    } finally {
      held.delete(lost);
      clearInterval(probe);
      client.off('end', abort);
    }
  }

  return {
    tryLock: async (name, work) => {
      const client = connect();
      client.on('error', () => undefined);
      try {
        const locked = await client
          .connect()
          .then(() =>
            client.query<{ locked: boolean }>('SELECT pg_try_advisory_lock(hashtextextended($1, 0)) AS locked', [
              `${schema}:${name}`,
            ]),
          )
          .catch((error: unknown) => {
            throw toDatabaseError(error);
          });
        if (locked.rows[0]?.locked !== true) return false;
        await holdWhile(client, work);
        return true;
      } finally {
        // Ending the session frees the lock.
        await client.end().catch(() => undefined);
      }
    },
    close: async () => {
      const running = [...held.values()];
      for (const controller of held.keys()) controller.abort(new Error('The database is being closed'));
      await Promise.allSettled(running);
    },
  };
}
