import type { FieldKind, FieldValue } from '../schema/field-value.ts';
import type { CrmRecord } from './crm-client.ts';

/**
 * Writes to one CRM account, and reads what a write needs to know. Every method throws CrmError. No write is tried again
 * unless the CRM surely did not carry it out; a write whose answer never came throws kind `unknown-outcome`, and the
 * caller finds out by reading. What was sent can still arrive for a while after that. Once the signal is aborted, a write
 * that was under way throws the same, and everything else the signal's reason.
 */
export interface CrmWriter {
  /**
   * Reads records afresh with every readable field, in the form in which the reader of the object gives them to the
   * mirror. Deleted ones with what the CRM still shows; unknown ids are absent. A record that was reached by an id that
   * was merged away has that id in `requestedId`.
   */
  read(object: string, ids: readonly string[], signal: AbortSignal): Promise<readonly FreshRecord[]>;

  /** Children (reference fields that name the record) and associations: everything that a merge of it would move. */
  links(object: string, recordId: string, signal: AbortSignal): Promise<readonly RecordLink[]>;

  /** The readable fields of an object by name, with what may be written to them. */
  writableFields(object: string, signal: AbortSignal): Promise<ReadonlyMap<string, WritableField>>;

  /** The kinds of associations between two objects; none where records are tied by reference fields. */
  associationTypes(fromObject: string, toObject: string, signal: AbortSignal): Promise<readonly AssociationType[]>;

  /** Writes these fields and no others. */
  update(
    object: string,
    recordId: string,
    fields: FieldChanges,
    signal: AbortSignal,
    options?: UpdateOptions,
  ): Promise<void>;

  /** Makes a record with its associations, and gives its id. */
  create(object: string, fields: FieldChanges, links: readonly RecordLink[], signal: AbortSignal): Promise<string>;

  /**
   * Records created at or after a point in time, oldest first, at most 1,000. The CRM shows a new one after at most
   * `undo.indexLagMs`. What a `create` without an answer is looked for with.
   */
  createdSince(object: string, sinceMs: number, signal: AbortSignal): Promise<readonly FreshRecord[]>;

  /**
   * Salesforce: at most two losers, and the master survives. HubSpot: one loser at a time, and the survivor is a new
   * record. `fields` are what the survivor shall hold besides what the master holds; HubSpot writes them after the
   * merge, and when that fails throws kind `unknown-outcome`, code `survivor-not-updated`, `existingId` the survivor.
   */
  merge(object: string, merge: RecordMerge, signal: AbortSignal): Promise<MergeResult>;

  /** Takes a record out of the recycle bin. Kind `not-supported` where there is none. */
  undelete(object: string, recordId: string, signal: AbortSignal): Promise<void>;

  /**
   * Ties a link to another record. A reference: its field names that record from now on. An association: one of the same
   * kind is made from that record to the link's `to` end. Doing it again changes nothing.
   */
  setLink(link: RecordLink, holder: LinkHolder, signal: AbortSignal, options?: UpdateOptions): Promise<void>;

  /**
   * Blanks the reference field, or takes this kind of association away. Doing it again changes nothing. HubSpot takes the
   * labelled kinds between the two records away together with the unlabelled one.
   */
  removeLink(link: RecordLink, signal: AbortSignal): Promise<void>;

  /** What this CRM can take back. */
  readonly undo: UndoAbilities;

  /** Whether real customers' data are in the account. Developer and test accounts count as sandboxes. */
  environment(signal: AbortSignal): Promise<'production' | 'sandbox'>;
}

/** A record as it was read just now. */
export interface FreshRecord extends CrmRecord {
  /** The id that it was asked for by. Differs from `recordId` when that one was merged into this record. */
  readonly requestedId: string;
}

export interface UpdateOptions {
  /** The values stood there before: rules of the CRM against duplicates let them pass. For taking changes back only. */
  readonly putsBack?: boolean;
}

/** New values of fields; null makes a field blank. */
export type FieldChanges = Readonly<Record<string, FieldValue | null>>;

export type RecordLink = ReferenceLink | AssociationLink;

/** A field of a child record that names the record. */
export interface ReferenceLink {
  readonly kind: 'reference';
  /** The child. */
  readonly object: string;
  readonly recordId: string;
  readonly field: string;
  /** A merge moves it, and nothing else can: `setLink` and `removeLink` throw kind `not-supported`. */
  readonly isFixed?: true;
}

/** An association, seen from the record that it was asked for: that is its `from` end. */
export interface AssociationLink {
  readonly kind: 'association';
  readonly fromObject: string;
  readonly fromId: string;
  readonly toObject: string;
  readonly toId: string;
  readonly category: string;
  readonly typeId: number;
  readonly label: string | null;
}

export interface LinkHolder {
  readonly object: string;
  readonly recordId: string;
}

export interface AssociationType {
  readonly category: string;
  readonly typeId: number;
  readonly label: string | null;
}

export interface WritableField {
  readonly name: string;
  readonly kind: FieldKind;
  /** The CRM's own word. */
  readonly type: string;
  readonly updateable: boolean;
  readonly createable: boolean;
  /** Whether it may be blank. */
  readonly nillable: boolean;
  /** Longest text in characters; null when there is no limit that the CRM tells. */
  readonly maxLength: number | null;
  /** The only values that it takes; null when it takes others. */
  readonly choices: readonly string[] | null;
}

export interface RecordMerge {
  readonly masterId: string;
  readonly loserIds: readonly string[];
  readonly fields: FieldChanges;
}

export interface MergeResult {
  readonly survivorId: string;
  /** Links that the CRM says it moved; null when it does not say. */
  readonly movedLinks: number | null;
}

export interface UndoAbilities {
  /** `full`: the losers come back as themselves. `new-id`: they have to be made again. */
  readonly merge: 'full' | 'partial' | 'new-id';
  readonly undelete: boolean;
  /** How long a deleted record can come back; null when it cannot. */
  readonly recycleBinDays: number | null;
  /** After this time the CRM surely shows a new record to `createdSince`. */
  readonly indexLagMs: number;
}
