import type { Transaction } from '@kempt/postgres';
import type { ResolutionState } from '../models/model-store.ts';
import type { KeyTableSize } from './block-page-store.ts';
import type { EntityKind } from './entity-kind.ts';
import { changesAfter, lockKind } from './kind-change-store.ts';
import type { KindMemories } from './kind-memories.ts';
import type { KindLoan } from './kind-memory.ts';

/** What a transaction has that holds the lock of a kind to change its records. */
export interface ChangeLock {
  readonly state: ResolutionState;
  /** Of the key table, which brings it up to date as it is saved. */
  size: KeyTableSize;
  readonly loan: KindLoan;
}

/** Takes the lock of a kind that has a state, for a transaction that changes records or keys. */
export type ChangeLocks = (tx: Transaction, kind: EntityKind) => Promise<ChangeLock>;

export function createChangeLocks(memories: KindMemories): ChangeLocks {
  return async (tx, kind) => {
    const locked = await lockKind(tx, kind);
    if (locked === undefined) throw new Error(`the kind ${kind} of the tenant has no state to lock`);
    const { state, size, mark } = locked;
    const memory = memories.of(tx.tenantId as string, kind);
    const after = memory.unknownAfter(mark);
    const changes = after === undefined ? [] : await changesAfter(tx, kind, after);
    return { state, size, loan: memory.lend(mark, changes) };
  };
}
