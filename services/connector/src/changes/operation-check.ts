import { formatRecordRef, type RecordRefFields } from '@kempt/contracts';
import type { FieldChanges, WritableField } from '../crm/crm-writer.ts';
import { parseInstant } from '../schema/convert-value.ts';
import { decimalText } from '../schema/decimal-text.ts';
import { type FieldValue, isDecimal, isList, isTimestamp, textOf } from '../schema/field-value.ts';
import { mainRecord, type Operation, recordsOf } from './operation.ts';
import type { OperationProblem } from './operation-request.ts';

/** Objects whose records Salesforce can merge. */
const mergeableInSalesforce = new Set(['Account', 'Case', 'Contact', 'Individual', 'Lead']);

const isSalesforce = (record: RecordRefFields): boolean => record.account.startsWith('sf:');

/** What is wrong with operations as they stand side by side, whatever the CRM holds. */
export function shapeProblems(operations: readonly Operation[]): OperationProblem[] {
  const problems: OperationProblem[] = [];
  const claimed = new Map<string, number>();
  const claim = (key: string, index: number, pointer: string): void => {
    const other = claimed.get(key);
    if (other === undefined) claimed.set(key, index);
    else problems.push({ pointer, detail: `${key} is touched by operation ${other} already; one operation a record.` });
  };
  for (const [index, operation] of operations.entries()) {
    const at = `/${index}`;
    switch (operation.kind) {
      case 'update':
        if (Object.keys(operation.fields).length === 0) {
          problems.push({ pointer: `${at}/fields`, detail: 'names no field to change.' });
        }
        claim(formatRecordRef(operation.record), index, `${at}/record`);
        break;
      case 'undelete':
        claim(formatRecordRef(operation.record), index, `${at}/record`);
        break;
      case 'merge': {
        const { master, losers } = operation;
        const masterRef = formatRecordRef(master);
        claim(masterRef, index, `${at}/master`);
        for (const [place, loser] of losers.entries()) {
          const pointer = `${at}/losers/${place}`;
          const ref = formatRecordRef(loser);
          if (ref === masterRef) problems.push({ pointer, detail: `${ref} is the master; it cannot be merged away.` });
          else if (loser.account !== master.account) {
            problems.push({ pointer, detail: `${ref} belongs to another account than ${masterRef}.` });
          } else if (loser.object !== master.object) {
            problems.push({ pointer, detail: `${ref} is no ${master.object}; records of one object can be merged.` });
          } else claim(ref, index, pointer);
        }
        if (isSalesforce(master) && !mergeableInSalesforce.has(master.object)) {
          problems.push({ pointer: `${at}/master`, detail: `Salesforce cannot merge records of ${master.object}.` });
        }
        break;
      }
      case 'associate':
      case 'dissociate': {
        const { from, to } = operation;
        if (from.account !== to.account) {
          problems.push({ pointer: `${at}/to`, detail: 'Both records of an association belong to one account.' });
        } else if (isSalesforce(from)) {
          problems.push({
            pointer: at,
            detail: 'Salesforce ties records by reference fields: use an update of the field.',
          });
        }
        claim(`${formatRecordRef(from)} to ${formatRecordRef(to)} ${operation.label ?? ''}`.trim(), index, at);
        break;
      }
    }
  }
  const merged = new Map<string, number>();
  for (const [index, operation] of operations.entries()) {
    if (operation.kind === 'merge')
      for (const record of recordsOf(operation)) merged.set(formatRecordRef(record), index);
  }
  for (const [index, operation] of operations.entries()) {
    if (operation.kind !== 'associate' && operation.kind !== 'dissociate') continue;
    for (const record of recordsOf(operation)) {
      const other = merged.get(formatRecordRef(record));
      if (other === undefined) continue;
      problems.push({
        pointer: `/${index}`,
        detail: `${formatRecordRef(record)} is merged by operation ${other}; change its associations in another change set.`,
      });
    }
  }
  return problems;
}

