import type { SimulatorClock } from '../clock.ts';
import type { SimulatorRequest } from '../http/http-server.ts';
import { createRouter, type Router } from '../http/router.ts';
import type { ApiUsage } from './api-usage.ts';
import { restAuthor } from './call-author.ts';
import { addCollectionRoutes } from './collection-routes.ts';
import { describeBriefly, describeObject } from './describe.ts';
import type { EventLog } from './event-log.ts';
import type { SalesforceObject, SalesforceRecord } from './object-definition.ts';
import type { PagedResult, QueryCursors } from './query-cursors.ts';
import type { SalesforceRecordChanges } from './record-changes.ts';
import { normaliseRecordId } from './record-id.ts';
import { formatDateTime, formatField, type JsonObject, type JsonValue, recordUrl } from './record-json.ts';
import { upsertRecord } from './record-upsert.ts';
import {
  needObject,
  type RestAnswer,
  type RestCall,
  type RestHandler,
  readBody,
  resourceNotFound,
} from './rest-call.ts';
import { SalesforceError } from './salesforce-error.ts';
import type { SalesforceStore } from './salesforce-store.ts';
import { parseSoql } from './soql-parser.ts';
import { runQuery } from './soql-query.ts';

export interface RestRoutesOptions {
  readonly store: SalesforceStore;
  readonly changes: SalesforceRecordChanges;
  readonly cursors: QueryCursors;
  readonly usage: ApiUsage;
  readonly clock: SimulatorClock;
  readonly eventLog: EventLog;
  /** Deletions before this point in time are no longer listed. */
  readonly earliestDeletionMs: () => number;
}

const maxBatchSize = 2000;
const minBatchSize = 200;
const dayMs = 86_400_000;

function batchSize(request: SimulatorRequest): number {
  const header = request.headers['sforce-query-options'];
  const size = Number(
    /batchSize\s*=\s*(\d+)/i.exec(Array.isArray(header) ? (header[0] ?? '') : (header ?? ''))?.[1] ?? maxBatchSize,
  );
  return Math.min(maxBatchSize, Math.max(minBatchSize, size));
}

function page(
  options: RestRoutesOptions,
  call: RestCall,
  { result, position, locator }: { result: PagedResult; position: number; locator: string | null },
): JsonObject {
  const size = result.hasWideRows ? Math.min(batchSize(call.request), 200) : batchSize(call.request);
  const end = position + size;
  const isDone = end >= result.records.length;
  const json: JsonObject = { totalSize: result.records.length, done: isDone };
  if (!isDone) {
    json.nextRecordsUrl = `/services/data/${call.version}/query/${locator ?? options.cursors.open(result)}-${end}`;
  }
  json.records = result.records.slice(position, end).map((record) => result.project(record, call.version));
  return json;
}

function query(options: RestRoutesOptions, includeDeleted: boolean): RestHandler {
  return (call) => {
    const soql = call.request.query.get('q');
    if (soql?.includes('EventLogFile')) options.eventLog.refresh();
    if (soql === null) throw new SalesforceError(400, 'MALFORMED_QUERY', 'A query string has to be specified');
    const result = runQuery(options.store, parseSoql(soql), { nowMs: options.clock.now(), includeDeleted });
    if (call.request.query.get('columns') === 'true') {
      const columns = result.kind === 'count' ? [] : result.columns;
      return { status: 200, json: { columnMetadata: columns as unknown as JsonValue } };
    }
    if (result.kind === 'count') return { status: 200, json: { totalSize: result.count, done: true, records: [] } };
    if (result.kind === 'rows') {
      return { status: 200, json: { totalSize: result.rows.length, done: true, records: result.rows } };
    }
    return { status: 200, json: page(options, call, { result, position: 0, locator: null }) };
  };
}

function showRecord(
  store: SalesforceStore,
  object: SalesforceObject,
  record: SalesforceRecord,
  call: RestCall,
): JsonObject {
  const wanted = call.request.query.get('fields');
  const fields =
    wanted === null || wanted === ''
      ? store.visibleFields(object)
      : wanted.split(',').map((name) => {
          const field = store.field(object, name.trim());
          if (field === undefined) {
            throw new SalesforceError(
              400,
              'INVALID_FIELD',
              `No such column '${name.trim()}' on sobject of type ${object.name}`,
            );
          }
          return field;
        });
  const json: JsonObject = { attributes: { type: object.name, url: recordUrl(call.version, object.name, record.id) } };
  for (const field of fields) json[field.name] = formatField(object, record, field);
  json.Id = record.id;
  return json;
}

