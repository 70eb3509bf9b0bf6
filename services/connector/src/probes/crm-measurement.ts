import type { Database } from '@kempt/postgres';
import type { Logger } from '@kempt/telemetry';
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
    const statuses = await options.database.systemTransaction(listFreshStatuses, { readOnly: true });
    const { crmUp, crmCallsRemaining } = options.metrics();
    crmUp.reset();
    crmCallsRemaining.reset();
    for (const { system, account, outcome, callsRemaining } of statuses) {
      crmUp.set({ system, account }, outcome === 'down' ? 0 : 1);
      if (callsRemaining !== null) crmCallsRemaining.set({ system, account }, callsRemaining);
    }
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