/** A value in the kind of its field; undefined when it does not fit. */
export function valueOfKind(field: WritableField, value: FieldValue | null): FieldValue | null | undefined {
  if (value === null) return null;
  switch (field.kind) {
    case 'text':
      if (typeof value === 'string') return value;
      return typeof value === 'object' && isDecimal(value) ? value.decimal : undefined;
    case 'decimal': {
      if (typeof value === 'object') return isDecimal(value) ? value : undefined;
      const decimal = typeof value === 'string' ? decimalText(value.trim()) : undefined;
      return decimal === undefined ? undefined : { decimal };
    }
    case 'boolean':
      if (value === 'true' || value === 'false') return value === 'true';
      return typeof value === 'boolean' ? value : undefined;
    case 'date':
      if (typeof value === 'string' && /^\d{4}-\d{2}-\d{2}$/.test(value) && !Number.isNaN(Date.parse(value)))
        return value;
      return undefined;
    case 'timestamp': {
      if (typeof value === 'object')
        return isTimestamp(value) && parseInstant(value.timestamp) !== undefined ? value : undefined;
      const instant = typeof value === 'string' ? parseInstant(value) : undefined;
      return instant === undefined ? undefined : { timestamp: new Date(instant).toISOString() };
    }
    case 'list':
      if (typeof value === 'string') return value.split(';').filter((item) => item !== '');
      return typeof value === 'object' && isList(value) ? value : undefined;
  }
}

function problemOfValue(field: WritableField, value: FieldValue | null): string | null {
  const { name } = field;
  if (!field.updateable) return `${name} cannot be written: the CRM keeps it.`;
  if (value === null) return field.nillable ? null : `${name} cannot be blank.`;
  const typed = valueOfKind(field, value);
  if (typed === undefined || typed === null) return `${name} takes a ${field.kind} (${field.type}).`;
  const length = typeof typed === 'string' ? typed.length : 0;
  if (field.maxLength !== null && field.maxLength > 0 && length > field.maxLength) {
    return `${name} takes ${field.maxLength} characters, not ${length}.`;
  }
  if (field.choices !== null) {
    const chosen = typeof typed === 'object' && isList(typed) ? typed : [typed];
    const stray = chosen.map(textOf).find((choice) => !field.choices?.includes(choice));
    if (stray !== undefined) return `${name} has no choice "${stray.slice(0, 80)}".`;
  }
  return null;
}

export interface CheckedFields {
  /** In the kinds of their fields. */
  readonly fields: FieldChanges;
  readonly problems: readonly { readonly field: string; readonly detail: string }[];
}

/** Checks values against what the CRM says of their fields. */
export function checkFields(
  fields: FieldChanges,
  writable: ReadonlyMap<string, WritableField>,
  object: string,
): CheckedFields {
  const checked: Record<string, FieldValue | null> = {};
  const problems: { field: string; detail: string }[] = [];
  for (const [name, value] of Object.entries(fields)) {
    const field = writable.get(name);
    if (field === undefined) {
      problems.push({ field: name, detail: `${object} has no field ${name}, or the connection may not see it.` });
      continue;
    }
    const detail = problemOfValue(field, value);
    if (detail === null) checked[name] = valueOfKind(field, value) ?? null;
    else problems.push({ field: name, detail });
  }
  return { fields: checked, problems };
}

/** An operation with its field values in the kinds of their fields, and what is wrong with them. */
export function checkOperation(
  operation: Operation,
  writable: ReadonlyMap<string, WritableField>,
): { readonly operation: Operation; readonly problems: CheckedFields['problems'] } {
  if (operation.kind !== 'update' && operation.kind !== 'merge') return { operation, problems: [] };
  const { fields, problems } = checkFields(operation.fields, writable, mainRecord(operation).object);
  return { operation: { ...operation, fields }, problems };
}