function readRecord(options: RestRoutesOptions): RestHandler {
  return (call) => {
    const object = needObject(options.store, call.params.object ?? '');
    const id = normaliseRecordId(call.params.id ?? '');
    const record = id === null ? undefined : options.store.table(object).get(id);
    if (record === undefined) throw resourceNotFound();
    if (options.store.isDeleted(object, record))
      throw new SalesforceError(404, 'ENTITY_IS_DELETED', 'entity is deleted');
    return { status: 200, json: showRecord(options.store, object, record, call) };
  };
}

interface ReplicationWindow {
  readonly startMs: number;
  readonly endMs: number;
}

function replicationWindow(call: RestCall, nowMs: number, maxDays: number): ReplicationWindow {
  const read = (name: string): number => {
    const value = call.request.query.get(name) ?? '';
    // An unescaped plus arrives as a blank.
    const ms = Date.parse(value.replace(/ (\d{2}:?\d{2})$/, '+$1').replace(/([+-]\d{2})(\d{2})$/, '$1:$2'));
    if (Number.isNaN(ms))
      throw new SalesforceError(400, 'INVALID_REPLICATION_DATE', `${name}Date is not a date: ${value}`);
    return Math.floor(ms / 60_000) * 60_000;
  };
  const startMs = read('start');
  const endMs = read('end');
  if (endMs - startMs < 60_000) {
    throw new SalesforceError(
      400,
      'INVALID_REPLICATION_DATE',
      'endDate must be at least one minute greater than startDate',
    );
  }
  if (startMs < nowMs - maxDays * dayMs) {
    throw new SalesforceError(400, 'INVALID_REPLICATION_DATE', `startDate cannot be more than ${maxDays} days ago`);
  }
  return { startMs, endMs };
}

function changedRecords(
  options: RestRoutesOptions,
  object: SalesforceObject,
  window: ReplicationWindow,
  deleted: boolean,
) {
  const table = options.store.table(object);
  const records = table.inModifiedOrder();
  const found: SalesforceRecord[] = [];
  for (let i = table.modifiedPosition(window.startMs); i < records.length; i++) {
    const record = records[i] as SalesforceRecord;
    if (record.modifiedAt >= window.endMs) break;
    if (options.store.isDeleted(object, record) === deleted) found.push(record);
  }
  return found;
}

function needReplicateable(options: RestRoutesOptions, call: RestCall): SalesforceObject {
  const object = needObject(options.store, call.params.object ?? '');
  if (!object.replicateable) {
    throw new SalesforceError(400, 'INVALID_TYPE_FOR_OPERATION', `object type ${object.name} is not replicable`);
  }
  return object;
}

function updatedRecords(options: RestRoutesOptions): RestHandler {
  return (call) => {
    const object = needReplicateable(options, call);
    const window = replicationWindow(call, options.clock.now(), 30);
    const ids = changedRecords(options, object, window, false).map((record) => record.id);
    return {
      status: 200,
      json: { ids, latestDateCovered: formatDateTime(Math.min(window.endMs, options.clock.now())) },
    };
  };
}

function deletedRecords(options: RestRoutesOptions): RestHandler {
  return (call) => {
    const object = needReplicateable(options, call);
    const window = replicationWindow(call, options.clock.now(), 15);
    const earliest = options.earliestDeletionMs();
    const deleted = changedRecords(options, object, window, true).filter((record) => record.modifiedAt >= earliest);
    return {
      status: 200,
      json: {
        deletedRecords: deleted.map((record) => ({ deletedDate: formatDateTime(record.modifiedAt), id: record.id })),
        earliestDateAvailable: formatDateTime(earliest),
        latestDateCovered: formatDateTime(Math.min(window.endMs, options.clock.now())),
      },
    };
  };
}

function limits(usage: ApiUsage): JsonObject {
  const limit = (max: number, remaining = max): JsonObject => ({ Max: max, Remaining: remaining });
  return {
    ConcurrentAsyncGetReportInstances: limit(200),
    DailyApiRequests: limit(usage.limit, Math.max(0, usage.limit - usage.used())),
    DailyAsyncApexExecutions: limit(250_000),
    DailyBulkApiBatches: limit(15_000),
    DailyBulkV2QueryFileStorageMB: limit(976_562),
    DailyBulkV2QueryJobs: limit(10_000),
    DailyDeliveredPlatformEvents: limit(10_000),
    DailyDurableStreamingApiEvents: limit(10_000),
    DailyStreamingApiEvents: limit(10_000),
    DataStorageMB: limit(1024, 870),
    DurableStreamingApiConcurrentClients: limit(20),
    FileStorageMB: limit(1024, 1020),
    HourlyPublishedPlatformEvents: limit(50_000),
    HourlySyncReportRuns: limit(500),
    MassEmail: limit(5000),
    PermissionSets: { ...limit(1500, 1490), CreateCustom: limit(1000, 998) },
    SingleEmail: limit(5000),
    StreamingApiConcurrentClients: limit(20),
  };
}

