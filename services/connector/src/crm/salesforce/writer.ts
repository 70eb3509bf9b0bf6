import { isSalesforceId, longSalesforceId } from '@kempt/contracts';
import { type CrmCalls, inCrmErrors } from '../crm-calls.ts';
import { CrmError } from '../crm-error.ts';
import type { CrmWriter, RecordLink, ReferenceLink, UpdateOptions } from '../crm-writer.ts';
import { salesforceRowError } from './error-map.ts';
import { createFreshReader } from './fresh-reader.ts';
import { createLinkReader } from './link-reader.ts';
import { createObjectCatalogue } from './object-catalogue.ts';
import type { QueryPage } from './object-reader.ts';
import type { SalesforceRequest, SalesforceSession } from './session.ts';
import { mergeOperation, type SoapResult, undeleteOperation } from './soap.ts';
import { jsonFields, textFields } from './wire-value.ts';

export interface SalesforceWriterOptions {
  readonly session: SalesforceSession;
  readonly calls: CrmCalls;
  /** Runs a query over all records, deleted ones included. */
  readonly query: (soql: string, signal: AbortSignal) => Promise<QueryPage>;
  readonly fieldListCharacters: number;
  /** How late a change can show up behind newer ones. */
  readonly overlapMs: number;
  readonly now: () => number;
}

/** The most that one merge takes. */
const mostLosers = 2;
const recycleBinDays = 15;

/**
 * Lets a record be saved although a duplicate rule finds others like it. Sent only where something is put back as it was:
 * whatever stood there before is not for the rule to refuse. All other writes are stopped by the rules of the org.
 */
const allowDuplicates = { 'sforce-duplicate-rule-header': 'allowSave=true' };

