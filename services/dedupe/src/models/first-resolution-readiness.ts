import { ConnectionStatus } from '@kempt/contracts';
import { type EntityKind, entityKindOfObject } from '../matching/entity-kind.ts';
import type { AccountProgress } from './account-progress-store.ts';

/** What still has to arrive before a model may be trained; `ready` when nothing. */
export type Readiness =
  | { readonly state: 'ready'; readonly expected: readonly ExpectedObject[] }
  | { readonly state: 'waiting'; readonly forWhat: string };

/** An object that must be stored as far as the connector knew it when its first backfill ended. */
export interface ExpectedObject {
  readonly account: string;
  readonly object: string;
  readonly recordsKnown: number;
}

/**
 * A model is trained once, on everything that the known accounts hold, so the first resolution waits until each of them
 * has been read. An account that is paused, or has been failing for longer than `patienceMs`, is not waited for: its
 * records are resolved as they come.
 */
export function firstResolutionReadiness(
  kind: EntityKind,
  accounts: readonly AccountProgress[],
  patienceMs: number,
): Readiness {
  const expected: ExpectedObject[] = [];
  let waitedFor = 0;
  for (const account of accounts) {
    const objects = account.objects.filter((object) => entityKindOfObject(object) === kind);
    const givenUp =
      account.status === ConnectionStatus.PAUSED ||
      (account.status === ConnectionStatus.FAILING && account.statusAgeMs > patienceMs);
    for (const object of objects) {
      const recordsKnown = account.backfilled[object];
      if (recordsKnown !== undefined) {
        expected.push({ account: account.account, object, recordsKnown });
        waitedFor += 1;
      } else if (!givenUp) {
        return { state: 'waiting', forWhat: `the first backfill of ${account.account} ${object}` };
      }
    }
  }
  if (waitedFor === 0) return { state: 'waiting', forWhat: 'a connected account' };
  return { state: 'ready', expected };
}
