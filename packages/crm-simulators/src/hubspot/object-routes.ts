import type { SimulatorClock } from '../clock.ts';
import type { Router } from '../http/router.ts';
import { jsonText } from '../json-text.ts';
import { associationTypesBetween } from './association-types.ts';
import {
  apiAuthor,
  arrayOf,
  booleanParameter,
  type HubSpotCall,
  type HubSpotHandler,
  jsonBody,
  limitParameter,
  listParameter,
} from './call.ts';
import { HubSpotError, notFound, validationError } from './hubspot-error.ts';
import type { HubSpotStore } from './hubspot-store.ts';
import type { HubSpotObject, HubSpotRecord } from './property-definition.ts';
import type { PropertyInputs } from './property-input.ts';
import type { HubSpotRecordChanges } from './record-changes.ts';
import { createRecordJson, type ShowOptions } from './record-json.ts';
import { parseSearch, runSearch } from './search.ts';
import type { SearchIndex } from './search-index.ts';

export interface ObjectRoutesOptions {
  readonly store: HubSpotStore;
  readonly changes: HubSpotRecordChanges;
  readonly search: SearchIndex;
  readonly clock: SimulatorClock;
  readonly portalId: number;
  /** Search bodies over 3,000 characters are refused. */
  readonly isSearchBodyLimited: boolean;
}

const maxBatch = 100;

function objectOf(options: ObjectRoutesOptions, call: HubSpotCall, access: 'read' | 'write'): HubSpotObject {
  const object = options.store.object(call.params.type ?? '');
  if (access === 'write' && object.isReadOnly === true) {
    throw new HubSpotError(405, 'METHOD_NOT_ALLOWED', `Records of ${object.name} can only be read`);
  }
  call.auth.needScope(object.scope === 'tickets' ? 'tickets' : `${object.scope}.${access}`);
  return object;
}

function showOptions(options: ObjectRoutesOptions, call: HubSpotCall): ShowOptions {
  return {
    properties: listParameter(call, 'properties'),
    propertiesWithHistory: listParameter(call, 'propertiesWithHistory'),
    associations: listParameter(call, 'associations').map((name) => options.store.object(name)),
  };
}

function findRecord(
  store: HubSpotStore,
  object: HubSpotObject,
  id: string,
  idProperty: string | null,
): HubSpotRecord | undefined {
  if (idProperty === null || idProperty === '' || idProperty === 'hs_object_id') return store.resolve(object, id);
  const property = object.property(idProperty);
  if (property === undefined || !property.hasUniqueValue) {
    throw validationError(`${idProperty} is not a unique property of ${object.name}`);
  }
  return store.findUnique(object, property, id);
}

function list(options: ObjectRoutesOptions): HubSpotHandler {
  return (call) => {
    const { store } = options;
    const object = objectOf(options, call, 'read');
    const show = showOptions(options, call);
    const limit = limitParameter(call, 10, (show.propertiesWithHistory?.length ?? 0) > 0 ? 50 : 100);
    const after = call.request.query.get('after') ?? '';
    if (after !== '' && !/^\d+$/.test(after)) throw validationError(`after is not a known position: ${after}`);
    const archived = booleanParameter(call, 'archived');
    const table = store.table(object);
    const records = table.inIdOrder();
    const page: HubSpotRecord[] = [];
    let hasMore = false;
    for (let i = after === '' ? 0 : table.idPosition(after, true); i < records.length; i++) {
      const record = records[i] as HubSpotRecord;
      if ((record.archivedAt !== null) !== archived) continue;
      if (page.length === limit) {
        hasMore = true;
        break;
      }
      page.push(record);
    }
    const toJson = createRecordJson(store, options.portalId, object, show);
    const last = page.at(-1);
    if (!hasMore || last === undefined) return { status: 200, json: { results: page.map(toJson) } };
    const next = new URLSearchParams(call.request.query);
    next.set('after', last.id);
    const link = `https://api.hubapi.com/crm/v3/objects/${object.name}?${next.toString()}`;
    return { status: 200, json: { results: page.map(toJson), paging: { next: { after: last.id, link } } } };
  };
}

