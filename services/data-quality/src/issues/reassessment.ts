import type { Database } from '@kempt/postgres';
import type { Component } from '@kempt/service-runtime';
import type { Logger } from '@kempt/telemetry';
import { listTenants, loadRules } from '../rules/rule-store.ts';
import { findOutdated } from './assessed-record-store.ts';
import type { RecordAssessor } from './record-assessor.ts';

interface ReassessmentOptions {
  readonly database: Database;
  readonly assessor: RecordAssessor;
  readonly logger: Logger;
  readonly intervalMs: number;
  readonly batchRecords?: number;
  readonly now: () => Date;
}

export interface Reassessment extends Component {
  /** Looks now instead of at the next turn. */
  wake(): void;
}

/**
 * Judges records again when the rules changed, or when a day passed that some rule waited for. Several instances may do
 * it at once: each batch locks its objects, and a record that was judged meanwhile comes out the same.
 */
export function createReassessment(options: ReassessmentOptions): Reassessment {
  const { database, assessor, logger, intervalMs, now } = options;
  const limit = options.batchRecords ?? 500;
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;
  let woken = false;

  /** One batch of one tenant; false when nothing was left to do. */
  async function batch(tenantId: string): Promise<boolean> {
    return database.transaction(tenantId, async (tx) => {
      const { version } = await loadRules(tx);
      const today = now().toISOString().slice(0, 10);
      const outdated = await findOutdated(tx, { rulesVersion: version, today, limit });
      await assessor.again(tx, outdated, 'bulk');
      return outdated.length > 0;
    });
  }

  async function pass(): Promise<void> {
    const tenants = await database.systemTransaction((tx) => listTenants(tx), { readOnly: true });
    for (const tenantId of tenants) {
      while (!stopped && (await batch(tenantId)));
    }
  }

  function schedule(delayMs: number): void {
    clearTimeout(timer);
    if (!stopped) timer = setTimeout(turn, delayMs);
  }

  function turn(): void {
    woken = false;
    running = pass()
      .catch((error: unknown) => logger.warn({ err: error }, 'Judging records again failed; it is tried again'))
      .finally(() => {
        running = undefined;
        schedule(woken ? 0 : intervalMs);
      });
  }

  return {
    name: 'reassessment',
    start: async () => schedule(0),
    stop: async () => {
      stopped = true;
      clearTimeout(timer);
      await running;
    },
    wake: () => {
      // While a pass runs, its end sees the wish.
      woken = true;
      if (running === undefined) schedule(0);
    },
  };
}
