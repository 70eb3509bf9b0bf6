import { type FieldValue, isList, textOf } from '../../schema/field-value.ts';
import { inCrmErrors } from '../crm-calls.ts';
import { CrmError, shortText } from '../crm-error.ts';
import type { AssociationLink, CrmWriter, FieldChanges, RecordLink } from '../crm-writer.ts';
import type { HubSpotApi, HubSpotRequest } from './api.ts';
import { createFreshReader } from './fresh-reader.ts';
import { createLinkReader } from './link-reader.ts';
import { createObjectCatalogue } from './object-catalogue.ts';
import { isObjectId } from './read-record.ts';

export interface HubSpotWriterOptions {
  readonly api: HubSpotApi;
  /** How late a change can show up in the search index. */
  readonly overlapMs: number;
  readonly now: () => number;
}

interface BatchAnswer {
  readonly errors?: unknown;
}

/**
 * Writes to a portal, one record a call, so that every refusal is that of one write. Owners are not records that can be
 * written.
 */
export function createHubSpotWriter(options: HubSpotWriterOptions): CrmWriter {
  const api: HubSpotApi = {
    send: (request, signal) => inCrmErrors(options.api.send(request, signal)),
    write: options.api.write,
    close: options.api.close,
  };
  const catalogue = createObjectCatalogue({ api, now: options.now });
  const records = createFreshReader({ api, catalogue });
  const links = createLinkReader({ api, now: options.now });

  async function write(object: string, request: HubSpotRequest, signal: AbortSignal): Promise<unknown> {
    try {
      return await api.write(request, signal);
    } catch (error) {
      // What is known of the properties may be why the write was refused.
      if (error instanceof CrmError && error.kind === 'validation') catalogue.forget(object);
      throw error;
    }
  }

  async function patch(
    change: { readonly object: string; readonly recordId: string; readonly fields: FieldChanges },
    signal: AbortSignal,
  ): Promise<void> {
    const path = `/crm/v3/objects/${needObject(change.object)}/${needId(change.object, change.recordId)}`;
    await write(change.object, { method: 'PATCH', path, body: { properties: textProperties(change.fields) } }, signal);
  }

  return {
    read: (object, ids, signal) => records.read(needObject(object), ids, signal),
    createdSince: (object, sinceMs, signal) => records.createdSince(needObject(object), sinceMs, signal),
    links: (object, recordId, signal) => links.read(needObject(object), needId(object, recordId), signal),
    writableFields: async (object, signal) => (await catalogue.object(needObject(object), signal)).writable,
    associationTypes: links.types,

    update: (object, recordId, fields, signal) => patch({ object, recordId, fields }, signal),

    async create(object, fields, withLinks, signal) {
      const answer = (await write(
        object,
        {
          method: 'POST',
          path: `/crm/v3/objects/${needObject(object)}`,
          body: { properties: textProperties(fields), associations: associationsOf(withLinks) },
        },
        signal,
      )) as { id?: unknown } | null;
      if (isObjectId(answer?.id)) return answer.id;
      throw withoutId(`which record of ${object} it created: look for it`);
    },

    async merge(object, { masterId, loserIds, fields }, signal) {
      const [loserId, ...more] = loserIds;
      if (loserId === undefined || more.length > 0) {
        throw new CrmError({
          kind: 'validation',
          code: 'number-of-losers',
          message: `HubSpot merges one record into another at a time, not ${loserIds.length}.`,
        });
      }
      const path = `/crm/v3/objects/${needObject(object)}/merge`;
      const body = { primaryObjectId: needId(object, masterId), objectIdToMerge: needId(object, loserId) };
      const answer = (await write(object, { method: 'POST', path, body }, signal)) as { id?: unknown } | null;
      const survivorId = answer?.id;
      if (!isObjectId(survivorId)) throw withoutId(`into which record of ${object} it merged: read ${masterId}`);
      try {
        if (Object.keys(fields).length > 0) await patch({ object, recordId: survivorId, fields }, signal);
      } catch (error) {
        throw survivorNotUpdated(survivorId, error);
      }
      return { survivorId, movedLinks: null };
    },

    undelete: () =>
      Promise.reject(
        new CrmError({
          kind: 'not-supported',
          code: 'no-undelete',
          message: 'HubSpot lets no program bring back a record: people can, within 90 days. Create it again.',
        }),
      ),

    async setLink(link, holder, signal) {
      const { toObject, toId, category, typeId } = needAssociation(link);
      const from = needObject(holder.object);
      const input = {
        from: { id: needId(from, holder.recordId) },
        to: { id: toId },
        types: [{ associationCategory: category, associationTypeId: typeId }],
      };
      const path = `/crm/v4/associations/${from}/${toObject}/batch/create`;
      const answer = await write(from, { method: 'POST', path, body: { inputs: [input] } }, signal);
      needNoErrors(answer, `The association from ${from} ${holder.recordId} to ${toObject} ${toId}`);
    },

    async removeLink(link, signal) {
      const { fromObject, fromId, toObject, toId, category, typeId } = needAssociation(link);
      const input = {
        from: { id: fromId },
        to: { id: toId },
        types: [{ associationCategory: category, associationTypeId: typeId }],
      };
      const path = `/crm/v4/associations/${fromObject}/${toObject}/batch/labels/archive`;
      try {
        const answer = await write(fromObject, { method: 'POST', path, body: { inputs: [input] } }, signal);
        needNoErrors(answer, `Taking away the association from ${fromObject} ${fromId} to ${toObject} ${toId}`);
      } catch (error) {
        // Nothing is left to remove.
        if (!(error instanceof CrmError && error.kind === 'not-found')) throw error;
      }
    },

    undo: { merge: 'new-id', undelete: false, recycleBinDays: null, indexLagMs: options.overlapMs },

    async environment(signal) {
      const details = (await api.send({ method: 'GET', path: '/account-info/v3/details' }, signal)) as {
        accountType?: unknown;
      } | null;
      const type = details?.accountType;
      return typeof type === 'string' && testAccounts.has(type) ? 'sandbox' : 'production';
    },
  };
}

