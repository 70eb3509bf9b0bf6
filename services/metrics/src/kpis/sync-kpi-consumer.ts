import { decodeEvent, topics } from '@kempt/contracts';
import type { Handle } from '@kempt/outbox';
import type { KpiMetrics } from '../metrics.ts';
import type { SyncFreshness } from './sync-freshness.ts';
import { finishedRunOf, systemOf } from './sync-kpi.ts';
import { saveRun } from './sync-kpi-store.ts';

/** Takes up how sync runs ended. */
export function createSyncKpiConsumer(options: {
  readonly metrics: Pick<KpiMetrics, 'syncRuns'>;
  readonly freshness: Pick<SyncFreshness, 'note'>;
}): Handle {
  const { metrics, freshness } = options;
  return async (tx, records) => {
    for (const record of records) {
      const event = decodeEvent(topics.syncRunFinished, record);
      if (event.data === null) continue;
      const run = finishedRunOf(event, event.data);
      await saveRun(tx, run);
      freshness.note(run);
      metrics.syncRuns.inc({ system: systemOf(run.account), object: run.object, outcome: run.outcome });
    }
  };
}
