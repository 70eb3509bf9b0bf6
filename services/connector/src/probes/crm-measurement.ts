import type { Database } from '@kempt/postgres';
import type { Logger } from '@kempt/telemetry';
import { type Completeness, listAllCompleteness } from '../completeness/completeness-store.ts';
import { completenessRatio } from '../completeness/measurement.ts';
import type { System } from '../crm/crm-client.ts';
import type { ConnectorMetrics } from '../metrics.ts';
import { listSyncAges, type SyncAge, syncStates } from '../sync/sync-age-store.ts';
import { probeOutcomes, summariseAccounts } from './account-summary.ts';
import { type CrmStatus, listFreshStatuses } from './crm-status-store.ts';

/** Brings the gauges of accounts up to date when they are scraped, so that every instance shows the same. */
export interface CrmMeasurement {
  /** Never rejects: a scrape is answered without the database, too; the gauges then keep what they last knew. */
  refresh(): Promise<void>;
}

export function createCrmMeasurement(options: {
  readonly database: Database;
  readonly metrics: () => ConnectorMetrics;
  /** An object that was not read to its end for so long is stale. */
  readonly staleAfterMs: number;
  readonly logger: Logger;
}): CrmMeasurement {
  let running: Promise<void> | undefined;

  async function measure(): Promise<void> {
    const { statuses, completeness, ages } = await options.database.systemTransaction(
      async (tx) => ({
        statuses: await listFreshStatuses(tx),
        completeness: await listAllCompleteness(tx),
        ages: await listSyncAges(tx, options.staleAfterMs),
      }),
      { readOnly: true },
    );
    showAccounts(statuses);
    showCompleteness(completeness);
    showAges(ages);
  }

  function showAccounts(statuses: readonly CrmStatus[]): void {
    const { crmAccounts, crmCallsUsed, crmCallsAllowed, crmQuotaRemaining } = options.metrics();
    for (const gauge of [crmAccounts, crmCallsUsed, crmCallsAllowed, crmQuotaRemaining]) gauge.reset();
    for (const { system, accounts, calls } of summariseAccounts(statuses)) {
      for (const outcome of probeOutcomes) crmAccounts.set({ system, outcome }, accounts[outcome]);
      if (calls === null) continue;
      crmCallsUsed.set({ system }, calls.used);
      crmCallsAllowed.set({ system }, calls.allowed);
      crmQuotaRemaining.set({ system }, calls.lowestRemainingRatio);
    }
  }

  function showCompleteness(measured: readonly Completeness[]): void {
    const { completenessRatio: ratio, completenessDifference, completenessRecords } = options.metrics();
    const byObject = new Map<
      string,
      { system: System; object: string; lowest: number; records: number; differ: number }
    >();
    for (const { system, object, crmRecords: crm, mirrorRecords: mirror } of measured) {
      const key = `${system} ${object}`;
      const known = byObject.get(key) ?? { system, object, lowest: 1, records: 0, differ: 0 };
      byObject.set(key, {
        ...known,
        lowest: Math.min(known.lowest, completenessRatio({ crm, mirror })),
        records: known.records + Math.max(crm, mirror),
        differ: known.differ + Math.abs(crm - mirror),
      });
    }
    for (const gauge of [ratio, completenessDifference, completenessRecords]) gauge.reset();
    for (const { system, object, lowest, records, differ } of byObject.values()) {
      ratio.set({ system, object }, lowest);
      completenessRecords.set({ system, object }, records);
      completenessDifference.set({ system, object }, differ);
    }
  }

  function showAges(ages: readonly SyncAge[]): void {
    const { syncTargets, syncOldestAge } = options.metrics();
    syncTargets.reset();
    syncOldestAge.reset();
    for (const [system, ofSystem] of Map.groupBy(ages, (age) => age.system)) {
      for (const state of syncStates) {
        const targets = ofSystem.filter((age) => age.state === state).reduce((sum, age) => sum + age.targets, 0);
        syncTargets.set({ system, state }, targets);
      }
      for (const [object, ofObject] of Map.groupBy(ofSystem, (age) => age.object)) {
        const read = ofObject.filter(({ state }) => state === 'fresh' || state === 'stale');
        if (read.length === 0) continue;
        syncOldestAge.set({ system, object }, Math.max(...read.map(({ oldestSeconds }) => oldestSeconds)));
      }
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
