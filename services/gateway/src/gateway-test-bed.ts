import { generateKeyPairSync } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { createFakeBroker, createFakeEventBus, type FakeEventBus } from '@kempt/event-bus';
import { provisionSchemas, startTestDatabase } from '@kempt/postgres';
import {
  type Environment,
  internalTokenPublicKey,
  type RunningService,
  type ServiceDefinition,
  startService,
} from '@kempt/service-runtime';
import { createLogger } from '@kempt/telemetry';
import { generateApiKey } from './auth/api-key.ts';
import { gatewayDefinition } from './definition.ts';

/** Sends requests to a gateway with one API key. */
export type Client = (path: string, init?: RequestInit) => Promise<Response>;

/** A gateway and services behind it as they are deployed, on a database of their own and a bus in memory. */
export interface GatewayTestBed {
  /** Verifies what the gateways of this bed sign. */
  readonly publicKey: string;
  /** Of tenant `acme`, with every scope. */
  readonly bootstrapKey: string;
  readonly bus: FakeEventBus;
  /** Connection URL of a service's role. */
  databaseUrlOf(schema: string): Promise<string>;
  startService<C>(definition: ServiceDefinition<C>, environment?: Environment): Promise<RunningService>;
  startGateway(environment: Environment): Promise<RunningService>;
  close(): Promise<void>;
}

export async function createGatewayTestBed(): Promise<GatewayTestBed> {
  const testDatabase = await startTestDatabase();
  const broker = createFakeBroker();
  const bus = createFakeEventBus({ broker });
  const signingKey = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const publicKey = internalTokenPublicKey(signingKey);
  const bootstrapKey = generateApiKey('test').key;
  const running: RunningService[] = [];

  async function databaseUrlOf(schema: string): Promise<string> {
    const url = new URL(testDatabase.adminUrl);
    url.username = `${url.pathname.slice(1)}_${schema}`;
    url.password = 'secret-of-the-role';
    await provisionSchemas({
      adminUrl: testDatabase.adminUrl,
      services: [{ schema, role: url.username, password: url.password }],
    });
    return url.href;
  }

  async function start<C>(definition: ServiceDefinition<C>, environment: Environment = {}): Promise<RunningService> {
    const service = await startService(definition, {
      environment: {
        KEMPT_HTTP_PORT: '0',
        KEMPT_DATABASE_URL: await databaseUrlOf(definition.name.replaceAll('-', '_')),
        KEMPT_DATABASE_ADMIN_URL: testDatabase.adminUrl,
        KEMPT_MIGRATIONS: 'on-start',
        KEMPT_INTERNAL_TOKEN_PUBLIC_KEY: publicKey,
        KEMPT_CURSOR_SECRET: 'one secret for all replicas',
        ...environment,
      },
      logger: createLogger({ service: 'test', level: 'silent' }),
      openBus: async () => createFakeEventBus({ broker }),
    });
    running.push(service);
    return service;
  }

  return {
    publicKey,
    bootstrapKey,
    bus,
    databaseUrlOf,
    startService: start,
    startGateway: (environment) =>
      start(
        { ...gatewayDefinition, migrationsFolder: fileURLToPath(new URL('../migrations', import.meta.url)) },
        {
          KEMPT_GATEWAY_SIGNING_KEY: signingKey,
          KEMPT_GATEWAY_BOOTSTRAP_API_KEY: bootstrapKey,
          KEMPT_GATEWAY_BOOTSTRAP_TENANT: 'acme',
          KEMPT_GATEWAY_KEY_CACHE_MS: '0',
          ...environment,
        },
      ),
    async close() {
      await Promise.all(running.map((service) => service.stop()));
      await bus.close();
      await testDatabase.stop();
    },
  };
}

export function clientOf(service: RunningService, key?: string): Client {
  return (path, init = {}) => {
    const headers = new Headers(init.headers);
    if (key !== undefined) headers.set('authorization', `Bearer ${key}`);
    return fetch(`${service.url}${path}`, { ...init, headers });
  };
}

export function post(body: object): RequestInit {
  return { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
}
