import type { CrmClient } from '../crm-client.ts';
import { CrmError } from '../crm-error.ts';
import type { AskCrm } from '../crm-probe.ts';
import type { HubSpotApi } from './api.ts';
import { createHubSpotReader } from './object-reader.ts';
import { createOwnerReader } from './owner-reader.ts';
import { type DescribedProperty, readableProperties, stampProperty } from './property-types.ts';

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

function describedProperties(answer: unknown): readonly DescribedProperty[] | null {
  const results = (answer as { results?: unknown } | null)?.results;
  const isList =
    Array.isArray(results) &&
    results.every((property) => typeof property?.name === 'string' && typeof property?.type === 'string');
  return isList ? (results as DescribedProperty[]) : null;
}

const unknownObject = (object: string, cause?: unknown): CrmError =>
  new CrmError({
    kind: 'not-found',
    code: 'unknown-object',
    message: `The portal has no object ${object}. Use the plural name, such as contacts, or the name of a custom object.`,
    pointer: '/objects',
    cause,
  });

export function createHubSpotClient(options: HubSpotClientOptions): CrmClient {
  const { api } = options;

  async function discover(object: string, signal: AbortSignal): Promise<readonly DescribedProperty[]> {
    try {
      const properties = describedProperties(
        await api.send({ method: 'GET', path: `/crm/v3/properties/${object}` }, signal),
      );
      if (properties !== null) return properties;
    } catch (error) {
      const isUnknown = error instanceof CrmError && (error.kind === 'not-found' || error.kind === 'validation');
      throw isUnknown ? unknownObject(object, error) : error;
    }
    throw new CrmError({
      kind: 'malformed',
      code: 'malformed-properties',
      message: `HubSpot described ${object} without properties.`,
    });
  }

  return {
    system: 'hubspot',

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
      if (!/^[a-z0-9_-]+$/i.test(object)) throw unknownObject(object);
      const properties = await discover(object, signal);
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

    ask: options.ask,

    close: () => api.close(),
  };
}
