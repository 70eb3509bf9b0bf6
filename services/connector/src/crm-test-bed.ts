import {
  createDefaultLoad,
  type HubSpotSimulator,
  type HubSpotSimulatorOptions,
  type SalesforceSimulator,
  startHubSpotSimulator,
  startSalesforceSimulator,
} from '@kempt/crm-simulators';
import type { DeclaredConnection } from './connections/declared-connections.ts';
import type { RunningConnector } from './connector-test-bed.ts';

/** Both simulated CRMs, with the limits of HubSpot out of the way and a search index that is a little behind. */
export interface SimulatedCrms {
  readonly salesforce: SalesforceSimulator;
  readonly hubspot: HubSpotSimulator;
  stop(): Promise<void>;
}

export async function startCrms(
  options: {
    readonly hubspot?: HubSpotSimulatorOptions;
    /** With invented records, so many of each kind; none by default. */
    readonly sizes?: NonNullable<Parameters<typeof createDefaultLoad>[0]>['sizes'];
  } = {},
): Promise<SimulatedCrms> {
  const { sizes } = options;
  const loads = sizes === undefined ? undefined : createDefaultLoad({ sizes, realData: false });
  const salesforce = await startSalesforceSimulator(loads === undefined ? {} : { load: loads.salesforce });
  const hubspot = await startHubSpotSimulator({
    ...(loads === undefined ? {} : { load: loads.hubspot }),
    searchLagMs: 300,
    limits: { tenSecondly: 100_000, searchPerSecond: 10_000 },
    ...options.hubspot,
  });
  return {
    salesforce,
    hubspot,
    async stop() {
      await Promise.all([salesforce.stop(), hubspot.stop()]);
    },
  };
}

export const salesforceConnection = (
  crms: Pick<SimulatedCrms, 'salesforce'>,
  objects?: string[],
): DeclaredConnection => ({
  system: 'salesforce',
  loginUrl: crms.salesforce.url,
  credentials: {
    grant: 'client-credentials',
    clientId: crms.salesforce.credentials.clientId,
    clientSecret: crms.salesforce.credentials.clientSecret,
  },
  ...(objects === undefined ? {} : { objects }),
});

export const hubspotConnection = (crms: Pick<SimulatedCrms, 'hubspot'>, objects?: string[]): DeclaredConnection => ({
  system: 'hubspot',
  baseUrl: crms.hubspot.url,
  searchesPerSecond: 5_000,
  credentials: { grant: 'private-app-token', accessToken: crms.hubspot.credentials.privateAppToken },
  ...(objects === undefined ? {} : { objects }),
});

/** A record of the mirror as the API shows it. */
export interface ShownRecord {
  readonly recordId: string;
  readonly object: string;
  readonly version: number;
  readonly deleted: boolean;
  readonly mergedInto?: string;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly canonical: unknown;
}

/** Every record of an object in the mirror, by id, deleted ones included. */
export async function mirrorOf(
  connector: RunningConnector,
  object: string,
  tenantId = 'default',
): Promise<Map<string, ShownRecord>> {
  const found = new Map<string, ShownRecord>();
  for (let cursor = ''; ; ) {
    const query = `object=${object}&includeDeleted=true&limit=200${cursor === '' ? '' : `&cursor=${cursor}`}`;
    const { body } = await connector.request<{ items: ShownRecord[]; nextCursor?: string }>(
      'GET',
      `/v1/records?${query}`,
      {
        tenantId,
      },
    );
    for (const record of body.items) found.set(record.recordId, record);
    if (body.nextCursor === undefined) return found;
    cursor = body.nextCursor;
  }
}

type Plain = Readonly<Record<string, unknown>>;

/** A value of a CRM as the mirror shows it: numbers as text, points in time in UTC. */
function shown(value: unknown): unknown {
  if (typeof value === 'number') return String(value);
  if (typeof value === 'string' && /^\d{4}-.*T.*\+0000$/.test(value)) return new Date(value).toISOString();
  return value;
}

/** What Salesforce holds of an object, asked in one query over plain HTTP: field values by id, deleted ones included. */
export async function salesforceSnapshot(simulator: SalesforceSimulator, object: string): Promise<Map<string, Plain>> {
  const token = await fetch(`${simulator.url}/services/oauth2/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: simulator.credentials.clientId,
      client_secret: simulator.credentials.clientSecret,
    }),
  });
  const { access_token: accessToken } = (await token.json()) as { access_token: string };
  const headers = { authorization: `Bearer ${accessToken}` };
  const get = async (path: string) => (await (await fetch(simulator.url + path, { headers })).json()) as never;
  const described = (await get(`/services/data/v62.0/sobjects/${object}/describe`)) as {
    fields: { name: string; type: string }[];
  };
  const names = described.fields.filter(({ type }) => type !== 'address').map(({ name }) => name);
  const found = new Map<string, Plain>();
  let path = `/services/data/v62.0/queryAll?q=${encodeURIComponent(`SELECT ${names.join(',')} FROM ${object}`)}`;
  for (;;) {
    const page = (await get(path)) as { records: Plain[]; nextRecordsUrl?: string };
    for (const { attributes: _, ...fields } of page.records) {
      const values = Object.entries(fields).filter(([, value]) => value !== null && value !== '');
      found.set(String(fields.Id), Object.fromEntries(values.map(([name, value]) => [name, shown(value)])));
    }
    if (page.nextRecordsUrl === undefined) return found;
    path = page.nextRecordsUrl;
  }
}

/** What HubSpot holds of an object that is not archived: property values as text by id, with associated ids. */
export async function hubspotSnapshot(simulator: HubSpotSimulator, object: string): Promise<Map<string, Plain>> {
  const headers = { authorization: `Bearer ${simulator.credentials.privateAppToken}` };
  const get = async (path: string) => (await (await fetch(simulator.url + path, { headers })).json()) as never;
  const { results } = (await get(`/crm/v3/properties/${object}`)) as { results: { name: string }[] };
  const properties = results.map(({ name }) => name).join(',');
  const found = new Map<string, Plain>();
  for (let after = ''; ; ) {
    const query = `limit=100&properties=${properties}&associations=companies,contacts,deals${after === '' ? '' : `&after=${after}`}`;
    const page = (await get(`/crm/v3/objects/${object}?${query}`)) as {
      results: { id: string; properties: Plain; associations?: Record<string, { results: { id: string }[] }> }[];
      paging?: { next: { after: string } };
    };
    for (const record of page.results) {
      const values = Object.entries(record.properties).filter(([, value]) => value !== null && value !== '');
      const links = Object.entries(record.associations ?? {}).map(([to, { results: linked }]) => [
        `associations.${to}`,
        [...new Set(linked.map(({ id }) => id))].sort().join(';'),
      ]);
      found.set(record.id, Object.fromEntries([...values, ...links]));
    }
    if (page.paging === undefined) return found;
    after = page.paging.next.after;
  }
}

/** Mirror fields as text, the way HubSpot writes them. */
export function asText(fields: Plain): Plain {
  const text = (value: unknown): string => (Array.isArray(value) ? value.map(String).sort().join(';') : String(value));
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, text(value)]));
}
