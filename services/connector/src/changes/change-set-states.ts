import type { WireFormat } from '@kempt/contracts';
import { appendToOutbox } from '@kempt/outbox';
import type { Transaction } from '@kempt/postgres';
import type { ConnectorMetrics } from '../metrics.ts';
import type { ChangeSet } from './change-set.ts';
import { changeSetEvent } from './change-set-events.ts';
import { type ChangeSetPatch, insertChangeSet, type NewChangeSet, patchChangeSet } from './change-set-store.ts';
import { mainRecord, type Operation } from './operation.ts';
import { countOperations, putOperations } from './operation-store.ts';
import { hashOf } from './value-hash.ts';

/** The only road from one state of a change set to the next: each is stored, told and counted. */
export interface ChangeSetStates {
  /** Stores a draft with its operations; undefined when there is a change set of that id. */
  create(tx: Transaction, draft: DraftContent & { readonly id: string }): Promise<ChangeSet | undefined>;
  /** Puts other operations in the place of those of a change set whose row is held; it is a draft again. */
  replace(tx: Transaction, id: string, operations: readonly Operation[]): Promise<ChangeSet>;
  /** Takes a change set whose row is held into a state. */
  enter(
    tx: Transaction,
    id: string,
    patch: ChangeSetPatch & Required<Pick<ChangeSetPatch, 'state'>>,
  ): Promise<ChangeSet>;
}

export interface DraftContent {
  readonly title: string;
  readonly purpose: string;
  readonly requestedBy: string;
  readonly operations: readonly Operation[];
}

const accountsOf = (operations: readonly Operation[]): string[] =>
  [...new Set(operations.map((operation) => mainRecord(operation).account))].sort();

export function createChangeSetStates(options: {
  readonly wireFormat: WireFormat;
  readonly metrics: ConnectorMetrics;
  readonly now: () => number;
}): ChangeSetStates {
  async function tell(tx: Transaction, changeSet: ChangeSet): Promise<ChangeSet> {
    const counts = await countOperations(tx, [changeSet.id]);
    await appendToOutbox(tx, [changeSetEvent(changeSet, counts.get(changeSet.id), options)]);
    options.metrics.changeSets.inc({ state: changeSet.state });
    return changeSet;
  }

  return {
    async create(tx, { operations, ...draft }) {
      const content: NewChangeSet = {
        ...draft,
        operationsHash: hashOf(operations),
        accounts: accountsOf(operations),
        operations: operations.length,
      };
      const created = await insertChangeSet(tx, content);
      if (created === undefined) return undefined;
      await putOperations(tx, created.id, operations);
      return await tell(tx, created);
    },

    async replace(tx, id, operations) {
      await putOperations(tx, id, operations);
      const changed = await patchChangeSet(tx, id, {
        state: 'draft',
        task: null,
        planHash: null,
        approvedBy: null,
        reason: '',
        operationsHash: hashOf(operations),
        accounts: accountsOf(operations),
        operations: operations.length,
      });
      return await tell(tx, changed);
    },

    async enter(tx, id, patch) {
      return await tell(tx, await patchChangeSet(tx, id, patch));
    },
  };
}