function upsert(options: RestRoutesOptions, call: RestCall): RestAnswer {
  const object = needObject(options.store, call.params.object ?? '');
  const outcome = upsertRecord(
    options,
    { object, fieldName: call.params.field ?? '', value: call.params.value, fields: readBody(call) },
    restAuthor(call.session, call.request.headers),
  );
  if (outcome.matches !== undefined) {
    return { status: 300, json: outcome.matches.map((id) => recordUrl(call.version, object.name, id)) };
  }
  const { id, created } = outcome;
  return { status: created ? 201 : 200, json: { id, success: true, errors: [], created } };
}

/** The resources under `/services/data/vNN.0`. */
export function createRestRoutes(options: RestRoutesOptions): Router<RestHandler> {
  const { store, changes, cursors, usage } = options;
  const router = createRouter<RestHandler>();
  const author = (call: RestCall) => restAuthor(call.session, call.request.headers);

  router.add('GET', '', ({ version }) => ({
    status: 200,
    json: Object.fromEntries(
      ['limits', 'query', 'queryAll', 'sobjects', 'tooling'].map((name) => [name, `/services/data/${version}/${name}`]),
    ),
  }));
  router.add('GET', '/limits', () => ({ status: 200, json: limits(usage) }));
  router.add('GET', '/limits/recordCount', ({ request }) => {
    const names = (request.query.get('sObjects') ?? '').split(',').filter((name) => name !== '');
    const objects = names.length === 0 ? store.visibleObjects() : names.flatMap((name) => store.object(name) ?? []);
    const count = (object: SalesforceObject) =>
      store
        .table(object)
        .inIdOrder()
        .filter((record) => !store.isDeleted(object, record)).length;
    return { status: 200, json: { sObjects: objects.map((object) => ({ count: count(object), name: object.name })) } };
  });
  router.add('GET', '/query', query(options, false));
  router.add('GET', '/queryAll', query(options, true));
  const nextPage: RestHandler = (call) => {
    const { result, locator, position } = cursors.find(call.params.locator ?? '');
    return { status: 200, json: page(options, call, { result, position, locator }) };
  };
  router.add('GET', '/query/:locator', nextPage);
  router.add('GET', '/queryAll/:locator', nextPage);
  router.add('GET', '/sobjects', ({ version }) => ({
    status: 200,
    json: {
      encoding: 'UTF-8',
      maxBatchSize: 200,
      sobjects: store.visibleObjects().map((object) => describeBriefly(object, version)),
    },
  }));
  router.add('GET', '/sobjects/:object', ({ params, version }) => ({
    status: 200,
    json: { objectDescribe: describeBriefly(needObject(store, params.object ?? ''), version), recentItems: [] },
  }));
  router.add('GET', '/sobjects/:object/describe', ({ params, version }) => ({
    status: 200,
    json: describeObject(store, needObject(store, params.object ?? ''), version),
  }));
  router.add('GET', '/sobjects/:object/updated', updatedRecords(options));
  router.add('GET', '/sobjects/:object/deleted', deletedRecords(options));
  router.add('GET', '/sobjects/EventLogFile/:id/LogFile', (call) => {
    options.eventLog.refresh();
    const text = options.eventLog.body(normaliseRecordId(call.params.id ?? '') ?? '');
    if (text === undefined) throw resourceNotFound();
    return { status: 200, text, contentType: 'text/csv' };
  });
  router.add('GET', '/sobjects/:object/:id', readRecord(options));
  router.add('POST', '/sobjects/:object', (call) => {
    const id = changes.create(call.params.object ?? '', readBody(call), author(call));
    return { status: 201, json: { id, success: true, errors: [] } };
  });
  router.add('PATCH', '/sobjects/:object/:id', (call) => {
    changes.update(call.params.object ?? '', call.params.id ?? '', readBody(call), author(call));
    return { status: 204 };
  });
  router.add('DELETE', '/sobjects/:object/:id', (call) => {
    changes.delete(call.params.object ?? '', call.params.id ?? '', author(call));
    return { status: 204 };
  });
  router.add('PATCH', '/sobjects/:object/:field/:value', (call) => upsert(options, call));
  addCollectionRoutes(router, { store, changes });
  return router;
}
