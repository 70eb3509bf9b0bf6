import type { Database } from '@kempt/postgres';
import { createRepeatedWork, type RepeatedWork } from '@kempt/service-runtime';
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

/**
 * Judges records again when the rules changed, or when a day passed that some rule waited for. Several instances may do
 * it at once: each batch locks its records, and a record that was judged meanwhile comes out the same.
 */
export function createReassessment(options: ReassessmentOptions): RepeatedWork {
  const { database, assessor, logger, intervalMs, now } = options;
  const limit = options.batchRecords ?? 500;
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

  return createRepeatedWork({
    name: 'reassessment',
    intervalMs,
    turn: async (signal) => {
      const tenants = await database.systemTransaction((tx) => listTenants(tx), { readOnly: true });
      for (const tenantId of tenants) {
        while (!signal.aborted && (await batch(tenantId)));
      }
    },
    onFailure: (error) => logger.warn({ err: error }, 'Judging records again failed; it is tried again'),
  });
}
