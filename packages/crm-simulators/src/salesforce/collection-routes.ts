import type { Router } from '../http/router.ts';
import { restAuthor } from './call-author.ts';
import type { SalesforceRecordChanges } from './record-changes.ts';
import { normaliseRecordId } from './record-id.ts';
import { formatField, type JsonObject, type JsonValue, recordUrl } from './record-json.ts';
import { upsertRecord } from './record-upsert.ts';
import { needObject, type RestAnswer, type RestCall, type RestHandler, readBody } from './rest-call.ts';
import { type RowOutcome, runRows } from './row-results.ts';
import { SalesforceError } from './salesforce-error.ts';
import type { SalesforceStore } from './salesforce-store.ts';

export interface CollectionRoutesOptions {
  readonly store: SalesforceStore;
  readonly changes: SalesforceRecordChanges;
}

const maxRecords = 200;

type Row = Readonly<Record<string, unknown>>;

function checkCount(count: number): void {
  if (count <= maxRecords) return;
  throw new SalesforceError(
    400,
    'EXCEEDED_ID_LIMIT',
    `record limit reached. cannot submit more than ${maxRecords} records into this call`,
  );
}

function rowsOf(call: RestCall): { rows: readonly Row[]; allOrNone: boolean } {
  const body = readBody(call);
  if (!Array.isArray(body.records)) {
    throw new SalesforceError(400, 'JSON_PARSER_ERROR', 'The body has no list of records');
  }
  checkCount(body.records.length);
  return { rows: body.records as Row[], allOrNone: body.allOrNone === true };
}

/** The object a row says it is of. */
function typeOf(row: Row): string {
  const type = (row.attributes as { type?: unknown } | undefined)?.type;
  if (typeof type === 'string') return type;
  throw new SalesforceError(
    400,
    'JSON_PARSER_ERROR',
    'Nested object for polymorphic foreign key must have an attributes field before any other fields.',
  );
}

function idOf(row: Row): string {
  const id = row.id ?? row.Id;
  if (typeof id === 'string') return id;
  throw new SalesforceError(400, 'MISSING_ARGUMENT', 'Id not specified in an update call', ['Id']);
}

/** Several records at once: `/composite/sobjects`. */
export function addCollectionRoutes(router: Router<RestHandler>, options: CollectionRoutesOptions): void {
  const { store, changes } = options;
  const answer = (
    call: RestCall,
    rows: readonly Row[],
    { allOrNone, work }: { allOrNone: boolean; work: (row: Row) => RowOutcome },
  ): RestAnswer => {
    const results = runRows(rows, work, { allOrNone, atomically: changes.atomically });
    const json = results.map(({ id, ...rest }) => (id === null ? rest : { id, ...rest }));
    return { status: 200, json: json as unknown as JsonValue };
  };

  router.add('POST', '/composite/sobjects', (call) => {
    const { rows, allOrNone } = rowsOf(call);
    const author = restAuthor(call.session, call.request.headers);
    return answer(call, rows, { allOrNone, work: (row) => ({ id: changes.create(typeOf(row), row, author) }) });
  });
  router.add('PATCH', '/composite/sobjects', (call) => {
    const { rows, allOrNone } = rowsOf(call);
    const author = restAuthor(call.session, call.request.headers);
    const work = (row: Row): RowOutcome => {
      const id = idOf(row);
      changes.update(typeOf(row), id, row, author);
      return { id: normaliseRecordId(id) };
    };
    return answer(call, rows, { allOrNone, work });
  });
  router.add('PATCH', '/composite/sobjects/:object/:field', (call) => {
    const { rows, allOrNone } = rowsOf(call);
    const author = restAuthor(call.session, call.request.headers);
    const object = needObject(store, call.params.object ?? '');
    const fieldName = call.params.field ?? '';
    const work = (row: Row): RowOutcome => {
      const found = upsertRecord({ store, changes }, { object, fieldName, value: row[fieldName], fields: row }, author);
      if (found.matches !== undefined) {
        throw new SalesforceError(300, 'DUPLICATE_EXTERNAL_ID', `${fieldName}: more than one record found`);
      }
      return { id: found.id, created: found.created };
    };
    return answer(call, rows, { allOrNone, work });
  });
  router.add('DELETE', '/composite/sobjects', (call) => {
    const ids = (call.request.query.get('ids') ?? '').split(',').filter((id) => id !== '');
    checkCount(ids.length);
    const author = restAuthor(call.session, call.request.headers);
    const work = (row: Row): RowOutcome => {
      const found = store.find(String(row.id));
      if (found === undefined) throw new SalesforceError(404, 'NOT_FOUND', 'The requested resource does not exist');
      changes.delete(found.object.name, found.record.id, author);
      return { id: found.record.id };
    };
    const allOrNone = call.request.query.get('allOrNone')?.toLowerCase() === 'true';
    return answer(
      call,
      ids.map((id) => ({ id })),
      { allOrNone, work },
    );
  });
  router.add('POST', '/composite/sobjects/:object', (call) => {
    const object = needObject(store, call.params.object ?? '');
    const body = readBody(call);
    const ids = Array.isArray(body.ids) ? (body.ids as unknown[]) : [];
    if (ids.length > 2000) throw new SalesforceError(400, 'EXCEEDED_ID_LIMIT', 'ids: at most 2000 may be asked for');
    const names = Array.isArray(body.fields) ? (body.fields as unknown[]).map(String) : [];
    const fields = names.map((name) => {
      const field = store.field(object, name);
      if (field === undefined) {
        throw new SalesforceError(400, 'INVALID_FIELD', `No such column '${name}' on sobject of type ${object.name}`);
      }
      return field;
    });
    const json = ids.map((id): JsonValue => {
      const record = store.table(object).get(normaliseRecordId(String(id)) ?? '');
      if (record === undefined || store.isDeleted(object, record)) return null;
      const row: JsonObject = {
        attributes: { type: object.name, url: recordUrl(call.version, object.name, record.id) },
      };
      for (const field of fields) row[field.name] = formatField(object, record, field);
      row.Id = record.id;
      return row;
    });
    return { status: 200, json };
  });
}
