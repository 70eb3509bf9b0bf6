import type { RecordRefFields } from '@kempt/contracts';
import type { FieldChanges, RecordLink } from '../crm/crm-writer.ts';
import type { Fields } from '../schema/field-value.ts';

/** What is asked for. Every operation stays within one object of one account, associations apart. */
export type Operation = UpdateOperation | MergeOperation | AssociationOperation | UndeleteOperation;

export interface UpdateOperation {
  readonly kind: 'update';
  readonly record: RecordRefFields;
  readonly fields: FieldChanges;
}

export interface MergeOperation {
  readonly kind: 'merge';
  readonly master: RecordRefFields;
  readonly losers: readonly RecordRefFields[];
  /** What the survivor shall hold besides what the master holds. */
  readonly fields: FieldChanges;
}

export interface AssociationOperation {
  readonly kind: 'associate' | 'dissociate';
  readonly from: RecordRefFields;
  readonly to: RecordRefFields;
  /** Absent: the kind of association that has no label. */
  readonly label?: string;
}

export interface UndeleteOperation {
  readonly kind: 'undelete';
  readonly record: RecordRefFields;
}

export type OperationStatus =
  | 'draft'
  | 'planned'
  | 'applying'
  | 'applied'
  | 'failed'
  | 'refused'
  | 'undone'
  | 'undo-failed';

/** A record as it was read for a plan. */
export interface RecordImage {
  readonly object: string;
  readonly recordId: string;
  readonly modifiedAtMs: number;
  readonly deleted: boolean;
  readonly mergedInto: string | null;
  readonly fields: Fields;
}

/** What may be taken back. */
export interface UndoGrade {
  readonly grade: 'full' | 'partial' | 'new-id';
  /** What does not come back, for people. */
  readonly losses: readonly string[];
  /** Days after the apply for which the way back stays open; absent when it stays open. */
  readonly withinDays?: number;
}

/** Everything that a plan says of an operation. */
export interface OperationPlan {
  /** The records that it touches; the master first. */
  readonly before: readonly RecordImage[];
  /** Fields that it writes to the record or survivor, without those that hold the value already. */
  readonly writes: FieldChanges;
  /** Links of each record that a merge moves, by record id; for an association the one that is made or taken away. */
  readonly links: Readonly<Record<string, readonly RecordLink[]>>;
  readonly risks: readonly string[];
  /** Calls to the CRM that it takes. */
  readonly calls: number;
  readonly undo: UndoGrade;
}

/** What came of an operation. */
export interface OperationResult {
  /** The record or survivor after it. */
  readonly recordId: string;
  readonly after: Fields;
  /** ISO 8601. */
  readonly appliedAt: string;
  /** Names of the survivor's links right after a merge; absent where children follow by reference. */
  readonly links?: readonly string[];
  /** Ids under which an undo made records again, by their old ids. */
  readonly recreated?: Readonly<Record<string, string>>;
  /** What an undo left as others had changed it, for people. */
  readonly kept?: readonly string[];
}

/** An operation of a change set as it is stored. */
export interface StoredOperation {
  readonly index: number;
  readonly status: OperationStatus;
  readonly request: Operation;
  readonly plan: OperationPlan | null;
  readonly inputsHash: string | null;
  readonly result: OperationResult | null;
  readonly written: boolean;
  readonly reason: string;
}

/** The records that an operation names. */
export function recordsOf(operation: Operation): readonly RecordRefFields[] {
  switch (operation.kind) {
    case 'update':
    case 'undelete':
      return [operation.record];
    case 'merge':
      return [operation.master, ...operation.losers];
    case 'associate':
    case 'dissociate':
      return [operation.from, operation.to];
  }
}

/** The record that comes first: its account and object are where the operation happens. */
export const mainRecord = (operation: Operation): RecordRefFields => recordsOf(operation)[0] as RecordRefFields;