/** Writes by REST; merges and undeletes by SOAP, where alone they exist. Every call says that it is Kempt's. */
export function createSalesforceWriter(options: SalesforceWriterOptions): CrmWriter {
  const { session, calls } = options;

  const get = (path: string, signal: AbortSignal): Promise<unknown> =>
    inCrmErrors(calls.run((attempt) => session.send({ method: 'GET', path }, attempt), signal));
  const queryAll = (soql: string, signal: AbortSignal) => inCrmErrors(options.query(soql, signal));
  const write = (object: string, request: SalesforceRequest, signal: AbortSignal): Promise<unknown> =>
    rememberingTo(
      object,
      calls.write((attempt) => session.send(request, attempt), signal),
    );

  const catalogue = createObjectCatalogue({ get, now: options.now });
  const records = createFreshReader({
    catalogue,
    query: queryAll,
    fieldListCharacters: options.fieldListCharacters,
  });
  const links = createLinkReader({
    catalogue,
    async query(soql, signal) {
      const answer = (await get(`/query?q=${encodeURIComponent(soql)}`, signal)) as { records?: unknown } | null;
      if (Array.isArray(answer?.records)) return answer.records;
      throw new CrmError({
        kind: 'malformed',
        code: 'malformed-page',
        message: 'Salesforce answered a query without records.',
      });
    },
  });

  /** What is known of the fields may be why a write was refused. */
  async function rememberingTo<T>(object: string, result: Promise<T>): Promise<T> {
    try {
      return await result;
    } catch (error) {
      if (error instanceof CrmError && error.kind === 'validation') catalogue.forget(object);
      throw error;
    }
  }

  /** Calls an operation for one record. A result that says no is an answer of a CRM that works. */
  async function callSoap(
    object: string,
    operation: string,
    signal: AbortSignal,
  ): Promise<SoapResult & { readonly success: true }> {
    return await rememberingTo(
      object,
      calls.write(async (attempt) => {
        const [result] = await session.callSoap(operation, attempt);
        if (result?.success === true) return result;
        throw salesforceRowError(result?.error ?? { code: 'UNKNOWN_EXCEPTION', message: 'no result', fields: [] });
      }, signal),
    );
  }

  async function patch(
    change: { readonly object: string; readonly recordId: string; readonly body: object } & UpdateOptions,
    signal: AbortSignal,
  ): Promise<void> {
    const path = `/sobjects/${needName(change.object)}/${needId(change.object, change.recordId)}`;
    const headers = change.putsBack === true ? { headers: allowDuplicates } : {};
    await write(change.object, { method: 'PATCH', path, body: change.body, ...headers }, signal);
  }

  return {
    read: records.read,
    createdSince: records.createdSince,
    links: links.read,
    writableFields: async (object, signal) => (await catalogue.object(object, signal)).writable,
    associationTypes: () => Promise.resolve([]),

    update: (object, recordId, fields, ...[signal, updateOptions]) =>
      patch({ object, recordId, body: jsonFields(fields), ...updateOptions }, signal),

    async create(object, fields, withLinks, signal) {
      if (withLinks.length > 0) {
        throw new CrmError({
          kind: 'not-supported',
          code: 'no-associations',
          message: 'A Salesforce record is not created with links: tie them to it afterwards.',
        });
      }
      const answer = (await write(
        object,
        { method: 'POST', path: `/sobjects/${needName(object)}`, body: jsonFields(fields), headers: allowDuplicates },
        signal,
      )) as { id?: unknown } | null;
      if (isSalesforceId(answer?.id)) return longSalesforceId(answer.id);
      throw new CrmError({
        kind: 'unknown-outcome',
        code: 'malformed-answer',
        message: `Salesforce did not say which record of ${object} it created: look for it.`,
        mayBeDone: true,
      });
    },

    async merge(object, { masterId, loserIds, fields }, signal) {
      if (loserIds.length === 0 || loserIds.length > mostLosers) {
        throw new CrmError({
          kind: 'validation',
          code: 'number-of-losers',
          message: `Salesforce merges one or ${mostLosers} records into another at a time, not ${loserIds.length}.`,
        });
      }
      const operation = mergeOperation({
        object: needName(object),
        masterId: needId(object, masterId),
        loserIds: loserIds.map((id) => needId(object, id)),
        fields: textFields(fields),
      });
      const result = await callSoap(object, operation, signal);
      return { survivorId: result.id, movedLinks: result.movedIds.length };
    },

    async undelete(object, recordId, signal) {
      await callSoap(object, undeleteOperation([needId(object, recordId)]), signal);
    },

    async setLink(link, holder, signal, updateOptions) {
      const { object, recordId, field } = needReference(link);
      await patch(
        { object, recordId, body: { [field]: needId(holder.object, holder.recordId) }, ...updateOptions },
        signal,
      );
    },

    async removeLink(link, signal) {
      const { object, recordId, field } = needReference(link);
      await patch({ object, recordId, body: { [field]: null } }, signal);
    },

    undo: { merge: 'full', undelete: true, recycleBinDays, indexLagMs: options.overlapMs },

    async environment(signal) {
      const { rows } = await queryAll('SELECT IsSandbox, OrganizationType FROM Organization LIMIT 1', signal);
      const org = (rows[0] ?? {}) as { IsSandbox?: unknown; OrganizationType?: unknown };
      return org.IsSandbox === true || org.OrganizationType === 'Developer Edition' ? 'sandbox' : 'production';
    },
  };
}

function needName(object: string): string {
  if (/^[A-Za-z]\w*$/.test(object)) return object;
  throw new CrmError({
    kind: 'not-found',
    code: 'unknown-object',
    message: `The org has no object ${object}. Check its API name.`,
  });
}

function needId(object: string, recordId: string): string {
  if (isSalesforceId(recordId)) return longSalesforceId(recordId);
  throw unknownRecord(object, recordId);
}

const unknownRecord = (object: string, recordId: string): CrmError =>
  new CrmError({
    kind: 'not-found',
    code: 'unknown-record',
    message: `${recordId} is not the id of a record of ${object}: Salesforce ids have 15 or 18 letters and digits.`,
  });

function needReference(link: RecordLink): ReferenceLink {
  if (link.kind === 'association') {
    throw new CrmError({
      kind: 'not-supported',
      code: 'no-associations',
      message: 'Salesforce has no associations: records are tied by reference fields.',
    });
  }
  if (link.isFixed !== true) return link;
  throw new CrmError({
    kind: 'not-supported',
    code: 'fixed-reference',
    message: `Salesforce lets nobody change the field ${link.field} of a record of ${link.object} once it exists.`,
    fields: [link.field],
  });
}
