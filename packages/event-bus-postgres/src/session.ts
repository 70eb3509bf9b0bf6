import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { Connections } from './connections.ts';

/**
 * The one connection of a bus that stays open. It hears notifications, and holds an advisory lock by which other
 * processes see that this one lives: when a process is killed, the server ends the connection and frees the lock at
 * once, long before a lease would run out.
 */
export interface Session {
  /** Resolves when the connection stands. Later it comes back by itself. */
  start(): Promise<void>;
  /** The key of the advisory lock, another one after each reconnection; `undefined` while there is no connection. */
  key(): bigint | undefined;
  close(): Promise<void>;
}

export interface SessionOptions {
  readonly connections: Connections;
  readonly channel: string;
  readonly random: () => number;
  readonly onNotify: (payload: string) => void;
  /** After each reconnection: notifications were missed, and the key is a new one. */
  readonly onReturn: () => void;
  readonly onLost: () => void;
  readonly onError: (error: unknown) => void;
}

const probeIntervalMs = 15_000;
const longestPauseMs = 5_000;

export function createSession(options: SessionOptions): Session {
  const { connections, channel, random, onNotify, onReturn, onLost, onError } = options;
  const stopped = new AbortController();
  let current: { readonly client: pg.Client; readonly key: bigint } | undefined;
  let starting: Promise<void> | undefined;
  let returning: Promise<void> | undefined;
  let probe: NodeJS.Timeout | undefined;

  async function open(): Promise<void> {
    const client = await connections.openSession();
    const key = randomBytes(8).readBigInt64BE();
    try {
      client.on('notification', ({ payload }) => onNotify(payload ?? ''));
      await client.query('SELECT pg_advisory_lock($1)', [String(key)]);
      await client.query(`LISTEN ${pg.escapeIdentifier(channel)}`);
    } catch (error) {
      client.end().catch(() => undefined);
      throw error;
    }
    if (stopped.signal.aborted) {
      await client.end();
      return;
    }
    current = { client, key };
    client.on('error', (error) => lost(client, error));
    client.on('end', () => lost(client, undefined));
    // A connection that died without a word is found by asking now and then.
    probe = setInterval(() => {
      client.query('SELECT 1').catch((error: unknown) => lost(client, error));
    }, probeIntervalMs);
  }

  function lost(client: pg.Client, error: unknown): void {
    if (current?.client !== client) return;
    current = undefined;
    clearInterval(probe);
    client.end().catch(() => undefined);
    if (stopped.signal.aborted) return;
    onError(error ?? new Error('The connection that listens for events ended.'));
    onLost();
    returning = comeBack();
  }

  async function comeBack(): Promise<void> {
    for (let attempt = 0; !stopped.signal.aborted; attempt += 1) {
      const pauseMs = Math.min(longestPauseMs, 50 * 2 ** attempt) * (0.5 + random() / 2);
      await sleep(pauseMs, undefined, { signal: stopped.signal }).catch(() => undefined);
      if (stopped.signal.aborted) return;
      try {
        await open();
        onReturn();
        return;
      } catch (error) {
        onError(error);
      }
    }
  }

  return {
    start: () => {
      starting ??= open().catch((error: unknown) => {
        starting = undefined;
        throw error;
      });
      return starting;
    },
    key: () => current?.key,
    async close() {
      stopped.abort();
      clearInterval(probe);
      await Promise.allSettled([starting, returning]);
      const client = current?.client;
      current = undefined;
      await client?.end().catch(() => undefined);
    },
  };
}