function readOne(options: ObjectRoutesOptions): HubSpotHandler {
  return (call) => {
    const object = objectOf(options, call, 'read');
    const record = findRecord(options.store, object, call.params.id ?? '', call.request.query.get('idProperty'));
    if (record === undefined || (record.archivedAt !== null) !== booleanParameter(call, 'archived')) throw notFound();
    const toJson = createRecordJson(options.store, options.portalId, object, showOptions(options, call));
    return { status: 200, json: toJson(record) };
  };
}

function batchRead(options: ObjectRoutesOptions): HubSpotHandler {
  return (call) => {
    const { store } = options;
    const object = objectOf(options, call, 'read');
    const startedAt = new Date(options.clock.now()).toISOString();
    const body = jsonBody(call);
    const inputs = arrayOf(body.inputs);
    const history = arrayOf(body.propertiesWithHistory).map(String);
    const max = history.length > 0 ? 50 : maxBatch;
    if (inputs.length > max)
      throw validationError(`The batch holds ${inputs.length} inputs; at most ${max} are allowed`);
    const idProperty = typeof body.idProperty === 'string' ? body.idProperty : null;
    const archived = booleanParameter(call, 'archived');
    const found = new Map<string, HubSpotRecord>();
    const missing: string[] = [];
    for (const input of inputs) {
      const id = String(input.id);
      const record = findRecord(store, object, id, idProperty);
      if (record === undefined || (record.archivedAt !== null) !== archived) missing.push(id);
      else found.set(record.id, record);
    }
    const toJson = createRecordJson(store, options.portalId, object, {
      properties: arrayOf(body.properties).map(String),
      propertiesWithHistory: history,
    });
    const json: Record<string, unknown> = {
      status: 'COMPLETE',
      results: [...found.values()].map(toJson),
      startedAt,
      completedAt: new Date(options.clock.now()).toISOString(),
    };
    if (missing.length === 0) return { status: 200, json };
    json.numErrors = 1;
    json.errors = [
      {
        status: 'error',
        category: 'OBJECT_NOT_FOUND',
        message: `Could not get some ${object.singular.toUpperCase()} objects, they may be deleted or not exist. Check that ids are valid.`,
        context: { ids: missing },
      },
    ];
    return { status: 207, json };
  };
}

function search(options: ObjectRoutesOptions): HubSpotHandler {
  return (call) => {
    const object = objectOf(options, call, 'read');
    const request = parseSearch(call.request.text(), options.isSearchBodyLimited);
    const result = runSearch(options.store, options.search, object, request);
    const toJson = createRecordJson(options.store, options.portalId, object, { properties: request.properties });
    const json: Record<string, unknown> = { total: result.total, results: result.records.map(toJson) };
    if (result.nextAfter !== null) json.paging = { next: { after: String(result.nextAfter) } };
    return { status: 200, json };
  };
}

interface AssociationInput {
  readonly to?: { readonly id?: unknown };
  readonly types?: readonly { readonly associationTypeId?: unknown }[];
}

function create(options: ObjectRoutesOptions, object: HubSpotObject, input: Record<string, unknown>): HubSpotRecord {
  const { store, changes } = options;
  // Links are looked at before anything is written, so that a wrong one leaves no record behind.
  const links = (arrayOf(input.associations) as readonly AssociationInput[]).flatMap((association) =>
    (association.types ?? []).map((type) => {
      const typeId = Number(type.associationTypeId);
      const target = store.objects.find((each) => associationLeadsTo(object, each, typeId));
      if (target === undefined) throw validationError(`${typeId} is not valid association type for ${object.name}`);
      const other = store.resolve(target, String(association.to?.id));
      if (other === undefined || other.archivedAt !== null) throw notFound();
      return { object: target.name, id: other.id, typeId };
    }),
  );
  const id = changes.create(object.name, (input.properties ?? {}) as PropertyInputs, apiAuthor);
  for (const to of links) changes.associate(object.name, id, to, apiAuthor);
  return store.resolve(object, id) as HubSpotRecord;
}

