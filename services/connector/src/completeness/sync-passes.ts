import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from '@kempt/postgres';
import { askForDeleted, listPasses } from '../sync/cursor-store.ts';
import { makeObjectsDue } from '../sync/lease-store.ts';

export interface SyncPasses {
  /**
   * Has these objects read as they are from now on, changes and deletions, and resolves when they were. Resolves as well
   * when that takes longer than `patienceMs`: an object that cannot be read stays behind.
   */
  pass(
    scope: { readonly tenantId: string; readonly account: string; readonly objects: readonly string[] },
    signal: AbortSignal,
  ): Promise<void>;
}

/** A look that is under way may have read before this moment; the one after it has not. */
const passesNeeded = 2;

export function createSyncPasses(options: {
  readonly database: Database;
  readonly patienceMs: number;
  readonly pollMs: number;
  /** Called when objects became due. */
  readonly onDue: () => void;
  readonly now: () => number;
}): SyncPasses {
  const { database } = options;
  return {
    async pass({ tenantId, account, objects }, signal) {
      const deadline = options.now() + options.patienceMs;
      const before = await database.transaction(tenantId, async (tx) => {
        await askForDeleted(tx, account, objects);
        return await listPasses(tx, account, objects);
      });
      for (;;) {
        const passes = await database.transaction(tenantId, async (tx) => {
          const found = await listPasses(tx, account, objects);
          const behind = objects.filter(
            (object) => (found.get(object) ?? 0) - (before.get(object) ?? 0) < passesNeeded,
          );
          // A look that ends puts the next one off, so it is asked for until it was had.
          await makeObjectsDue(tx, account, behind);
          return behind;
        });
        if (passes.length === 0 || options.now() >= deadline) return;
        options.onDue();
        await sleep(options.pollMs, undefined, { signal });
      }
    },
  };
}
