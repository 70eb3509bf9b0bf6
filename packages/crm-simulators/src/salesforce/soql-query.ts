import { bindPath } from './field-path.ts';
import type { FieldValue, SalesforceObject, SalesforceRecord } from './object-definition.ts';
import { formatDateTime, type JsonObject } from './record-json.ts';
import { SalesforceError, soqlError } from './salesforce-error.ts';
import type { SalesforceStore } from './salesforce-store.ts';
import { compileCondition, type FilterContext, filterBounds } from './soql-filter.ts';
import { type ColumnMetadata, compileProjection, describeAggregateColumn, type Projection } from './soql-projection.ts';
import type { FieldPath, OrderItem, SoqlQuery } from './soql-syntax.ts';

/** What a query found, before it is cut into pages. */
export type QueryResult =
  | {
      readonly kind: 'records';
      readonly object: SalesforceObject;
      readonly records: readonly SalesforceRecord[];
      readonly project: Projection;
      readonly columns: readonly ColumnMetadata[];
      /** Two or more selected long texts make pages of 200 records. */
      readonly hasWideRows: boolean;
    }
  | { readonly kind: 'count'; readonly count: number }
  | { readonly kind: 'rows'; readonly rows: readonly JsonObject[]; readonly columns: readonly ColumnMetadata[] };

export interface QueryOptions {
  readonly nowMs: number;
  /** Deleted and merged records take part too. */
  readonly includeDeleted: boolean;
}

function unknownObject(query: SoqlQuery): SalesforceError {
  return soqlError(
    'INVALID_TYPE',
    query.text,
    query.from.position,
    `sObject type '${query.from.parts.join('.')}' is not supported. If you are attempting to use a custom object, be sure to append the '__c' after the entity name. Please reference your WSDL or the describe call for the appropriate names.`,
  );
}

type OrderKind = 'modified' | 'modified-desc' | 'id' | 'id-desc' | 'none' | 'other';

function orderKind(order: readonly OrderItem[]): OrderKind {
  const [first, second] = order;
  if (first === undefined) return 'none';
  const nameOf = (item: OrderItem) => item.path.parts.join('.').toLowerCase();
  if (nameOf(first) === 'id' && order.length === 1) return first.descending ? 'id-desc' : 'id';
  if (nameOf(first) !== 'systemmodstamp') return 'other';
  const isRest = second === undefined || (nameOf(second) === 'id' && second.descending === first.descending);
  if (!isRest || order.length > 2) return 'other';
  return first.descending ? 'modified-desc' : 'modified';
}

/** Where to begin, where to end and which way to walk so that few records are looked at and sorting is seldom needed. */
function planWalk(
  store: SalesforceStore,
  object: SalesforceObject,
  query: SoqlQuery,
): { records: readonly SalesforceRecord[]; from: number; to: number; step: 1 | -1; isOrdered: boolean } {
  const table = store.table(object);
  const bounds = filterBounds(query.where);
  const order = orderKind(query.orderBy);
  if (bounds.ids !== null) {
    const records = [...bounds.ids].flatMap((id) => table.get(id) ?? []);
    records.sort((left, right) => (left.id < right.id ? -1 : 1));
    return { records, from: 0, to: records.length, step: 1, isOrdered: order === 'none' || order === 'id' };
  }
  const isModifiedBound =
    bounds.modifiedFrom > Number.NEGATIVE_INFINITY || bounds.modifiedTo < Number.POSITIVE_INFINITY;
  if (order === 'modified' || order === 'modified-desc' || (isModifiedBound && order !== 'id' && order !== 'id-desc')) {
    const records = table.inModifiedOrder();
    const from = table.modifiedPosition(bounds.modifiedFrom);
    const to =
      bounds.modifiedTo === Number.POSITIVE_INFINITY ? records.length : table.modifiedPosition(bounds.modifiedTo + 1);
    const isOrdered = order === 'modified' || order === 'modified-desc' || order === 'none';
    return { records, from, to, step: order === 'modified-desc' ? -1 : 1, isOrdered };
  }
  const records = table.inIdOrder();
  const from = bounds.idFrom === '' ? 0 : table.idPosition(bounds.idFrom, false);
  return { records, from, to: records.length, step: order === 'id-desc' ? -1 : 1, isOrdered: order !== 'other' };
}

function compareValues(left: FieldValue, right: FieldValue, item: OrderItem): number {
  if (left === null || right === null) {
    if (left === right) return 0;
    return (left === null) === item.nullsLast ? 1 : -1;
  }
  const order = left < right ? -1 : left > right ? 1 : 0;
  return item.descending ? -order : order;
}