function associationLeadsTo(from: HubSpotObject, to: HubSpotObject, typeId: number): boolean {
  return associationTypesBetween(from.name, to.name).some((type) => type.typeId === typeId);
}

function writtenProperties(object: HubSpotObject, inputs: unknown): string[] {
  return [...Object.keys((inputs ?? {}) as object), object.createdProperty];
}

interface BatchWrite {
  /** The status when everything went well. */
  readonly status: number;
  /** Throws what `apply` would throw for reasons of the input; nothing is written. */
  readonly check?: (object: HubSpotObject, input: Record<string, unknown>) => void;
  readonly apply: (
    object: HubSpotObject,
    input: Record<string, unknown>,
  ) => { record: HubSpotRecord; extra?: Record<string, unknown> } | null;
}

/** Only inputs that carry a trace id, and missing records, fail alone; any other failure is that of the whole batch. */
function failsAlone(input: Record<string, unknown>, error: unknown): boolean {
  return error instanceof HubSpotError && (input.objectWriteTraceId !== undefined || error.status === 404);
}

function batchWrite(options: ObjectRoutesOptions, { status, check, apply }: BatchWrite): HubSpotHandler {
  return (call) => {
    const object = objectOf(options, call, 'write');
    const startedAt = new Date(options.clock.now()).toISOString();
    const inputs = arrayOf(jsonBody(call).inputs);
    if (inputs.length === 0 || inputs.length > maxBatch) {
      throw validationError(`The batch holds ${inputs.length} inputs; between 1 and ${maxBatch} are allowed`);
    }
    for (const input of check === undefined ? [] : inputs) {
      try {
        check?.(object, input);
      } catch (error) {
        if (!failsAlone(input, error)) throw error;
      }
    }
    const results: unknown[] = [];
    const errors: unknown[] = [];
    for (const input of inputs) {
      try {
        const outcome = apply(object, input);
        if (outcome === null) continue;
        const toJson = createRecordJson(options.store, options.portalId, object, {
          properties: writtenProperties(object, input.properties),
        });
        results.push({ ...toJson(outcome.record), ...outcome.extra });
      } catch (error) {
        if (!(error instanceof HubSpotError) || !failsAlone(input, error)) throw error;
        const context =
          input.objectWriteTraceId === undefined
            ? { ids: [String(input.id)] }
            : { objectWriteTraceId: [jsonText(input.objectWriteTraceId)] };
        errors.push({ status: 'error', category: error.category, message: error.message, context });
      }
    }
    if (status === 204) return { status: 204 };
    const json: Record<string, unknown> = {
      status: 'COMPLETE',
      results,
      startedAt,
      completedAt: new Date(options.clock.now()).toISOString(),
    };
    if (errors.length === 0) return { status, json };
    return { status: 207, json: { ...json, numErrors: errors.length, errors } };
  };
}

