import {
  type CanonicalRecord as CanonicalMessage,
  CanonicalRecordSchema,
  ChangeKind,
  ChangeOrigin,
  create,
  type EventRecord,
  encodeEvent,
  type MessageInitShape,
  type RecordRef,
  recordKey,
  recordSubject,
  timestampFromDate,
  topics,
  type Value,
  type WireFormat,
} from '@kempt/contracts';
import { type Fields, type FieldValue, isDecimal, isList } from '../schema/field-value.ts';
import { type CanonicalRecord, canonicalFields } from './canonical-record.ts';
import { createEventIds } from './event-ids.ts';
import type { RecordChange } from './record-change.ts';

/** How a change came to be known; `change-set` is what was read back after a write of our own. */
export type Origin = 'backfill' | 'incremental' | 'change-set' | 'webhook';

/** Everything that is told of a change. */
export interface ChangeToTell {
  readonly account: string;
  readonly object: string;
  readonly change: RecordChange;
  readonly origin: Origin;
  readonly modifiedBy: string;
  /** Null for a record that is not there any more. */
  readonly content: ChangedContent | null;
  readonly mergedInto: string | null;
}

export interface ChangedContent {
  readonly fields: Fields;
  /** Sorted; empty when there was no version before. */
  readonly changedFields: readonly string[];
  readonly canonical: CanonicalRecord | null;
  readonly contentHash: string;
}

export interface RecordEvents {
  /** `record-changed` and `record-state` of one change. The same content gives the same bytes, wherever and whenever. */
  of(tenantId: string, told: ChangeToTell): EventRecord[];
}

const kinds = {
  created: ChangeKind.CREATED,
  updated: ChangeKind.UPDATED,
  deleted: ChangeKind.DELETED,
  restored: ChangeKind.RESTORED,
  merged: ChangeKind.MERGED,
} as const;

const origins = {
  backfill: ChangeOrigin.BACKFILL,
  incremental: ChangeOrigin.INCREMENTAL,
  'change-set': ChangeOrigin.CHANGE_SET,
  webhook: ChangeOrigin.WEBHOOK,
} as const;

const typeName = 'kempt.types.v1.Value';

const blank: Value = { $typeName: typeName, kind: { case: 'null', value: 0 } };

/** The message of a value. Written out, since a record has dozens of them and a generic maker takes twice as long. */
function valueMessage(value: FieldValue): Value {
  if (typeof value === 'string') return { $typeName: typeName, kind: { case: 'string', value } };
  if (typeof value === 'boolean') return { $typeName: typeName, kind: { case: 'boolean', value } };
  if (isList(value)) {
    const values = value.map(valueMessage);
    return { $typeName: typeName, kind: { case: 'list', value: { $typeName: 'kempt.types.v1.ValueList', values } } };
  }
  if (isDecimal(value)) return { $typeName: typeName, kind: { case: 'decimal', value: value.decimal } };
  return { $typeName: typeName, kind: { case: 'timestamp', value: timestampFromDate(new Date(value.timestamp)) } };
}

function fieldMessages(fields: Fields): Record<string, Value> {
  const messages: Record<string, Value> = {};
  for (const name in fields) messages[name] = valueMessage(fields[name] as FieldValue);
  return messages;
}

function canonicalMessage(canonical: CanonicalRecord): CanonicalMessage {
  const kindsOfFields = canonicalFields[canonical.entity];
  const value: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(canonical.fields)) {
    value[name] = kindsOfFields[name] === 'timestamp' ? timestampFromDate(new Date(field as string)) : field;
  }
  const init = { kind: { case: canonical.entity, value } } as MessageInitShape<typeof CanonicalRecordSchema>;
  return create(CanonicalRecordSchema, init);
}

const refMessage = (account: string, object: string, recordId: string): RecordRef => ({
  $typeName: 'kempt.types.v1.RecordRef',
  account,
  object,
  recordId,
});

export function createRecordEvents(options: {
  readonly wireFormat: WireFormat;
  readonly now: () => number;
  readonly newId?: () => string;
}): RecordEvents {
  const newId = options.newId ?? createEventIds();
  return {
    of(tenantId, told) {
      const { account, object, change, content } = told;
      const record = refMessage(account, object, change.recordId);
      const modified = new Date(change.modifiedAtMs);
      const modifiedAt = timestampFromDate(modified);
      const canonical = content?.canonical == null ? undefined : canonicalMessage(content.canonical);
      const mergedInto = told.mergedInto === null ? undefined : refMessage(account, object, told.mergedInto);
      const fields = content === null ? {} : fieldMessages(content.fields);
      const common = {
        record,
        version: change.version,
        modifiedAt,
        contentHash: content?.contentHash ?? '',
        ...(canonical !== undefined && { canonical }),
        ...(mergedInto !== undefined && { mergedInto }),
      };
      // A field that became blank is told once, with the change; apart from that, blank fields are absent.
      const changed = { ...fields };
      for (const name of content?.changedFields ?? []) changed[name] ??= blank;
      const envelope = {
        tenantId,
        source: '/kempt/connector',
        subject: recordSubject(record),
        key: recordKey(tenantId, record),
        time: modified,
        recordedTime: new Date(options.now()),
        sequence: change.version,
      };
      return [
        encodeEvent(
          {
            ...envelope,
            id: newId(),
            topic: topics.recordChanged,
            data: {
              $typeName: 'kempt.connector.v1.RecordChanged',
              ...common,
              kind: kinds[change.kind],
              origin: origins[told.origin],
              modifiedBy: told.modifiedBy,
              fields: changed,
              changedFields: [...(content?.changedFields ?? [])],
            },
          },
          options.wireFormat,
        ),
        encodeEvent(
          {
            ...envelope,
            id: newId(),
            topic: topics.recordState,
            data: { $typeName: 'kempt.connector.v1.RecordState', ...common, fields, deleted: content === null },
          },
          options.wireFormat,
        ),
      ];
    },
  };
}
