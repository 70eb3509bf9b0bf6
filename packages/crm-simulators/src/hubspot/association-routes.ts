import type { SimulatorClock } from '../clock.ts';
import type { Router } from '../http/router.ts';
import { jsonText } from '../json-text.ts';
import type { Link } from './association-store.ts';
import { associationType, associationTypesBetween } from './association-types.ts';
import { apiAuthor, arrayOf, type HubSpotCall, type HubSpotHandler, jsonBody } from './call.ts';
import { HubSpotError, notFound, validationError } from './hubspot-error.ts';
import type { HubSpotStore } from './hubspot-store.ts';
import type { HubSpotObject } from './property-definition.ts';
import type { HubSpotRecordChanges } from './record-changes.ts';

export interface AssociationRoutesOptions {
  readonly clock: SimulatorClock;
  readonly store: HubSpotStore;
  readonly changes: HubSpotRecordChanges;
}

const maxPage = 500;
const maxReadInputs = 1000;
const maxWriteInputs = 2000;

function types(links: readonly Link[]): unknown[] {
  return links.map((link) => ({
    category: 'HUBSPOT_DEFINED',
    typeId: link.typeId,
    label: associationType(link.typeId)?.label ?? null,
  }));
}

/** Links of a record grouped by target, in order of the target's id. */
function groupedLinks(store: HubSpotStore, from: HubSpotObject, id: string, to: HubSpotObject): [string, Link[]][] {
  const groups = Map.groupBy(store.associations.links(from.name, id, to.name), (link) => link.toId);
  return [...groups].sort(([left], [right]) => Number(left) - Number(right));
}

function pageOf(groups: readonly [string, Link[]][], after: string, limit: number) {
  const start = after === '' ? 0 : groups.findIndex(([id]) => Number(id) > Number(after));
  const shown = start < 0 ? [] : groups.slice(start, start + limit);
  const last = shown.at(-1);
  const isMore = start >= 0 && start + limit < groups.length && last !== undefined;
  return {
    shown,
    paging: isMore ? { paging: { next: { after: last[0], link: `https://api.hubapi.com/?after=${last[0]}` } } } : {},
  };
}

function pair(
  options: AssociationRoutesOptions,
  call: HubSpotCall,
  access: 'read' | 'write',
): [HubSpotObject, HubSpotObject] {
  const from = options.store.object(call.params.type ?? '');
  const to = options.store.object(call.params.toType ?? '');
  for (const object of [from, to])
    call.auth.needScope(object.scope === 'tickets' ? 'tickets' : `${object.scope}.${access}`);
  return [from, to];
}

function batchRead(options: AssociationRoutesOptions): HubSpotHandler {
  return (call) => {
    const { store } = options;
    const [from, to] = pair(options, call, 'read');
    const inputs = arrayOf(jsonBody(call).inputs);
    if (inputs.length > maxReadInputs) {
      throw validationError(`The batch holds ${inputs.length} inputs; at most ${maxReadInputs} are allowed`);
    }
    const now = new Date().toISOString();
    const results: unknown[] = [];
    const missing: string[] = [];
    for (const input of inputs) {
      const id = String(input.id);
      const record = store.resolve(from, id);
      const groups = record === undefined ? [] : groupedLinks(store, from, record.id, to);
      if (groups.length === 0) {
        missing.push(id);
        continue;
      }
      const { shown, paging } = pageOf(groups, jsonText(input.after), maxPage);
      const targets =
        call.version === 'v3'
          ? shown.flatMap(([toId, links]) =>
              links.map((link) => ({ id: toId, type: associationType(link.typeId)?.name })),
            )
          : shown.map(([toId, links]) => ({ toObjectId: Number(toId), associationTypes: types(links) }));
      results.push({ from: { id }, to: targets, ...paging });
    }
    const json: Record<string, unknown> = { status: 'COMPLETE', results, startedAt: now, completedAt: now };
    if (missing.length === 0) return { status: 200, json };
    json.numErrors = missing.length;
    json.errors = missing.map((id) => ({
      status: 'error',
      category: 'OBJECT_NOT_FOUND',
      subCategory: 'crm.associations.NO_ASSOCIATIONS_FOUND',
      message: `No ${to.singular} is associated with ${from.singular} ${id}.`,
      context: { fromObjectId: [id], fromObjectType: [from.singular], toObjectType: [to.singular] },
    }));
    return { status: 207, json };
  };
}