/** Reading, searching and writing records: `/crm/v3/objects/...`. */
export function addObjectRoutes(router: Router<HubSpotHandler>, options: ObjectRoutesOptions): void {
  const { store, changes } = options;
  const base = '/crm/objects/:type';
  const needExisting = (object: HubSpotObject, input: Record<string, unknown>): HubSpotRecord => {
    const idProperty = typeof input.idProperty === 'string' ? input.idProperty : null;
    const record = findRecord(store, object, String(input.id), idProperty);
    if (record === undefined || record.archivedAt !== null) throw notFound();
    return record;
  };
  const update = (object: HubSpotObject, input: Record<string, unknown>): HubSpotRecord => {
    const record = needExisting(object, input);
    changes.update(object.name, record.id, (input.properties ?? {}) as PropertyInputs, apiAuthor);
    return record;
  };

  router.add('GET', base, list(options));
  router.add('POST', base, (call) => {
    const object = objectOf(options, call, 'write');
    const body = jsonBody(call);
    const record = create(options, object, body);
    const toJson = createRecordJson(store, options.portalId, object, {
      properties: [
        ...writtenProperties(object, body.properties),
        'hs_object_source',
        'hs_object_source_id',
        'hs_object_source_label',
      ],
    });
    return { status: 201, json: toJson(record) };
  });
  router.add('POST', `${base}/search`, search(options));
  router.add('POST', `${base}/batch/read`, batchRead(options));
  router.add(
    'POST',
    `${base}/batch/create`,
    batchWrite(options, {
      status: 201,
      check: (object, input) => changes.check(object.name, (input.properties ?? {}) as PropertyInputs),
      apply: (object, input) => ({ record: create(options, object, input) }),
    }),
  );
  router.add(
    'POST',
    `${base}/batch/update`,
    batchWrite(options, {
      status: 200,
      check: (object, input) =>
        changes.check(object.name, (input.properties ?? {}) as PropertyInputs, needExisting(object, input).id),
      apply: (object, input) => ({ record: update(object, input) }),
    }),
  );
  router.add(
    'POST',
    `${base}/batch/upsert`,
    batchWrite(options, {
      status: 200,
      apply: (object, input) => {
        const idProperty = typeof input.idProperty === 'string' ? input.idProperty : null;
        const existing = findRecord(store, object, String(input.id), idProperty);
        if (existing !== undefined && existing.archivedAt === null) {
          return { record: update(object, input), extra: { new: false } };
        }
        const properties = (input.properties ?? {}) as PropertyInputs;
        const key = idProperty === null || idProperty === 'hs_object_id' ? {} : { [idProperty]: String(input.id) };
        return { record: create(options, object, { properties: { ...key, ...properties } }), extra: { new: true } };
      },
    }),
  );
  router.add(
    'POST',
    `${base}/batch/archive`,
    batchWrite(options, {
      status: 204,
      apply: (object, input) => {
        const record = store.resolve(object, String(input.id));
        if (record !== undefined && record.archivedAt === null) changes.archive(object.name, record.id, apiAuthor);
        return null;
      },
    }),
  );
  router.add('POST', `${base}/merge`, (call) => {
    const object = objectOf(options, call, 'write');
    const body = jsonBody(call);
    const id = changes.merge(object.name, String(body.primaryObjectId), String(body.objectIdToMerge), apiAuthor);
    const toJson = createRecordJson(store, options.portalId, object, {
      properties: ['hs_merged_object_ids', ...object.defaultProperties],
    });
    return { status: 200, json: toJson(store.resolve(object, id) as HubSpotRecord) };
  });
  router.add('GET', `${base}/:id`, readOne(options));
  router.add('PATCH', `${base}/:id`, (call) => {
    const object = objectOf(options, call, 'write');
    const body = jsonBody(call);
    const idProperty = call.request.query.get('idProperty');
    const input = { id: call.params.id, properties: body.properties, ...(idProperty === null ? {} : { idProperty }) };
    const record = update(object, input);
    const toJson = createRecordJson(store, options.portalId, object, {
      properties: writtenProperties(object, body.properties),
    });
    return { status: 200, json: toJson(record) };
  });
  router.add('DELETE', `${base}/:id`, (call) => {
    const object = objectOf(options, call, 'write');
    const record = store.resolve(object, call.params.id ?? '');
    // Archiving what is not there is not an error.
    if (record !== undefined && record.archivedAt === null) changes.archive(object.name, record.id, apiAuthor);
    return { status: 204 };
  });
}
