import { isSalesforceId, longSalesforceId } from '@kempt/contracts';
import { convertJson, parseInstant, UnexpectedValueError } from '../../schema/convert-value.ts';
import type { FieldValue } from '../../schema/field-value.ts';
import type { FieldSchema } from '../../schema/object-schema.ts';
import type { CrmRecord, SkippedRecord } from '../crm-client.ts';

/** A row of a query result. */
export type SalesforceRow = Readonly<Record<string, unknown>>;

export type ReadRow = { readonly record: CrmRecord } | { readonly skipped: SkippedRecord };

const skip = (recordId: string, reason: SkippedRecord['reason'], detail: string): ReadRow => ({
  skipped: { recordId, reason, detail },
});

/** Makes a record of a row, or says why it is none. `fields` are sorted by name. */
export function readRow(row: unknown, fields: readonly FieldSchema[]): ReadRow {
  if (typeof row !== 'object' || row === null || Array.isArray(row))
    return skip('', 'not-a-record', 'The row is not an object.');
  const values = row as SalesforceRow;
  if (!isSalesforceId(values.Id)) return skip('', 'missing-id', 'The field Id holds no record id.');
  const recordId = longSalesforceId(values.Id);
  const modifiedAtMs = typeof values.SystemModstamp === 'string' ? parseInstant(values.SystemModstamp) : undefined;
  if (modifiedAtMs === undefined)
    return skip(recordId, 'missing-stamp', 'The field SystemModstamp holds no point in time.');
  const read: Record<string, FieldValue> = {};
  try {
    for (const field of fields) {
      const raw = values[field.name];
      if (raw === null || raw === undefined) continue;
      const value = convertJson(field, raw);
      if (value !== undefined) read[field.name] = value;
    }
  } catch (error) {
    if (error instanceof UnexpectedValueError) return skip(recordId, 'unexpected-value', error.message);
    throw error;
  }
  const deleted = values.IsDeleted === true;
  return {
    record: {
      recordId,
      modifiedAtMs,
      modifiedBy: typeof values.LastModifiedById === 'string' ? values.LastModifiedById : '',
      deleted,
      mergedInto: deleted && isSalesforceId(values.MasterRecordId) ? longSalesforceId(values.MasterRecordId) : null,
      mergedFrom: [],
      fields: read,
    },
  };
}
