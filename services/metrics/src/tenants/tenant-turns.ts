import type { Database, Transaction } from '@kempt/postgres';
import { type Component, createRepeatedWork } from '@kempt/service-runtime';
import type { Logger } from '@kempt/telemetry';
import { listTenants, takeTurn } from './tenant-store.ts';

export interface TenantTurnsOptions {
  readonly name: string;
  readonly work: 'kpis' | 'calendar';
  readonly database: Database;
  readonly logger: Logger;
  readonly intervalMs: number;
  readonly now: () => Date;
  /** Runs before the tenants of a pass, once. */
  readonly before?: () => Promise<void>;
  /** One tenant's turn, in its transaction. */
  readonly turn: (tx: Transaction, tenantId: string) => Promise<void>;
}

/** Gives every tenant its turn once in an interval, whatever the number of instances. */
export function createTenantTurns(options: TenantTurnsOptions): Component {
  const { name, work, database, logger, intervalMs, now, before, turn } = options;
  async function pass(signal: AbortSignal): Promise<void> {
    await before?.();
    for (const tenantId of await database.systemTransaction((tx) => listTenants(tx), { readOnly: true })) {
      if (signal.aborted) return;
      // One tenant's trouble is not the others'.
      await database
        .transaction(tenantId, async (tx) => {
          const time = now();
          // A little early is on time: timers of instances drift.
          const nextAt = new Date(time.getTime() + intervalMs * 0.9);
          if (await takeTurn(tx, work, { now: time, nextAt })) await turn(tx, tenantId);
        })
        .catch((error: unknown) => logger.warn({ err: error, tenantId }, `${name} failed; it is tried again`));
    }
  }

  return createRepeatedWork({
    name,
    intervalMs,
    firstAfterMs: intervalMs,
    turn: pass,
    onFailure: (error) => logger.warn({ err: error }, `${name} failed; it is tried again`),
  });
}
