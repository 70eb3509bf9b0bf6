import type { Fields } from '../schema/field-value.ts';
import type { ObjectSchema } from '../schema/object-schema.ts';
import type { AuditReader } from './audit-reader.ts';
import type { AskCrm } from './crm-probe.ts';
import type { CrmWriter } from './crm-writer.ts';

export type System = 'salesforce' | 'hubspot';

/** A position in a CRM: JSON that only the client that made it understands. */
export type Position = Readonly<Record<string, unknown>>;

/** One CRM account: an org or a portal, reached with one set of credentials. Every method throws CrmError. */
export interface CrmClient {
  readonly system: System;
  /** Tries the credentials and names the account they open. */
  identify(signal: AbortSignal): Promise<CrmIdentity>;
  /** Looks up the object and the fields that can be read. Kind `not-found` names the object if the account has none. */
  open(object: string, signal: AbortSignal): Promise<ObjectReader>;
  /** One cheap call that shows whether the CRM answers. */
  readonly ask: AskCrm;
  /** Who has access to the account, and what they did with it. */
  readonly audit: AuditReader;
  /** Writes to the account. Nothing is asked before its first use. */
  readonly writer: CrmWriter;
  /** Stops what runs in the background. Calls that are under way fail. */
  close(): void;
}

export interface CrmIdentity {
  /** `sf:<18-character org id>` or `hs:<portal id>`. */
  readonly account: string;
  /** What people call the account, as far as the CRM says. */
  readonly displayName: string;
}

/** Reads the records of one object. Calls of one reader do not overlap, except that one page may be read ahead. */
export interface ObjectReader {
  readonly schema: ObjectSchema;

  /** Living records that the CRM counts now. The count may be a few moments behind. */
  count(signal: AbortSignal): Promise<number>;

  /** The position from which changes have to be read so that none made from now on is missed. */
  beginChanges(signal: AbortSignal): Promise<Position>;

  /** A page of every record, beginning at `null`. `next` is null after the last page. */
  readAll(position: Position | null, signal: AbortSignal): Promise<RecordPage>;

  /**
   * The changes after a position, oldest first. A change can come again, so applying it twice must do no harm.
   * `next` is where the following call continues; `more` says that something is waiting there already.
   */
  readChanges(position: Position, signal: AbortSignal): Promise<ChangePage>;

  /**
   * A page of the records that are deleted, for CRMs whose changes do not tell of deletions; `next` is null after the
   * last page. Absent where `readChanges` tells of them.
   */
  readonly readDeleted?: (position: Position | null, signal: AbortSignal) => Promise<RecordPage>;

  /** The records with these ids that are not deleted, in any order. Present where `readDeleted` is. */
  readonly readByIds?: (ids: readonly string[], signal: AbortSignal) => Promise<RecordPage>;

  /** Those of the records with these ids that are deleted, in any order. Present where `readDeleted` is. */
  readonly readDeletedByIds?: (ids: readonly string[], signal: AbortSignal) => Promise<RecordPage>;
}

export interface RecordPage {
  readonly records: readonly CrmRecord[];
  readonly skipped: readonly SkippedRecord[];
  readonly next: Position | null;
}

export interface ChangePage {
  readonly records: readonly CrmRecord[];
  readonly skipped: readonly SkippedRecord[];
  readonly next: Position;
  readonly more: boolean;
}

/** A record as it was read. */
export interface CrmRecord {
  readonly recordId: string;
  /** The CRM's modification stamp, in milliseconds since 1970. */
  readonly modifiedAtMs: number;
  /** User id of whoever changed it last; empty when the CRM does not say. */
  readonly modifiedBy: string;
  readonly deleted: boolean;
  /** The record that this one was merged into. */
  readonly mergedInto: string | null;
  /** Records that were merged into this one, where the CRM tells of merges on the survivor. */
  readonly mergedFrom: readonly string[];
  /** In the order of their names. Empty when a deleted record shows none. */
  readonly fields: Fields;
}

/** A record that could not be read. It is told of, and the run goes on. */
export interface SkippedRecord {
  /** Empty when even the id is missing. */
  readonly recordId: string;
  readonly reason: SkipReason;
  /** For people: which field, what was expected. Never the value itself. */
  readonly detail: string;
}

export type SkipReason = 'missing-id' | 'missing-stamp' | 'unexpected-value' | 'not-a-record';