function sortRecords(
  store: SalesforceStore,
  object: SalesforceObject,
  query: SoqlQuery,
  records: readonly SalesforceRecord[],
): SalesforceRecord[] {
  const items = query.orderBy.map((item) => ({ item, bound: bindPath(store, object, item.path, query.text) }));
  const keyed = records.map((record) => ({
    record,
    keys: items.map(({ bound }) => {
      const value = bound.read(record);
      return typeof value === 'string' && bound.field.type !== 'id' && bound.field.type !== 'reference'
        ? value.toLowerCase()
        : value;
    }),
  }));
  keyed.sort((left, right) => {
    for (let i = 0; i < items.length; i++) {
      const order = compareValues(left.keys[i] ?? null, right.keys[i] ?? null, (items[i] as { item: OrderItem }).item);
      if (order !== 0) return order;
    }
    return left.record.id < right.record.id ? -1 : 1;
  });
  return keyed.map((entry) => entry.record);
}

function selectRecords(
  store: SalesforceStore,
  object: SalesforceObject,
  query: SoqlQuery,
  options: QueryOptions,
): SalesforceRecord[] {
  const context: FilterContext = {
    store,
    soql: query.text,
    nowMs: options.nowMs,
    innerValues: (inner) => innerValues(store, inner, options),
  };
  const test = query.where === null ? null : compileCondition(context, object, query.where);
  for (const item of query.orderBy) bindPath(store, object, item.path, query.text);
  const deletedSlot = options.includeDeleted ? -1 : (object.field('IsDeleted')?.slot ?? -1);
  const { records, from, to, step, isOrdered } = planWalk(store, object, query);
  const isGrouped = query.select.some((item) => item.kind === 'aggregate') || query.groupBy.length > 0;
  const enough =
    isOrdered && !isGrouped && query.limit !== null ? query.offset + query.limit : Number.POSITIVE_INFINITY;
  const found: SalesforceRecord[] = [];
  for (let i = step === 1 ? from : to - 1; i >= from && i < to && found.length < enough; i += step) {
    const record = records[i] as SalesforceRecord;
    if (deletedSlot >= 0 && record.values[deletedSlot] === true) continue;
    if (test === null || test(record)) found.push(record);
  }
  if (isGrouped) return found;
  const ordered = isOrdered ? found : sortRecords(store, object, query, found);
  return ordered.slice(query.offset, query.limit === null ? undefined : query.offset + query.limit);
}

function innerValues(store: SalesforceStore, query: SoqlQuery, options: QueryOptions): ReadonlySet<FieldValue> {
  const object = store.object(query.from.parts.join('.'));
  if (object === undefined) throw unknownObject(query);
  const item = query.select[0];
  if (query.select.length !== 1 || item?.kind !== 'field') {
    throw soqlError('MALFORMED_QUERY', query.text, query.from.position, 'The inner select must return one field');
  }
  const { read } = bindPath(store, object, item.path, query.text);
  return new Set(selectRecords(store, object, query, options).map(read));
}

interface Aggregation {
  readonly fn: string;
  readonly read: ((record: SalesforceRecord) => FieldValue) | null;
  readonly isDateTime: boolean;
}

function aggregate(aggregation: Aggregation, records: readonly SalesforceRecord[]): FieldValue {
  const { fn, read } = aggregation;
  if (read === null) return records.length;
  const values = records.map(read).filter((value) => value !== null && value !== '');
  if (fn === 'COUNT') return values.length;
  if (fn === 'COUNT_DISTINCT') return new Set(values).size;
  if (values.length === 0) return null;
  if (fn === 'MIN' || fn === 'MAX') {
    const best = values.reduce((left, right) =>
      (left as string) < (right as string) === (fn === 'MIN') ? left : right,
    );
    return aggregation.isDateTime ? formatDateTime(best as number) : best;
  }
  const sum = (values as number[]).reduce((total, value) => total + value, 0);
  return fn === 'SUM' ? sum : sum / values.length;
}