interface BatchPair {
  readonly from: HubSpotObject;
  readonly to: HubSpotObject;
  readonly input: Record<string, unknown>;
  readonly fromId: string;
  readonly toId: string;
}

/** Writes one pair; the answer is shown among the results. */
type BatchApply = (pair: BatchPair) => unknown;

const idIn = (value: unknown): string => jsonText((value as { id?: unknown } | undefined)?.id);

/** Writes many pairs; those whose records are missing fail alone. The targets of an input may be one or a list. */
function batchWrite(options: AssociationRoutesOptions, status: number, apply: BatchApply): HubSpotHandler {
  return (call) => {
    const [from, to] = pair(options, call, 'write');
    const inputs = arrayOf(jsonBody(call).inputs);
    if (inputs.length > maxWriteInputs) {
      throw validationError(`The batch holds ${inputs.length} inputs; at most ${maxWriteInputs} are allowed`);
    }
    const startedAt = new Date(options.clock.now()).toISOString();
    const results: unknown[] = [];
    const errors: unknown[] = [];
    for (const input of inputs) {
      for (const target of Array.isArray(input.to) ? input.to : [input.to]) {
        const fromId = idIn(input.from);
        const toId = idIn(target);
        try {
          results.push(apply({ from, to, input, fromId, toId }));
        } catch (error) {
          if (!(error instanceof HubSpotError) || error.status !== 404) throw error;
          errors.push({
            status: 'error',
            category: 'VALIDATION_ERROR',
            subCategory: 'crm.associations.OBJECT_NOT_FOUND',
            message: `One of the records ${fromId} and ${toId} does not exist`,
            context: { fromObjectId: [fromId], toObjectId: [toId] },
          });
        }
      }
    }
    if (status === 204 && errors.length === 0) return { status };
    const completedAt = new Date(options.clock.now()).toISOString();
    const json = { status: 'COMPLETE', results: status === 204 ? [] : results, startedAt, completedAt };
    if (errors.length === 0) return { status, json };
    return { status: 207, json: { ...json, numErrors: errors.length, errors } };
  };
}

