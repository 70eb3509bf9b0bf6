import { jsonText } from '../json-text.ts';
import { validationError } from './hubspot-error.ts';
import { compareNumericIds, type HubSpotStore } from './hubspot-store.ts';
import type { HubSpotObject, HubSpotRecord, PropertyValue, StoredProperty } from './property-definition.ts';
import type { SearchIndex } from './search-index.ts';

export interface SearchFilter {
  readonly propertyName: string;
  readonly operator: string;
  readonly value?: unknown;
  readonly highValue?: unknown;
  readonly values?: readonly unknown[];
}

export interface SearchRequest {
  readonly filterGroups: readonly { readonly filters: readonly SearchFilter[] }[];
  readonly sort: { readonly propertyName: string; readonly descending: boolean } | null;
  readonly query: string;
  readonly properties: readonly string[];
  readonly limit: number;
  readonly after: number;
}

export interface SearchResult {
  readonly total: number;
  readonly records: readonly HubSpotRecord[];
  /** Position of the next page; null on the last one. */
  readonly nextAfter: number | null;
}

const maxBodyCharacters = 3000;
const maxWindow = 10_000;
const operators: ReadonlySet<string> = new Set([
  'EQ',
  'NEQ',
  'LT',
  'LTE',
  'GT',
  'GTE',
  'BETWEEN',
  'IN',
  'NOT_IN',
  'HAS_PROPERTY',
  'NOT_HAS_PROPERTY',
  'CONTAINS_TOKEN',
  'NOT_CONTAINS_TOKEN',
]);

