import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { EventRecord } from '@kempt/contracts';
import { createFakeEventBus, type FakeEventBus } from '@kempt/event-bus';
import { provisionSchemas, startTestDatabase } from '@kempt/postgres';
import { createLogger } from '@kempt/telemetry';
import { createInternalTokenSigner, internalTokenPublicKey } from './internal-token.ts';
import type { ServiceDefinition } from './runtime.ts';
import { schemaOf } from './service-migrations.ts';
import { startService } from './start-service.ts';

export interface TestCall {
  readonly method?: string;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Default: those the bed was started with. */
  readonly scopes?: readonly string[];
}

/** A whole service on a real Postgres and a bus in memory, used by one tenant after another. */
export interface ServiceTestBed {
  readonly bus: FakeEventBus;
  readonly url: string;
  /** The database as its owner, for tests that change what the service itself may not. */
  readonly adminUrl: string;
  /** The tenant of everything that follows. */
  tenantId: string;
  nextTenant(): void;
  /** Publishes and waits until the service has applied everything. */
  apply(records: readonly EventRecord[]): Promise<void>;
  /** Calls the service on behalf of the tenant. */
  call(path: string, call?: TestCall): Promise<Response>;
  /** Like `call`; throws unless the answer is a success. */
  json<T>(path: string, call?: TestCall): Promise<T>;
  /** Stops the service and starts it again on the same database. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export interface ServiceTestBedOptions {
  /** The service's main file. */
  readonly entry: string;
  readonly scopes: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

export async function startServiceTestBed<C>(
  definition: ServiceDefinition<C>,
  options: ServiceTestBedOptions,
): Promise<ServiceTestBed> {
  const server = await startTestDatabase();
  const schema = schemaOf(definition.name);
  const url = new URL(server.adminUrl);
  url.username = `${url.pathname.slice(1)}_${schema}`;
  url.password = randomBytes(8).toString('hex');
  await provisionSchemas({
    adminUrl: server.adminUrl,
    services: [{ schema, role: url.username, password: url.password }],
  });
  const key = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const sign = createInternalTokenSigner(key);
  const bus = createFakeEventBus();
  const start = () =>
    startService(definition, {
      environment: {
        KEMPT_HTTP_PORT: '0',
        KEMPT_DATABASE_URL: url.href,
        KEMPT_DATABASE_ADMIN_URL: server.adminUrl,
        KEMPT_MIGRATIONS: 'on-start',
        KEMPT_INTERNAL_TOKEN_PUBLIC_KEY: internalTokenPublicKey(key),
        ...options.environment,
      },
      entry: options.entry,
      logger: createLogger({ service: definition.name, level: 'silent' }),
      openBus: async () => createFakeEventBus({ broker: bus.broker }),
    });
  let service = await start();
  let tenant = 0;
  const bed: ServiceTestBed = {
    bus,
    get url() {
      return service.url;
    },
    adminUrl: server.adminUrl,
    tenantId: 't0',
    nextTenant: () => {
      tenant += 1;
      bed.tenantId = `t${tenant}`;
    },
    apply: async (records) => {
      await bus.publish(records);
      await until(async () => (await bus.lag(definition.name)).every(({ records: behind }) => behind === 0n));
    },
    call: async (path, { method = 'GET', body, scopes = options.scopes } = {}) => {
      const token = await sign({ tenantId: bed.tenantId, subject: 'test', scopes: new Set(scopes) });
      return fetch(`${service.url}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${token}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
    },
    json: async <T>(path: string, call?: TestCall) => {
      const response = await bed.call(path, call);
      const text = await response.text();
      if (!response.ok) throw new Error(`${call?.method ?? 'GET'} ${path} answered ${response.status}: ${text}`);
      return JSON.parse(text) as T;
    },
    restart: async () => {
      await service.stop();
      service = await start();
    },
    stop: async () => {
      await service.stop();
      await server.stop();
    },
  };
  return bed;
}

/** Waits for a condition with a deadline. */
export async function until(condition: () => boolean | Promise<boolean>, timeoutMs = 15_000): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error('The condition did not come true in time');
    await sleep(5);
  }
}