/** Associations of the v4 shape, and the batch reading of v3: `/crm/v4/objects/.../associations/...`, `/crm/v4/associations/...`. */
export function addAssociationRoutes(router: Router<HubSpotHandler>, options: AssociationRoutesOptions): void {
  const { store, changes } = options;
  router.add('GET', '/crm/objects/:type/:id/associations/:toType', (call) => {
    const [from, to] = pair(options, call, 'read');
    const record = store.resolve(from, call.params.id ?? '');
    if (record === undefined || record.archivedAt !== null) throw notFound();
    const limit = Math.min(maxPage, Math.max(1, Number(call.request.query.get('limit') ?? maxPage)));
    const { shown, paging } = pageOf(
      groupedLinks(store, from, record.id, to),
      call.request.query.get('after') ?? '',
      limit,
    );
    const results =
      call.version === 'v3'
        ? shown.flatMap(([toId, links]) =>
            links.map((link) => ({ id: toId, type: associationType(link.typeId)?.name })),
          )
        : shown.map(([toId, links]) => ({ toObjectId: Number(toId), associationTypes: types(links) }));
    return { status: 200, json: { results, ...paging } };
  });
  router.add('PUT', '/crm/objects/:type/:id/associations/default/:toType/:toId', (call) => {
    const [from, to] = pair(options, call, 'write');
    const { id = '', toId = '' } = call.params;
    changes.associate(from.name, id, { object: to.name, id: toId }, apiAuthor);
    const now = new Date().toISOString();
    return {
      status: 200,
      json: { status: 'COMPLETE', results: [{ from: { id }, to: { id: toId } }], startedAt: now, completedAt: now },
    };
  });
  router.add('PUT', '/crm/objects/:type/:id/associations/:toType/:toId', (call) => {
    const [from, to] = pair(options, call, 'write');
    const { id = '', toId = '' } = call.params;
    let specs: unknown;
    try {
      specs = call.request.json();
    } catch {
      throw validationError('Invalid input JSON: the body is not a JSON array');
    }
    const labels: string[] = [];
    for (const spec of arrayOf(specs)) {
      const typeId = Number(spec.associationTypeId);
      changes.associate(from.name, id, { object: to.name, id: toId, typeId }, apiAuthor);
      const label = associationType(typeId)?.label;
      if (label != null) labels.push(label);
    }
    return {
      status: 201,
      json: {
        fromObjectTypeId: from.typeId,
        fromObjectId: Number(id),
        toObjectTypeId: to.typeId,
        toObjectId: Number(toId),
        labels,
      },
    };
  });
  router.add('DELETE', '/crm/objects/:type/:id/associations/:toType/:toId', (call) => {
    const [from, to] = pair(options, call, 'write');
    changes.dissociate(from.name, call.params.id ?? '', { object: to.name, id: call.params.toId ?? '' }, apiAuthor);
    return { status: 204 };
  });
  router.add('POST', '/crm/associations/:type/:toType/batch/read', batchRead(options));
  const write = (status: number, apply: BatchApply) => batchWrite(options, status, apply);
  router.add(
    'POST',
    '/crm/associations/:type/:toType/batch/create',
    write(201, ({ from, to, input, fromId, toId }) => {
      // The older form names one type by its name; the newer one lists types by id.
      const named = associationTypesBetween(from.name, to.name).find((type) => type.name === input.type)?.typeId;
      const ids = arrayOf(input.types).map((type) => Number(type.associationTypeId));
      for (const typeId of named === undefined ? ids : [named]) {
        changes.associate(from.name, fromId, { object: to.name, id: toId, typeId }, apiAuthor);
      }
      const labels = ids.flatMap((typeId) => associationType(typeId)?.label ?? []);
      return {
        fromObjectTypeId: from.typeId,
        fromObjectId: Number(fromId),
        toObjectTypeId: to.typeId,
        toObjectId: Number(toId),
        labels,
      };
    }),
  );
  router.add(
    'POST',
    '/crm/associations/:type/:toType/batch/associate/default',
    write(200, ({ from, to, fromId, toId }) => {
      changes.associate(from.name, fromId, { object: to.name, id: toId }, apiAuthor);
      return { from: { id: fromId }, to: { id: toId } };
    }),
  );
  router.add(
    'POST',
    '/crm/associations/:type/:toType/batch/archive',
    write(204, ({ from, to, fromId, toId }) => {
      changes.dissociate(from.name, fromId, { object: to.name, id: toId }, apiAuthor);
      return null;
    }),
  );
  router.add(
    'POST',
    '/crm/associations/:type/:toType/batch/labels/archive',
    write(204, ({ from, to, input, fromId, toId }) => {
      for (const type of arrayOf(input.types)) {
        const typeId = Number(type.associationTypeId);
        changes.dissociate(from.name, fromId, { object: to.name, id: toId, typeId }, apiAuthor);
      }
      return null;
    }),
  );
  router.add('GET', '/crm/associations/:type/:toType/labels', (call) => {
    const [from, to] = pair(options, call, 'read');
    const results = associationTypesBetween(from.name, to.name).map((type) => ({
      category: 'HUBSPOT_DEFINED',
      typeId: type.typeId,
      label: type.label,
    }));
    return { status: 200, json: { results } };
  });
}
