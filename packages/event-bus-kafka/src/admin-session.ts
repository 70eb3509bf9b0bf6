import { EventBusError } from '@kempt/event-bus';
import type { Admin } from 'kafkajs';
import { within } from './deadline.ts';
import { busError } from './error-map.ts';
import { type KafkaConnection, openKafka } from './kafka-connection.ts';
import type { KafkaSettings } from './kafka-options.ts';

/** Connected once and used for everything that is not events; opened anew after a failure. */
export interface AdminSession {
  /** Runs `work` within `timeoutMs`. `action` begins the message of the error when it fails. */
  use<T>(action: string, timeoutMs: number, work: (admin: Admin) => Promise<T>): Promise<T>;
  /** Bounded. */
  close(): Promise<void>;
}

interface OpenAdmin {
  readonly connection: KafkaConnection;
  readonly admin: Admin;
  readonly connected: Promise<void>;
}

const disconnectTimeoutMs = 2_000;

export function createAdminSession(settings: KafkaSettings): AdminSession {
  let current: OpenAdmin | undefined;

  function open(): OpenAdmin {
    const connection = openKafka(settings);
    const admin = connection.kafka.admin();
    const connected = admin.connect();
    connected.catch(() => {});
    return { connection, admin, connected };
  }

  return {
    async use(action, timeoutMs, work) {
      current ??= open();
      const used = current;
      const run = async () => {
        await used.connected;
        return work(used.admin);
      };
      try {
        return await within(timeoutMs, run(), () => new Error(`no answer within ${timeoutMs} ms`));
      } catch (error) {
        // An answer that this package gave itself says nothing against the connection.
        if (error instanceof EventBusError) throw error;
        if (current === used) current = undefined;
        const failure = busError(action, error);
        used.connection.destroy(failure.message);
        throw failure;
      }
    },
    async close() {
      const used = current;
      current = undefined;
      if (!used) return;
      await within(disconnectTimeoutMs, used.admin.disconnect(), () => new Error('overdue')).catch(() => {});
      used.connection.destroy('the bus was closed');
    },
  };
}