const testAccounts = new Set(['DEVELOPER_TEST', 'SANDBOX', 'APP_DEVELOPER']);

/** A value as HubSpot takes it: text, several choices between semicolons, nothing for a blank. */
const textOfChange = (value: FieldValue | null): string =>
  value === null ? '' : isList(value) ? value.map(textOf).join(';') : textOf(value);

function textProperties(fields: FieldChanges): Record<string, string> {
  const association = Object.keys(fields).find((name) => name.startsWith('associations.'));
  if (association !== undefined) {
    throw new CrmError({
      kind: 'validation',
      code: 'association-field',
      message: `${association} shows associations and is not a property: associate or dissociate the records.`,
      fields: [association],
    });
  }
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, textOfChange(value)]));
}

/** The associations of a record that is created, gathered by the record at the other end. */
function associationsOf(links: readonly RecordLink[]): unknown[] {
  const byTarget = Map.groupBy(links.map(needAssociation), ({ toObject, toId }) => `${toObject}:${toId}`);
  return [...byTarget.values()].map((group) => ({
    to: { id: group[0]?.toId },
    types: group.map(({ category, typeId }) => ({ associationCategory: category, associationTypeId: typeId })),
  }));
}

function needObject(object: string): string {
  if (object === 'owners') {
    throw new CrmError({
      kind: 'not-supported',
      code: 'owners-are-read-only',
      message: 'Owners are the users of the portal. Change them in its settings.',
    });
  }
  if (/^[a-z0-9_-]+$/i.test(object)) return object;
  throw new CrmError({
    kind: 'not-found',
    code: 'unknown-object',
    message: `The portal has no object ${object}. Use the plural name, such as contacts.`,
  });
}

function needId(object: string, recordId: string): string {
  if (isObjectId(recordId)) return recordId;
  throw unknownRecord(object, recordId);
}

const unknownRecord = (object: string, recordId: string): CrmError =>
  new CrmError({
    kind: 'not-found',
    code: 'unknown-record',
    message: `${recordId} is not the id of a record of ${object}: HubSpot ids are numbers.`,
  });

function needAssociation(link: RecordLink): AssociationLink {
  if (link.kind === 'association') return link;
  throw new CrmError({
    kind: 'not-supported',
    code: 'no-references',
    message: 'HubSpot ties records by associations, not by fields that name them.',
  });
}

/** A batch of one answers with success even when that one failed. */
function needNoErrors(answer: unknown, what: string): void {
  const errors = (answer as BatchAnswer | null)?.errors;
  if (!Array.isArray(errors) || errors.length === 0) return;
  const { category, message } = errors[0] as { category?: unknown; message?: unknown };
  const code = typeof category === 'string' ? category : 'batch-error';
  throw new CrmError({
    kind: code === 'OBJECT_NOT_FOUND' ? 'not-found' : 'validation',
    code,
    message: `${what} was refused: ${shortText(message)}`,
  });
}

const withoutId = (what: string): CrmError =>
  new CrmError({
    kind: 'unknown-outcome',
    code: 'malformed-answer',
    message: `HubSpot did not say ${what}.`,
    mayBeDone: true,
  });

/** The merge stands and cannot be taken back; what is missing is known from reading the survivor. */
const survivorNotUpdated = (survivorId: string, cause: unknown): CrmError =>
  new CrmError({
    kind: 'unknown-outcome',
    code: 'survivor-not-updated',
    message: `The records were merged into ${survivorId}, but its fields were not written: ${
      cause instanceof Error ? shortText(cause.message) : 'no reason is known'
    }`,
    existingId: survivorId,
    fields: cause instanceof CrmError ? cause.fields : [],
    mayBeDone: true,
    cause,
  });
