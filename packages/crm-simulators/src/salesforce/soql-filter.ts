import { bindPath } from './field-path.ts';
import type { FieldValue, SalesforceObject, SalesforceRecord, StoredField } from './object-definition.ts';
import { normaliseRecordId } from './record-id.ts';
import { relativeDateRange } from './relative-date.ts';
import { soqlError } from './salesforce-error.ts';
import type { SalesforceStore } from './salesforce-store.ts';
import type { Comparison, Condition, Literal, SoqlQuery } from './soql-syntax.ts';

export type RecordPredicate = (record: SalesforceRecord) => boolean;

export interface FilterContext {
  readonly store: SalesforceStore;
  readonly soql: string;
  readonly nowMs: number;
  /** Values of the single field of an inner query, for `IN (SELECT ...)`. */
  readonly innerValues: (query: SoqlQuery) => ReadonlySet<FieldValue>;
}

const textTypes: ReadonlySet<string> = new Set([
  'string',
  'picklist',
  'multipicklist',
  'email',
  'phone',
  'url',
  'textarea',
]);
const idTypes: ReadonlySet<string> = new Set(['id', 'reference']);
const numberTypes: ReadonlySet<string> = new Set(['int', 'double', 'currency', 'percent']);

function wrongType(context: FilterContext, field: StoredField, literal: Literal) {
  const wanted =
    textTypes.has(field.type) || idTypes.has(field.type)
      ? 'string'
      : field.type === 'datetime'
        ? 'dateTime'
        : field.type;
  const quotes =
    wanted === 'string'
      ? ' and should be enclosed in quotes'
      : literal.kind === 'string'
        ? ' and should not be enclosed in quotes'
        : '';
  return soqlError(
    'INVALID_FIELD',
    context.soql,
    literal.position,
    `value of filter criterion for field '${field.name}' must be of type ${wanted}${quotes}`,
  );
}

/** The literal as it compares with stored values of the field: text in lower case, ids with 18 characters. */
function comparable(context: FilterContext, field: StoredField, literal: Literal): FieldValue {
  if (literal.kind === 'null') return null;
  if (textTypes.has(field.type)) {
    if (literal.kind !== 'string') throw wrongType(context, field, literal);
    return literal.value.toLowerCase();
  }
  if (idTypes.has(field.type)) {
    if (literal.kind !== 'string') throw wrongType(context, field, literal);
    const id = normaliseRecordId(literal.value);
    if (id === null) {
      throw soqlError(
        'INVALID_QUERY_FILTER_OPERATOR',
        context.soql,
        literal.position,
        `invalid ID field: ${literal.value}`,
      );
    }
    return id;
  }
  if (numberTypes.has(field.type)) {
    if (literal.kind !== 'number') throw wrongType(context, field, literal);
    return literal.value;
  }
  if (field.type === 'boolean') {
    if (literal.kind !== 'boolean') throw wrongType(context, field, literal);
    return literal.value;
  }
  if (field.type === 'datetime') {
    if (literal.kind !== 'datetime') throw wrongType(context, field, literal);
    return literal.value;
  }
  if (field.type === 'date') {
    if (literal.kind !== 'date') throw wrongType(context, field, literal);
    return literal.value;
  }
  throw soqlError(
    'INVALID_FIELD',
    context.soql,
    literal.position,
    `field '${field.name}' can not be filtered in a query call`,
  );
}

function likePattern(pattern: string): RegExp {
  const source = pattern.replace(/\\([%_])|[%_]|[.*+?^${}()|[\]\\]/g, (match, escaped: string | undefined) => {
    if (escaped !== undefined) return escaped;
    if (match === '%') return '[\\s\\S]*';
    if (match === '_') return '[\\s\\S]';
    return `\\${match}`;
  });
  return new RegExp(`^${source}$`, 'i');
}

function compareOrdered(operator: Comparison, left: FieldValue, right: FieldValue): boolean {
  if (left === null || right === null) return false;
  switch (operator) {
    case '<':
      return left < right;
    case '<=':
      return left <= right;
    case '>':
      return left > right;
    case '>=':
      return left >= right;
    default:
      return false;
  }
}

function compilePlainComparison(
  read: RecordReader,
  field: StoredField,
  operator: Comparison,
  wanted: FieldValue,
): RecordPredicate {
  const isText = textTypes.has(field.type);
  const value: RecordReader = isText
    ? (record) => {
        const raw = read(record);
        // The empty string and nothing are the same to Salesforce.
        return typeof raw === 'string' ? (raw === '' ? null : raw.toLowerCase()) : raw;
      }
    : read;
  const expected = isText && wanted === '' ? null : wanted;
  if (operator === '=') return (record) => value(record) === expected;
  if (operator === '!=') return (record) => value(record) !== expected;
  return (record) => compareOrdered(operator, value(record), expected);
}

type RecordReader = (record: SalesforceRecord) => FieldValue;

function compileRelativeDate(
  context: FilterContext,
  read: RecordReader,
  field: StoredField,
  condition: { operator: Comparison; literal: Literal & { kind: 'relative-date' } },
): RecordPredicate {
  if (field.type !== 'date' && field.type !== 'datetime') throw wrongType(context, field, condition.literal);
  const { start, end } = relativeDateRange(condition.literal.name, condition.literal.count, context.nowMs);
  const millis = (record: SalesforceRecord): number | null => {
    const value = read(record);
    return typeof value === 'number' ? value : typeof value === 'string' ? Date.parse(value) : null;
  };
  const test = (value: number): boolean => {
    switch (condition.operator) {
      case '=':
        return value >= start && value < end;
      case '!=':
        return value < start || value >= end;
      case '<':
        return value < start;
      case '<=':
        return value < end;
      case '>':
        return value >= end;
      default:
        return value >= start;
    }
  };
  return (record) => {
    const value = millis(record);
    return value === null ? condition.operator === '!=' : test(value);
  };
}

