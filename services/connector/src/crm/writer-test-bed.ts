import { createMetrics, type Metrics } from '@kempt/telemetry';
import { hubspotConnection, type SimulatedCrms, salesforceConnection } from '../crm-test-bed.ts';
import { createConnectorMetrics } from '../metrics.ts';
import type { ConnectionDefinition } from './connection-definition.ts';
import type { CrmClient } from './crm-client.ts';
import { createCrmClientFactory } from './crm-client-factory.ts';
import type { CrmWriter } from './crm-writer.ts';

/** A client of a simulated CRM, as the connector makes it, with short times. */
export interface TestClient {
  readonly client: CrmClient;
  readonly writer: CrmWriter;
  readonly metrics: Metrics;
}

export interface TestClientOptions {
  readonly timeoutMs?: number;
  readonly attempts?: number;
  readonly apiVersion?: string;
  readonly fieldListCharacters?: number;
  readonly refusal?: (address: string) => string | null;
}

function createTestClient(definition: ConnectionDefinition, options: TestClientOptions): TestClient {
  const metrics = createMetrics('connector');
  const client = createCrmClientFactory({
    salesforceApiVersion: options.apiVersion ?? '62.0',
    timeoutMs: options.timeoutMs ?? 5_000,
    attempts: options.attempts ?? 3,
    retryBaseMs: 5,
    pageRecords: 100,
    fieldListCharacters: options.fieldListCharacters ?? 12_000,
    overlapMs: 500,
    refusal: options.refusal ?? (() => null),
    metrics,
    connectorMetrics: createConnectorMetrics(metrics),
    now: Date.now,
  }).create(definition);
  return { client, writer: client.writer, metrics };
}

export const salesforceTestClient = (
  crms: Pick<SimulatedCrms, 'salesforce'>,
  options: TestClientOptions = {},
): TestClient => createTestClient(salesforceConnection(crms) as ConnectionDefinition, options);

export const hubspotTestClient = (crms: Pick<SimulatedCrms, 'hubspot'>, options: TestClientOptions = {}): TestClient =>
  createTestClient({ requestsPerSecond: 5_000, ...hubspotConnection(crms) } as ConnectionDefinition, options);