function groupRecords(
  store: SalesforceStore,
  object: SalesforceObject,
  query: SoqlQuery,
  records: readonly SalesforceRecord[],
): QueryResult {
  let unnamed = 0;
  const bind = (path: FieldPath) => bindPath(store, object, path, query.text);
  const groupNames = query.groupBy.map((path) => path.parts.join('.').toLowerCase());
  const groupReaders = query.groupBy.map((path) => bind(path));
  const columns = query.select.map((item) => {
    if (item.kind === 'aggregate') {
      const bound = item.path === null ? null : bind(item.path);
      const name = item.alias ?? `expr${unnamed++}`;
      const aggregation: Aggregation = {
        fn: item.fn,
        read: bound?.read ?? null,
        isDateTime: bound?.field.type === 'datetime',
      };
      return { name, value: (group: readonly SalesforceRecord[]) => aggregate(aggregation, group) };
    }
    if (item.kind !== 'field' || !groupNames.includes(item.path.parts.join('.').toLowerCase())) {
      const name = item.kind === 'field' ? item.path.parts.join('.') : 'expression';
      throw soqlError(
        'MALFORMED_QUERY',
        query.text,
        item.kind === 'field' ? item.path.position : item.position,
        `Field must be grouped or aggregated: ${name}`,
      );
    }
    const { read, field } = bind(item.path);
    return {
      name: item.alias ?? field.name,
      value: (group: readonly SalesforceRecord[]) => {
        const first = group[0];
        const value = first === undefined ? null : read(first);
        return field.type === 'datetime' && typeof value === 'number' ? formatDateTime(value) : value;
      },
    };
  });
  const groups = new Map<string, SalesforceRecord[]>();
  if (query.groupBy.length === 0) groups.set('', [...records]);
  for (const record of query.groupBy.length === 0 ? [] : records) {
    const key = JSON.stringify(groupReaders.map((reader) => reader.read(record)));
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [record]);
    else group.push(record);
  }
  const rows = [...groups.values()].map((group) => {
    const row: JsonObject = { attributes: { type: 'AggregateResult' } };
    for (const column of columns) row[column.name] = column.value(group);
    return row;
  });
  return {
    kind: 'rows',
    rows: query.limit === null ? rows : rows.slice(0, query.limit),
    columns: columns.map((column) => describeAggregateColumn(column.name)),
  };
}

/** Runs a query against the records as they are now. Throws what the API would answer. */
export function runQuery(store: SalesforceStore, query: SoqlQuery, options: QueryOptions): QueryResult {
  const object = store.object(query.from.parts.join('.'));
  if (object === undefined) throw unknownObject(query);
  if (query.offset > 2000) {
    throw new SalesforceError(400, 'NUMBER_OUTSIDE_VALID_RANGE', 'Maximum SOQL offset allowed is 2000');
  }
  const isPlainCount =
    query.select.length === 1 &&
    query.select[0]?.kind === 'aggregate' &&
    query.select[0].fn === 'COUNT' &&
    query.select[0].path === null &&
    query.select[0].alias === null &&
    query.groupBy.length === 0;
  const records = selectRecords(store, object, query, options);
  if (isPlainCount) {
    return { kind: 'count', count: query.limit === null ? records.length : Math.min(records.length, query.limit) };
  }
  if (query.groupBy.length > 0 || query.select.some((item) => item.kind === 'aggregate')) {
    return groupRecords(store, object, query, records);
  }
  const { project, columns } = compileProjection(store, object, query, (inner, position) =>
    compileChildQuery(store, object, { query: inner, position, options }),
  );
  const longTexts = query.select.filter((item) => {
    const field = item.kind === 'field' ? object.field(item.path.parts.at(-1) as string) : undefined;
    return field !== undefined && field.type === 'textarea' && field.length > 255;
  });
  return { kind: 'records', object, records, project, columns, hasWideRows: longTexts.length >= 2 };
}

function compileChildQuery(
  store: SalesforceStore,
  parent: SalesforceObject,
  { query, position, options }: { query: SoqlQuery; position: number; options: QueryOptions },
): { name: string; run: (record: SalesforceRecord, version: string) => JsonObject | null } {
  const wanted = query.from.parts.join('.');
  for (const child of store.visibleObjects()) {
    for (const field of store.visibleFields(child)) {
      const name = field.reference?.childRelationshipName;
      if (name?.toLowerCase() !== wanted.toLowerCase() || !field.reference?.objects.includes(parent.name)) continue;
      const own: SoqlQuery = { ...query, from: { parts: [child.name], position: query.from.position } };
      const { project } = compileProjection(store, child, own, (inner, at) =>
        compileChildQuery(store, child, { query: inner, position: at, options }),
      );
      let byParent: Map<FieldValue, SalesforceRecord[]> | null = null;
      const childrenOf = (id: string): readonly SalesforceRecord[] => {
        // One pass serves every parent; limit and offset count per parent.
        if (byParent === null) {
          byParent = new Map();
          for (const record of selectRecords(store, child, { ...own, limit: null, offset: 0 }, options)) {
            const key = record.values[field.slot] ?? null;
            const list = byParent.get(key);
            if (list === undefined) byParent.set(key, [record]);
            else list.push(record);
          }
        }
        const all = byParent.get(id) ?? [];
        return all.slice(own.offset, own.limit === null ? undefined : own.offset + own.limit);
      };
      return {
        name,
        run(record, version) {
          const records = childrenOf(record.id);
          if (records.length === 0) return null;
          return { totalSize: records.length, done: true, records: records.map((found) => project(found, version)) };
        },
      };
    }
  }
  throw soqlError(
    'INVALID_FIELD',
    query.text,
    position,
    `Didn't understand relationship '${wanted}' in FROM part of query call. If you are attempting to use a custom relationship, be sure to append the '__r' after the custom relationship name. Please reference your WSDL or the describe call for the appropriate names.`,
  );
}
