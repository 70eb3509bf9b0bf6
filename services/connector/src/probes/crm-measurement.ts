import type { Database } from '@kempt/postgres';
import type { Logger } from '@kempt/telemetry';
import { listAllCompleteness } from '../completeness/completeness-store.ts';
import { completenessRatio } from '../completeness/measurement.ts';
import type { System } from '../crm/crm-client.ts';
import type { ConnectorMetrics } from '../metrics.ts';
import { listFreshStatuses } from './crm-status-store.ts';

/** Brings the gauges of accounts up to date when they are scraped, so that every instance shows the same. */
export interface CrmMeasurement {
  /** Never rejects: a scrape is answered without the database, too; the gauges then keep what they last knew. */
  refresh(): Promise<void>;
}

export function createCrmMeasurement(options: {
  readonly database: Database;
  readonly metrics: () => ConnectorMetrics;
  readonly logger: Logger;
}): CrmMeasurement {
  let running: Promise<void> | undefined;

  async function measure(): Promise<void> {
    const { statuses, completeness } = await options.database.systemTransaction(
      async (tx) => ({ statuses: await listFreshStatuses(tx), completeness: await listAllCompleteness(tx) }),
      { readOnly: true },
    );
    const { crmUp, crmCallsRemaining, completenessRatio: ratio } = options.metrics();
    crmUp.reset();
    crmCallsRemaining.reset();
    for (const { system, account, outcome, callsRemaining } of statuses) {
      crmUp.set({ system, account }, outcome === 'down' ? 0 : 1);
      if (callsRemaining !== null) crmCallsRemaining.set({ system, account }, callsRemaining);
    }
    const lowest = new Map<string, { system: System; object: string; value: number }>();
    for (const { system, object, crmRecords: crm, mirrorRecords: mirror } of completeness) {
      const value = completenessRatio({ crm, mirror });
      const known = lowest.get(`${system} ${object}`);
      if (known === undefined || value < known.value) lowest.set(`${system} ${object}`, { system, object, value });
    }
    ratio.reset();
    for (const { system, object, value } of lowest.values()) ratio.set({ system, object }, value);
  }

  return {
    refresh() {
      running ??= measure()
        .catch((error: unknown) => options.logger.debug({ err: error }, 'gauges of accounts not measured'))
        .finally(() => {
          running = undefined;
        });
      return running;
    },
  };
}
