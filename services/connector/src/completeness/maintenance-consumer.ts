import { decodeEvent, topics } from '@kempt/contracts';
import type { Handle } from '@kempt/outbox';
import { askForWatch } from '../watches/watch-store.ts';

const completenessCheck = 'completeness-check';

/** Measures completeness when the maintenance calendar says so; the measurements name the run. */
export function createMaintenanceHandle(): Handle {
  return async (tx, records) => {
    for (const record of records) {
      const { data } = decodeEvent(topics.maintenanceTaskDue, record);
      if (data?.task === completenessCheck) await askForWatch(tx, 'completeness', data.runId);
    }
  };
}
