import type { CrmClient } from '../crm-client.ts';
import { CrmError } from '../crm-error.ts';
import type { AskCrm } from '../crm-probe.ts';
import type { CrmWriter } from '../crm-writer.ts';
import type { HubSpotApi } from './api.ts';
import { createHubSpotAuditReader } from './audit-reader.ts';
import { createHubSpotReader } from './object-reader.ts';
import { createOwnerReader } from './owner-reader.ts';
import { discoverProperties, unknownObject } from './property-discovery.ts';
import { readableProperties, stampProperty } from './property-types.ts';
import { createHubSpotWriter } from './writer.ts';

export interface HubSpotClientOptions {
  readonly api: HubSpotApi;
  readonly ask: AskCrm;
  readonly pageRecords: number;
  /** Longest list of properties in the address of a request. */
  readonly fieldListCharacters: number;
  /** How late a change can show up in the search index. */
  readonly overlapMs: number;
  readonly now: () => number;
}

interface AccountDetails {
  readonly portalId?: unknown;
  readonly uiDomain?: unknown;
}

export function createHubSpotClient(options: HubSpotClientOptions): CrmClient {
  const { api } = options;

  let writer: CrmWriter | undefined;

  return {
    system: 'hubspot',

    get writer() {
      writer ??= createHubSpotWriter(options);
      return writer;
    },

    async identify(signal) {
      const details = (await api.send(
        { method: 'GET', path: '/account-info/v3/details' },
        signal,
      )) as AccountDetails | null;
      const given = details?.portalId;
      const portalId = typeof given === 'number' || typeof given === 'string' ? String(given) : '';
      if (!/^\d+$/.test(portalId)) {
        throw new CrmError({
          kind: 'malformed',
          code: 'malformed-account',
          message: 'The address answered without a portal id. Check that it is the address of HubSpot.',
          pointer: '/baseUrl',
        });
      }
      return { account: `hs:${portalId}`, displayName: `HubSpot portal ${portalId}` };
    },

    async open(object, signal) {
      if (object === 'owners') {
        const reader = createOwnerReader(api);
        await reader.readAll(null, signal);
        return reader;
      }
      const properties = await discoverProperties(api, object, signal);
      if (!properties.some(({ name }) => name === stampProperty(object))) throw unknownObject(object);
      // Whoever may see the properties may not see the records yet.
      await api.send({ method: 'GET', path: `/crm/v3/objects/${object}`, query: { limit: 1 } }, signal);
      return createHubSpotReader({
        api,
        schema: { object, fields: readableProperties(object, properties) },
        pageRecords: options.pageRecords,
        fieldListCharacters: options.fieldListCharacters,
        overlapMs: options.overlapMs,
        now: options.now,
      });
    },

    audit: createHubSpotAuditReader(options),

    ask: options.ask,

    close: () => api.close(),
  };
}
