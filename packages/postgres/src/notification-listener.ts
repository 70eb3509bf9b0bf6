import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { Listener } from './database.ts';
import { toDatabaseError } from './database-error.ts';

interface NotificationListenerDependencies {
  /** A client that is not connected yet. */
  readonly connect: () => pg.Client;
  readonly reportError: (error: unknown) => void;
  readonly random: () => number;
}

export interface NotificationListener {
  listen(channel: string, onNotify: (payload: string) => void): Promise<Listener>;
  close(): Promise<void>;
}

const probeIntervalMs = 30_000;
const probeTimeoutMs = 10_000;
const longestPauseMs = 5_000;

/**
 * One connection that carries every LISTEN of a database. It comes back by itself, with growing pauses; whoever listens
 * is called once after each return, since notifications sent in between are gone.
 */
export function createNotificationListener(dependencies: NotificationListenerDependencies): NotificationListener {
  const { connect, reportError, random } = dependencies;
  const subscribers = new Map<string, Set<(payload: string) => void>>();
  let client: pg.Client | undefined;
  let connecting: Promise<void> | undefined;
  let probe: NodeJS.Timeout | undefined;
  const stopped = new AbortController();

  function deliver(channel: string, payload: string): void {
    for (const onNotify of subscribers.get(channel) ?? []) {
      try {
        onNotify(payload);
      } catch (error) {
        reportError(error);
      }
    }
  }

  async function open(): Promise<void> {
    const fresh = connect();
    fresh.on('error', (error) => lost(fresh, error));
    fresh.on('end', () => lost(fresh, undefined));
    fresh.on('notification', ({ channel, payload }) => deliver(channel, payload ?? ''));
    try {
      await fresh.connect();
      for (const channel of subscribers.keys()) await fresh.query(`LISTEN ${pg.escapeIdentifier(channel)}`);
    } catch (error) {
      await fresh.end().catch(() => undefined);
      throw error;
    }
    client = fresh;
    // A connection that died without a word is found by asking now and then.
    probe = setInterval(() => {
      fresh
        .query({ text: 'SELECT 1', query_timeout: probeTimeoutMs } as pg.QueryConfig)
        .catch((error: unknown) => lost(fresh, error));
    }, probeIntervalMs);
    probe.unref();
  }

  function lost(which: pg.Client, error: unknown): void {
    if (client !== which) return;
    client = undefined;
    clearInterval(probe);
    which.end().catch(() => undefined);
    if (stopped.signal.aborted || subscribers.size === 0) return;
    if (error !== undefined) reportError(error);
    connecting = reopen().finally(() => {
      connecting = undefined;
    });
  }

  async function reopen(): Promise<void> {
    for (let attempt = 0; !stopped.signal.aborted; attempt += 1) {
      const pauseMs = Math.min(longestPauseMs, 50 * 2 ** attempt) * (0.5 + random() / 2);
      await sleep(pauseMs, undefined, { signal: stopped.signal }).catch(() => undefined);
      if (stopped.signal.aborted) return;
      try {
        await open();
        for (const channel of subscribers.keys()) deliver(channel, '');
        return;
      } catch (error) {
        if (attempt === 0) reportError(error);
      }
    }
  }

  async function ensureOpen(): Promise<void> {
    if (client !== undefined) return;
    connecting ??= open().finally(() => {
      connecting = undefined;
    });
    await connecting;
  }

  return {
    listen: async (channel, onNotify) => {
      const callbacks = subscribers.get(channel) ?? new Set();
      callbacks.add(onNotify);
      subscribers.set(channel, callbacks);
      try {
        await ensureOpen();
        // Repeating LISTEN does no harm, and when it returns, notifications do arrive.
        await client?.query(`LISTEN ${pg.escapeIdentifier(channel)}`);
      } catch (error) {
        callbacks.delete(onNotify);
        if (callbacks.size === 0) subscribers.delete(channel);
        throw toDatabaseError(error);
      }
      return {
        close: async () => {
          if (!callbacks.delete(onNotify) || callbacks.size > 0) return;
          subscribers.delete(channel);
          await client?.query(`UNLISTEN ${pg.escapeIdentifier(channel)}`).catch(() => undefined);
        },
      };
    },
    close: async () => {
      stopped.abort();
      subscribers.clear();
      clearInterval(probe);
      await connecting?.catch(() => undefined);
      const last = client;
      client = undefined;
      await last?.end().catch(() => undefined);
    },
  };
}
