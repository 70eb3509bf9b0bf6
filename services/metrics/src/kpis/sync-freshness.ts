import type { Database } from '@kempt/postgres';
import type { Component } from '@kempt/service-runtime';
import type { Gauge } from '@kempt/telemetry';
import { type FinishedRun, systemOf } from './sync-kpi.ts';
import { newestSuccesses } from './sync-kpi-store.ts';

/** The gauge of last successes: filled from the database at start, then moved on by each run. It never goes back. */
export interface SyncFreshness extends Component {
  note(run: FinishedRun): void;
}

export function createSyncFreshness(options: {
  readonly database: Database;
  readonly gauge: Gauge<'system' | 'object'>;
}): SyncFreshness {
  const { database, gauge } = options;
  const newest = new Map<string, number>();

  function raise(system: string, object: string, at: Date): void {
    const place = `${system}:${object}`;
    const seconds = at.getTime() / 1000;
    if (seconds <= (newest.get(place) ?? 0)) return;
    newest.set(place, seconds);
    gauge.set({ system, object }, seconds);
  }

  return {
    name: 'sync-freshness',
    async start() {
      for (const { system, object, at } of await database.systemTransaction(newestSuccesses, { readOnly: true })) {
        raise(system, object, at);
      }
    },
    async stop() {},
    note({ account, object, outcome, finishedAt }) {
      if (outcome === 'succeeded') raise(systemOf(account), object, finishedAt);
    },
  };
}