/** Turns a condition into a test of records, or throws what the API would answer. */
export function compileCondition(
  context: FilterContext,
  object: SalesforceObject,
  condition: Condition,
): RecordPredicate {
  switch (condition.kind) {
    case 'and': {
      const terms = condition.terms.map((term) => compileCondition(context, object, term));
      return (record) => terms.every((term) => term(record));
    }
    case 'or': {
      const terms = condition.terms.map((term) => compileCondition(context, object, term));
      return (record) => terms.some((term) => term(record));
    }
    case 'not': {
      const term = compileCondition(context, object, condition.term);
      return (record) => !term(record);
    }
    case 'compare': {
      const { field, read } = bindPath(context.store, object, condition.path, context.soql);
      const { operator, value } = condition;
      if (field.type === 'textarea' && field.length > 255) {
        throw soqlError(
          'INVALID_FIELD',
          context.soql,
          condition.path.position,
          `field '${field.name}' can not be filtered in a query call`,
        );
      }
      if (operator === 'LIKE') {
        if (value.kind !== 'string' || !textTypes.has(field.type)) {
          throw soqlError(
            'INVALID_QUERY_FILTER_OPERATOR',
            context.soql,
            condition.path.position,
            'invalid operator on id field',
          );
        }
        const pattern = likePattern(value.value);
        return (record) => {
          const text = read(record);
          return typeof text === 'string' && pattern.test(text);
        };
      }
      if (value.kind === 'relative-date')
        return compileRelativeDate(context, read, field, { operator, literal: value });
      return compilePlainComparison(read, field, operator, comparable(context, field, value));
    }
    case 'in': {
      const { field, read } = bindPath(context.store, object, condition.path, context.soql);
      const wanted = new Set(condition.values.map((value) => comparable(context, field, value)));
      const isText = textTypes.has(field.type);
      return (record) => {
        const value = read(record);
        return wanted.has(isText && typeof value === 'string' ? value.toLowerCase() : value) !== condition.negated;
      };
    }
    case 'in-query': {
      const { read } = bindPath(context.store, object, condition.path, context.soql);
      const wanted = context.innerValues(condition.query);
      return (record) => wanted.has(read(record)) !== condition.negated;
    }
  }
}

/** What a condition says about modification stamp and id: the records outside need not be looked at. */
export interface FilterBounds {
  readonly modifiedFrom: number;
  readonly modifiedTo: number;
  /** Only these ids can match; null when the condition does not say. */
  readonly ids: ReadonlySet<string> | null;
  /** Only ids after this one can match; empty when the condition does not say. */
  readonly idFrom: string;
}

const unbounded: FilterBounds = {
  modifiedFrom: Number.NEGATIVE_INFINITY,
  modifiedTo: Number.POSITIVE_INFINITY,
  ids: null,
  idFrom: '',
};

function boundsOfLeaf(condition: Condition): FilterBounds {
  if (condition.kind === 'in' && !condition.negated && condition.path.parts.join('.').toLowerCase() === 'id') {
    const ids = condition.values.flatMap((value) =>
      value.kind === 'string' ? [normaliseRecordId(value.value) ?? ''] : [],
    );
    return { ...unbounded, ids: new Set(ids) };
  }
  if (condition.kind !== 'compare') return unbounded;
  const name = condition.path.parts.join('.').toLowerCase();
  const { operator, value } = condition;
  if (name === 'systemmodstamp' && value.kind === 'datetime') {
    if (operator === '=') return { ...unbounded, modifiedFrom: value.value, modifiedTo: value.value };
    if (operator === '>' || operator === '>=') return { ...unbounded, modifiedFrom: value.value };
    if (operator === '<' || operator === '<=') return { ...unbounded, modifiedTo: value.value };
  }
  if (name === 'id' && value.kind === 'string') {
    const id = normaliseRecordId(value.value) ?? '';
    if (operator === '=') return { ...unbounded, ids: new Set([id]) };
    if (operator === '>' || operator === '>=') return { ...unbounded, idFrom: id };
  }
  return unbounded;
}

export function filterBounds(condition: Condition | null): FilterBounds {
  if (condition === null || condition.kind === 'not') return unbounded;
  if (condition.kind === 'and') {
    return condition.terms.map(filterBounds).reduce((left, right) => ({
      modifiedFrom: Math.max(left.modifiedFrom, right.modifiedFrom),
      modifiedTo: Math.min(left.modifiedTo, right.modifiedTo),
      ids: left.ids === null ? right.ids : left.ids,
      idFrom: left.idFrom > right.idFrom ? left.idFrom : right.idFrom,
    }));
  }
  if (condition.kind === 'or') {
    return condition.terms.map(filterBounds).reduce((left, right) => ({
      modifiedFrom: Math.min(left.modifiedFrom, right.modifiedFrom),
      modifiedTo: Math.max(left.modifiedTo, right.modifiedTo),
      ids: left.ids === null || right.ids === null ? null : new Set([...left.ids, ...right.ids]),
      idFrom: left.idFrom < right.idFrom ? left.idFrom : right.idFrom,
    }));
  }
  return boundsOfLeaf(condition);
}