function readList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** Reads a search body and checks the rules of the service: size, filters, sort, window. */
export function parseSearch(text: string, isBodyLimited: boolean): SearchRequest {
  if (isBodyLimited && text.length > maxBodyCharacters) {
    throw validationError(
      `The request body is ${text.length} characters long; at most ${maxBodyCharacters} are allowed.`,
    );
  }
  let body: Record<string, unknown>;
  try {
    body = (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>;
  } catch {
    throw validationError('Invalid input JSON: the body could not be parsed');
  }
  const groups = readList(body.filterGroups) as { filters?: SearchFilter[] }[];
  // Some clients send one group of filters at the top level.
  if (groups.length === 0 && Array.isArray(body.filters)) groups.push({ filters: body.filters as SearchFilter[] });
  const filterGroups = groups.map((group) => ({ filters: readList(group.filters) as SearchFilter[] }));
  const filterCount = filterGroups.reduce((sum, group) => sum + group.filters.length, 0);
  if (filterGroups.length > 5 || filterCount > 18 || filterGroups.some((group) => group.filters.length > 6)) {
    throw validationError('Too many filters: at most 5 filter groups of at most 6 filters, 18 filters in total');
  }
  for (const filter of filterGroups.flatMap((group) => group.filters)) {
    if (!operators.has(filter.operator))
      throw validationError(`Invalid input JSON: unknown operator ${String(filter.operator)}`);
  }
  const sorts = readList(body.sorts);
  if (sorts.length > 1) throw validationError('Only one sort is allowed');
  const limit = body.limit === undefined ? 10 : Number(body.limit);
  if (!Number.isInteger(limit) || limit < 0 || limit > 200)
    throw validationError('limit must be an integer between 0 and 200');
  const after = body.after === undefined || body.after === null || body.after === '' ? 0 : Number(body.after);
  if (!Number.isInteger(after) || after < 0)
    throw validationError(`after must be an integer; got ${String(body.after)}`);
  if (after + limit > maxWindow) {
    throw validationError(`The search would page beyond ${maxWindow} results: after ${after}, limit ${limit}`);
  }
  return {
    filterGroups,
    sort: sorts.length === 0 ? null : parseSort(sorts[0]),
    query: typeof body.query === 'string' ? body.query : '',
    properties: readList(body.properties).map(String),
    limit,
    after,
  };
}

function parseSort(sort: unknown): SearchRequest['sort'] {
  if (typeof sort === 'string') return { propertyName: sort.replace(/^-/, ''), descending: sort.startsWith('-') };
  const { propertyName, direction } = sort as { propertyName?: string; direction?: string };
  if (typeof propertyName !== 'string') throw validationError('A sort needs a propertyName');
  return { propertyName, descending: direction === 'DESCENDING' };
}

type Comparable = string | number | null;

/** A property value as it is compared: numbers and times as numbers, text in lower case, options as they are. */
function comparable(property: StoredProperty, value: unknown): Comparable {
  if (value === null || value === undefined) return null;
  const text = jsonText(value);
  switch (property.type) {
    case 'number':
      return text === '' ? null : Number(text);
    case 'date':
    case 'datetime': {
      const ms = /^-?\d+$/.test(text) ? Number(text) : Date.parse(text);
      if (Number.isNaN(ms))
        throw validationError(`${text} is not a date: give milliseconds since the epoch or ISO text`);
      return ms;
    }
    case 'enumeration':
      return text;
    default:
      return text.toLowerCase();
  }
}

function tokensOf(value: string): string[] {
  return value
    .toLowerCase()
    .split(/[^\p{L}\p{N}*]+/u)
    .filter((token) => token !== '');
}

function containsTokens(value: PropertyValue, wanted: string): boolean {
  if (value === null) return false;
  const tokens = tokensOf(value);
  return tokensOf(wanted).every((pattern) => {
    if (!pattern.includes('*')) return tokens.includes(pattern);
    const expression = new RegExp(
      `^${pattern
        .split('*')
        .map((part) => part.replace(/[^\p{L}\p{N}]/gu, ''))
        .join('.*')}$`,
      'u',
    );
    return tokens.some((token) => expression.test(token));
  });
}

type RecordTest = (record: HubSpotRecord) => boolean;

function compileFilter(store: HubSpotStore, object: HubSpotObject, filter: SearchFilter): RecordTest {
  const pseudo = /^associations\.(\w+)$/.exec(filter.propertyName ?? '');
  if (pseudo !== null) {
    const target = store.object(pseudo[1] as string);
    const wanted = new Set((filter.operator === 'IN' ? readList(filter.values) : [filter.value]).map(String));
    return (record) =>
      store.associations.links(object.name, record.id, target.name).some((link) => wanted.has(link.toId));
  }
  const property = object.property(filter.propertyName);
  // Filters on the other objects' name of the last-modified property find nothing rather than fail.
  if (property === undefined) {
    if (/^(?:hs_)?lastmodifieddate$/.test(filter.propertyName ?? '')) return () => false;
    throw validationError(
      `There was a problem with the request: property ${String(filter.propertyName)} does not exist`,
    );
  }
  const raw = (record: HubSpotRecord): PropertyValue => store.read(object, record, property);
  const isModified = property.name === object.modifiedProperty;
  const isCreated = property.name === object.createdProperty;
  // Times of the record itself are compared without going through their text.
  const value = (record: HubSpotRecord): Comparable =>
    isModified ? record.modifiedAt : isCreated ? record.createdAt : comparable(property, raw(record));
  switch (filter.operator) {
    case 'HAS_PROPERTY':
      return (record) => (raw(record) ?? '') !== '';
    case 'NOT_HAS_PROPERTY':
      return (record) => (raw(record) ?? '') === '';
    case 'CONTAINS_TOKEN':
      return (record) => containsTokens(raw(record), jsonText(filter.value));
    case 'NOT_CONTAINS_TOKEN':
      return (record) => !containsTokens(raw(record), jsonText(filter.value));
    case 'IN':
    case 'NOT_IN': {
      // Text is indexed in lower case and the wanted values are taken as they come.
      const wanted = new Set(
        readList(filter.values).map((each) => (property.type === 'string' ? String(each) : comparable(property, each))),
      );
      return (record) => wanted.has(value(record)) === (filter.operator === 'IN');
    }
    default: {
      if (filter.value === undefined) throw validationError(`The filter on ${property.name} needs a value`);
      const low = comparable(property, filter.value);
      const high = filter.operator === 'BETWEEN' ? comparable(property, filter.highValue) : null;
      return (record) => compare(filter.operator, value(record), low, high);
    }
  }
}

function compare(operator: string, left: Comparable, low: Comparable, high: Comparable): boolean {
  if (operator === 'NEQ') return left !== low;
  if (left === null || low === null) return false;
  switch (operator) {
    case 'EQ':
      return left === low;
    case 'LT':
      return left < low;
    case 'LTE':
      return left <= low;
    case 'GT':
      return left > low;
    case 'GTE':
      return left >= low;
    default:
      return high !== null && left >= low && left <= high;
  }
}

const searchedText: Readonly<Record<string, readonly string[]>> = {
  contacts: ['firstname', 'lastname', 'email', 'phone', 'company', 'hs_additional_emails'],
  companies: ['name', 'domain', 'website', 'phone'],
  deals: ['dealname'],
  tickets: ['subject'],
};

function compileQuery(store: HubSpotStore, object: HubSpotObject, query: string): RecordTest {
  const properties = (searchedText[object.name] ?? []).flatMap((name) => object.property(name) ?? []);
  const words = tokensOf(query);
  return (record) => {
    const text = properties.map((property) => store.read(object, record, property) ?? '').join(' ');
    const tokens = tokensOf(text);
    return words.every((word) => tokens.some((token) => token.startsWith(word)));
  };
}

/** Searches the records as the index sees them. */
export function runSearch(
  store: HubSpotStore,
  index: SearchIndex,
  object: HubSpotObject,
  request: SearchRequest,
): SearchResult {
  const groups = request.filterGroups.map((group) =>
    group.filters.map((filter) => compileFilter(store, object, filter)),
  );
  const text = request.query === '' ? null : compileQuery(store, object, request.query);
  const test: RecordTest = (record) =>
    (groups.length === 0 || groups.some((group) => group.every((filter) => filter(record)))) &&
    (text === null || text(record));

  const { sort } = request;
  const isCurrent = index.isCurrent(object);
  const table = store.table(object);
  const isByModified = sort?.propertyName === object.modifiedProperty && !sort.descending;
  const source = isByModified ? table.inModifiedOrder() : table.inIdOrder();
  const found: HubSpotRecord[] = [];
  const consider = (record: HubSpotRecord) => {
    const view = isCurrent ? (record.archivedAt === null ? record : null) : index.seen(object, record);
    if (view !== null && test(view)) found.push(view);
  };
  for (const record of source) consider(record);
  if (!isCurrent) {
    for (const ghost of index.ghosts(object)) if (table.get(ghost.id) === undefined) consider(ghost);
  }
  const isSorted =
    isCurrent && (sort === null || isByModified || (sort.propertyName === 'hs_object_id' && !sort.descending));
  if (!isSorted) sortRecords(store, object, found, sort ?? { propertyName: 'hs_object_id', descending: false });
  const end = request.after + request.limit;
  return {
    total: found.length,
    records: found.slice(request.after, end),
    nextAfter: end < found.length && request.limit > 0 ? end : null,
  };
}

function sortRecords(
  store: HubSpotStore,
  object: HubSpotObject,
  records: HubSpotRecord[],
  sort: NonNullable<SearchRequest['sort']>,
): void {
  const property = object.property(sort.propertyName);
  if (property === undefined)
    throw validationError(`There was a problem with the request: cannot sort by ${sort.propertyName}`);
  const sign = sort.descending ? -1 : 1;
  const byId = (left: HubSpotRecord, right: HubSpotRecord) => compareNumericIds(left.id, right.id);
  if (property.name === 'hs_object_id') {
    records.sort((left, right) => sign * byId(left, right));
    return;
  }
  const keys = new Map(records.map((record) => [record, comparable(property, store.read(object, record, property))]));
  records.sort((left, right) => {
    const [a, b] = [keys.get(left) ?? null, keys.get(right) ?? null];
    if (a === b) return byId(left, right);
    // Records without a value come last, whichever way the sort goes.
    if (a === null) return 1;
    if (b === null) return -1;
    return sign * (a < b ? -1 : 1);
  });
}
