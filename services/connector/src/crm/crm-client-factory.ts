import type { Metrics } from '@kempt/telemetry';
import type { ConnectorMetrics } from '../metrics.ts';
import { type ConnectionDefinition, hubspotUrl } from './connection-definition.ts';
import { type CrmCalls, createCrmCalls } from './crm-calls.ts';
import type { CrmClient } from './crm-client.ts';
import { createHubSpotApi } from './hubspot/api.ts';
import { createHubSpotClient } from './hubspot/client.ts';
import { createHubSpotProbe } from './hubspot/probe.ts';
import { createSalesforceClient } from './salesforce/client.ts';

export interface CrmClientFactory {
  /** A client for an account. Nothing is sent before it is asked something. */
  create(definition: ConnectionDefinition): CrmClient;
}

export interface CrmClientFactoryOptions {
  readonly salesforceApiVersion: string;
  readonly timeoutMs: number;
  /** How often a call is made at most. */
  readonly attempts: number;
  readonly retryBaseMs: number;
  readonly pageRecords: number;
  /** Longest list of fields in the address of a request. */
  readonly fieldListCharacters: number;
  /** How late a change can show up behind newer ones. */
  readonly overlapMs: number;
  /** Why an address may not be spoken to, or null. */
  readonly refusal: (address: string) => string | null;
  readonly metrics: Metrics;
  readonly connectorMetrics: ConnectorMetrics;
  readonly now: () => number;
}

const concurrency = 5;
const defaultSearchesPerSecond = 4;

export function createCrmClientFactory(options: CrmClientFactoryOptions): CrmClientFactory {
  const { pageRecords, fieldListCharacters, overlapMs, now } = options;
  const createCalls = (road: {
    readonly system: ConnectionDefinition['system'];
    readonly policyName?: string;
    readonly requestsPerSecond?: number;
  }): CrmCalls => createCrmCalls({ ...options, ...road, concurrency });

  return {
    create(definition) {
      if (definition.system === 'salesforce') {
        return createSalesforceClient({
          loginUrl: definition.loginUrl,
          credentials: definition.credentials,
          apiVersion: options.salesforceApiVersion,
          calls: createCalls({ system: 'salesforce' }),
          refusal: options.refusal,
          pageRecords,
          fieldListCharacters,
          overlapMs,
          now,
        });
      }
      const api = createHubSpotApi({
        baseUrl: definition.baseUrl ?? hubspotUrl,
        accessToken: definition.credentials.accessToken,
        createCalls: (requestsPerSecond) => createCalls({ system: 'hubspot', requestsPerSecond }),
        requestsPerSecond: definition.requestsPerSecond,
        searchCalls: createCalls({
          system: 'hubspot',
          policyName: 'hubspot-search',
          requestsPerSecond: definition.searchesPerSecond ?? defaultSearchesPerSecond,
        }),
      });
      const { accessToken } = definition.credentials;
      const ask = createHubSpotProbe({ baseUrl: definition.baseUrl ?? hubspotUrl, accessToken });
      return createHubSpotClient({ api, ask, pageRecords, fieldListCharacters, overlapMs, now });
    },
  };
}
