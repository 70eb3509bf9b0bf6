import type { FieldChanges, LinkHolder, RecordLink } from '../crm/crm-writer.ts';
import type { Fields } from '../schema/field-value.ts';

/** One write to a CRM, with what it takes to find out afterwards whether it happened. */
export type Write = UpdateWrite | MergeWrite | UndeleteWrite | CreateWrite | TieWrite | UntieWrite;

export interface UpdateWrite {
  readonly kind: 'update';
  readonly object: string;
  readonly recordId: string;
  readonly fields: FieldChanges;
  /** What these fields hold before the write. */
  readonly before: FieldChanges;
}

export interface MergeWrite {
  readonly kind: 'merge';
  readonly object: string;
  readonly masterId: string;
  readonly loserIds: readonly string[];
  readonly fields: FieldChanges;
}

export interface UndeleteWrite {
  readonly kind: 'undelete';
  readonly object: string;
  readonly recordId: string;
}

export interface CreateWrite {
  readonly kind: 'create';
  readonly object: string;
  /** The record that it stands for, which has gone. */
  readonly insteadOf: string;
  readonly fields: FieldChanges;
  readonly links: readonly RecordLink[];
}

/** Ties a link to a record. */
export interface TieWrite {
  readonly kind: 'tie';
  readonly link: RecordLink;
  readonly holder: LinkHolder;
  /** The record that a reference names before the write; null for a new association. */
  readonly from: string | null;
}

export interface UntieWrite {
  readonly kind: 'untie';
  readonly link: RecordLink;
}

export type Phase = 'apply' | 'undo';

/** Where a write belongs. */
export interface StepPlace {
  readonly changeSetId: string;
  readonly phase: Phase;
  readonly operation: number;
  /** Unique within the operation and phase. */
  readonly step: string;
}

/** What a write came to. */
export interface WriteResult {
  /** Id of the record that the write left: the survivor, the created one. */
  readonly recordId: string;
  /** What it held when it was read back. */
  readonly after: Fields;
}

export interface JournalEntry extends StepPlace {
  readonly sequence: number;
  readonly intent: Write;
  readonly outcome: 'done' | 'failed' | null;
  readonly result: WriteResult | null;
  readonly reason: string;
  readonly attempts: number;
  readonly intendedAt: Date;
  readonly attemptedAt: Date | null;
}
