import type { SalesforceDefinition } from '../connection-definition.ts';
import type { CrmCalls } from '../crm-calls.ts';
import type { CrmClient } from '../crm-client.ts';
import { CrmError } from '../crm-error.ts';
import type { CrmWriter } from '../crm-writer.ts';
import { createSalesforceAuditReader } from './audit-reader.ts';
import { describeObject } from './described-object.ts';
import { readableFields } from './field-types.ts';
import { createSalesforceReader, type QueryPage } from './object-reader.ts';
import { createSalesforceProbe } from './probe.ts';
import { createSalesforceSession } from './session.ts';
import { createSalesforceWriter } from './writer.ts';

export interface SalesforceClientOptions {
  readonly loginUrl: string;
  readonly credentials: SalesforceDefinition['credentials'];
  /** Such as `62.0`. */
  readonly apiVersion: string;
  readonly calls: CrmCalls;
  /** Why an address may not be spoken to, or null. */
  readonly refusal: (address: string) => string | null;
  readonly pageRecords: number;
  /** Longest list of fields in one query: its address, which also holds the conditions, may have 16 KiB. */
  readonly fieldListCharacters: number;
  /** How late a change can show up behind newer ones. */
  readonly overlapMs: number;
  readonly now: () => number;
}

interface QueryAnswer {
  readonly records?: unknown;
  readonly done?: unknown;
}

export function createSalesforceClient(options: SalesforceClientOptions): CrmClient {
  const { calls } = options;
  const session = createSalesforceSession(options);

  const get = (path: string, signal: AbortSignal): Promise<unknown> =>
    calls.run((attempt) => session.send({ method: 'GET', path }, attempt), signal);

  async function query(soql: string, signal: AbortSignal): Promise<QueryPage> {
    return calls.run(async (attempt) => {
      const path = `/queryAll?q=${encodeURIComponent(soql)}`;
      const answer = (await session.send({ method: 'GET', path }, attempt)) as QueryAnswer | null;
      if (!Array.isArray(answer?.records)) {
        throw new CrmError({
          kind: 'malformed',
          code: 'malformed-page',
          message: 'Salesforce answered a query without records.',
        });
      }
      return { rows: answer.records, done: answer.done !== false };
    }, signal);
  }

  let writer: CrmWriter | undefined;

  return {
    system: 'salesforce',

    get writer() {
      writer ??= createSalesforceWriter({ ...options, session, query });
      return writer;
    },

    async identify(signal) {
      const orgId = await calls.run((attempt) => session.login(attempt), signal);
      const { rows } = await query('SELECT Id, Name FROM Organization LIMIT 1', signal);
      const name = (rows[0] as { Name?: unknown } | undefined)?.Name;
      return { account: `sf:${orgId}`, displayName: typeof name === 'string' && name !== '' ? name : orgId };
    },

    async open(object, signal) {
      const described = await describeObject(get, object, signal);
      if (!described.fields.some(({ name }) => name === 'SystemModstamp') || !described.queryable) {
        throw new CrmError({
          kind: 'validation',
          code: 'object-not-synchronisable',
          message: `Salesforce does not say when a record of ${object} changed, so it cannot be synchronised. Remove it from the objects.`,
          pointer: '/objects',
        });
      }
      return createSalesforceReader({
        schema: { object, fields: readableFields(described.fields) },
        query,
        pageRecords: options.pageRecords,
        overlapMs: options.overlapMs,
        fieldListCharacters: options.fieldListCharacters,
        now: options.now,
      });
    },

    audit: createSalesforceAuditReader({
      query,
      get,
      getText: (path, signal) => calls.run((attempt) => session.sendForText({ method: 'GET', path }, attempt), signal),
      now: options.now,
    }),

    ask: createSalesforceProbe({ loginUrl: options.loginUrl, session }),

    close: () => calls.close(),
  };
}
