import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { Agent, get } from 'node:http';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createFakeBroker, createFakeEventBus, type EventBus, type FakeBroker } from '@kempt/event-bus';
import { provisionSchemas, startTestDatabase, type TestDatabase } from '@kempt/postgres';
import { createLogger } from '@kempt/telemetry';
import { Type } from 'typebox';
import type { Component } from './component.ts';
import type { Environment } from './config-source.ts';
import type { Runtime, ServiceDefinition } from './runtime.ts';
import { type RunningService, type StartServiceOptions, startService } from './start-service.ts';
import { createTcpGate } from './tcp-gate.ts';

let testDatabase: TestDatabase;
let databaseUrl: URL;
let broker: FakeBroker;
const running: RunningService[] = [];
const lines: string[] = [];

beforeAll(async () => {
  testDatabase = await startTestDatabase();
});
afterAll(() => testDatabase.stop());

beforeEach(async () => {
  lines.length = 0;
  broker = createFakeBroker();
  // A schema of its own for each test: the name of the service is the name of the schema.
  databaseUrl = new URL(testDatabase.adminUrl);
  databaseUrl.username = `${databaseUrl.pathname.slice(1)}_${randomBytes(4).toString('hex')}`;
  databaseUrl.password = 'secret-of-the-role';
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((service) => service.stop()));
});

async function provision(schema: string): Promise<void> {
  const { username: role, password } = databaseUrl;
  await provisionSchemas({ adminUrl: testDatabase.adminUrl, services: [{ schema, role, password }] });
}

function environmentWith(overrides: Environment = {}): Environment {
  return {
    KEMPT_HTTP_PORT: '0',
    KEMPT_DATABASE_URL: databaseUrl.href,
    KEMPT_DATABASE_ADMIN_URL: testDatabase.adminUrl,
    KEMPT_MIGRATIONS: 'on-start',
    ...overrides,
  };
}

let names = 0;
function definitionOf(overrides: Partial<ServiceDefinition> = {}): ServiceDefinition {
  names += 1;
  return { name: `probe-${names}`, build: () => [], ...overrides };
}

async function start(
  definition: ServiceDefinition,
  environment: Environment = environmentWith(),
  options: Partial<StartServiceOptions> = {},
): Promise<RunningService> {
  const service = await startService(definition, {
    environment,
    logger: createLogger({ service: 'test', destination: { write: (line: string) => void lines.push(line) } }),
    openBus: async () => createFakeEventBus({ broker }),
    ...options,
  });
  running.push(service);
  return service;
}

async function provisioned(overrides: Partial<ServiceDefinition> = {}): Promise<ServiceDefinition> {
  const definition = definitionOf(overrides);
  await provision(definition.name.replaceAll('-', '_'));
  return definition;
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 15_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error('the condition did not come true in time');
    await sleep(20);
  }
}

interface ReadyBody {
  readonly status: string;
  readonly state: string;
  readonly checks: Readonly<Record<string, string>>;
}

async function readyz(url: string): Promise<{ readonly status: number; readonly body: ReadyBody }> {
  const response = await fetch(`${url}/readyz`);
  return { status: response.status, body: (await response.json()) as ReadyBody };
}

/** The value of the first sample of a metric whose labels contain the text. */
async function metric(url: string, name: string, label: string): Promise<number | undefined> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const sample = text.split('\n').find((line) => line.startsWith(`${name}{`) && line.includes(label));
  return sample === undefined ? undefined : Number(sample.split(' ').at(-1));
}

function recorder(name: string, events: string[]): Component {
  return {
    name,
    start: async () => void events.push(`start ${name}`),
    stop: async () => void events.push(`stop ${name}`),
  };
}

describe('start and stop', () => {
  test('a service serves health, metrics, OpenAPI and its routes, and stops in reverse order', async () => {
    const events: string[] = [];
    const service = await start(
      await provisioned({
        build: (runtime: Runtime) => {
          runtime.onShutdown(() => void events.push('shutdown'));
          return [recorder('a', events), recorder('b', events)];
        },
      }),
    );
    expect(service.state()).toBe('running');
    expect((await fetch(`${service.url}/livez`)).status).toBe(200);
    expect(await readyz(service.url)).toEqual({
      status: 200,
      body: {
        status: 'ready',
        service: service.name,
        version: '0.0.0',
        state: 'running',
        checks: { database: 'ok', 'event-bus': 'ok' },
      },
    });
    expect(await metric(service.url, 'kempt_component_ready', 'database')).toBe(1);
    const document = (await (await fetch(`${service.url}/openapi.json`)).json()) as { paths: object };
    expect(Object.keys(document.paths)).toContain('/v1/dead-letters');
    expect((await fetch(`${service.url}/v1/dead-letters`)).status).toBe(401);

    await service.stop();
    expect(events).toEqual(['start a', 'start b', 'stop b', 'stop a', 'shutdown']);
    await expect(fetch(`${service.url}/livez`)).rejects.toThrow();
  });

  test('a service that does not use events needs no bus and has no dead letters', async () => {
    broker.goAway();
    let publish: Promise<void> | undefined;
    const service = await start(
      await provisioned({
        usesEvents: false,
        build: ({ bus }: Runtime) => {
          publish = bus.publish([]);
          publish.catch(() => undefined);
          return [];
        },
      }),
    );
    expect((await readyz(service.url)).body.checks).toEqual({ database: 'ok' });
    expect((await fetch(`${service.url}/v1/dead-letters`)).status).toBe(404);
    await expect(publish).rejects.toThrow('usesEvents: false');
  });

  test('a service for which events are optional is ready and serves while the bus is away, and uses it once it is there', async () => {
    broker.goAway();
    let bus: EventBus | undefined;
    const service = await start(
      await provisioned({
        usesEvents: 'optional',
        build: (runtime: Runtime) => {
          bus = runtime.bus;
          return [];
        },
      }),
    );
    expect((await readyz(service.url)).body.checks).toEqual({ database: 'ok' });
    expect((await fetch(`${service.url}/v1/dead-letters`)).status).toBe(404);
    await expect(bus?.ping()).rejects.toThrow();
    broker.comeBack();
    await expect(bus?.ping()).resolves.toBeUndefined();
  });

  test('its own settings reach the service, and their mistakes are told with all others', async () => {
    let limit: unknown;
    const definition = await provisioned({
      configSchema: Type.Object({ probe: Type.Object({ limit: Type.Integer() }) }),
      build: (runtime: Runtime) => {
        limit = (runtime.config as unknown as { probe: { limit: number } }).probe.limit;
        return [];
      },
    });
    await start(definition, environmentWith({ KEMPT_PROBE_LIMIT: '7' }));
    expect(limit).toBe(7);
    const wrong = environmentWith({ KEMPT_PROBE_LIMIT: 'x', KEMPT_BUS: 'pigeon' });
    await expect(start(definition, wrong)).rejects.toThrow(/has 2 problems:[^]*KEMPT_BUS[^]*KEMPT_PROBE_LIMIT/);
  });

  test('a setting that hides a common one is a mistake that shows at once', async () => {
    const definition = definitionOf({ configSchema: Type.Object({ bus: Type.String() }) });
    await expect(start(definition)).rejects.toThrow('Setting bus of');
  });

  test('a component that fails to start stops what was started, with one sentence that names it', async () => {
    const events: string[] = [];
    const failing = {
      ...recorder('importer', events),
      start: () => Promise.reject(new Error('the folder is read-only')),
    };
    const urls: string[] = [];
    const starting = start(await provisioned({ build: () => [recorder('a', events), failing] }), environmentWith(), {
      onListening: (url) => urls.push(url),
    });
    await expect(starting).rejects.toThrow('importer could not be started: the folder is read-only');
    expect(events).toEqual(['start a', 'stop importer', 'stop a']);
    await expect(fetch(`${urls[0]}/livez`)).rejects.toThrow();
  });

  test('a port that is taken is told with the remedy', async () => {
    const service = await start(await provisioned());
    const taken = environmentWith({ KEMPT_HTTP_PORT: new URL(service.url).port });
    await expect(start(definitionOf(), taken)).rejects.toThrow(/Another program listens on .* KEMPT_HTTP_PORT/);
  });

  test('a request that is under way is answered before the service goes', async () => {
    const { promise: arrived, resolve: arrive } = Promise.withResolvers<void>();
    const { promise: gate, resolve: open } = Promise.withResolvers<void>();
    const service = await start(
      await provisioned({
        build: (runtime: Runtime) => {
          runtime.authenticateBy(async () => ({ tenantId: 't', subject: 's', scopes: new Set(['records:read']) }));
          runtime.http.get(
            '/v1/slow',
            {
              config: { scope: 'records:read' },
              schema: { response: { 200: Type.Object({ tenant: Type.String() }) } },
            },
            async (request) => {
              arrive();
              await gate;
              await runtime.database.ping();
              return { tenant: runtime.tenantOf(request) };
            },
          );
          return [];
        },
      }),
    );
    const response = fetch(`${service.url}/v1/slow`);
    await arrived;
    const stopped = service.stop();
    await until(async () => (await fetch(`${service.url}/livez`).catch(() => undefined)) === undefined);
    expect(service.state()).toBe('stopping');
    open();
    expect(await (await response).json()).toEqual({ tenant: 't' });
    expect(await stopped).toEqual({ unfinished: [], failed: [] });
  });
});

describe('drain', () => {
  test('connections that never sent anything, or wait for their next request, do not hold up a stop', async () => {
    const service = await start(await provisioned());
    const { hostname, port } = new URL(service.url);
    const silent = connect(Number(port), hostname);
    await once(silent, 'connect');
    const keptAlive = new Agent({ keepAlive: true });
    await new Promise((resolve, reject) => {
      get({ hostname, port, path: '/livez', agent: keptAlive }, (response) => response.resume().on('end', resolve)).on(
        'error',
        reject,
      );
    });
    const startedAt = performance.now();
    await service.stop();
    expect(performance.now() - startedAt).toBeLessThan(2_000);
    silent.destroy();
    keptAlive.destroy();
  });

  test('an answer that comes before the request is complete ends the connection', async () => {
    const service = await start(await provisioned(), environmentWith({ KEMPT_HTTP_BODY_LIMIT_BYTES: '1024' }));
    const { hostname, port } = new URL(service.url);
    const socket = connect(Number(port), hostname);
    socket.write('POST /v1/nothing HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n');
    const chunks: Buffer[] = [];
    for await (const chunk of socket) chunks.push(chunk as Buffer);
    expect(Buffer.concat(chunks).toString()).toMatch(/^HTTP\/1\.1 404 Not Found\r\n[^]*connection: close\r\n/i);
  });
});

describe('dependencies that are away', () => {
  test('Postgres away at start: the service waits, says so, and starts by itself', async () => {
    const server = new URL(testDatabase.adminUrl);
    const gate = await createTcpGate({ host: server.hostname, port: Number(server.port) }, { isShut: true });
    const definition = await provisioned();
    databaseUrl.hostname = '127.0.0.1';
    databaseUrl.port = String(gate.port);
    const { promise: listening, resolve: onListening } = Promise.withResolvers<string>();
    const starting = start(definition, environmentWith(), { onListening });
    const url = await listening;
    await until(async () => /Postgres: .*ECONNREFUSED/.test((await readyz(url)).body.checks.service ?? ''));
    expect((await readyz(url)).status).toBe(503);
    expect((await fetch(`${url}/livez`)).status).toBe(200);
    const early = await fetch(`${url}/v1/dead-letters`);
    expect(early.status).toBe(503);
    expect(await early.json()).toMatchObject({ code: 'starting' });
    await gate.open();
    await starting;
    expect((await readyz(url)).status).toBe(200);
    const away = lines.filter((line) => line.includes('dependency is away'));
    expect(away).toHaveLength(1);
    await running.pop()?.stop();
    await gate.shut();
  });

  test('Postgres away in the middle: not ready with the reason, alive, 503 for callers, and ready again by itself', async () => {
    const server = new URL(testDatabase.adminUrl);
    const gate = await createTcpGate({ host: server.hostname, port: Number(server.port) });
    const definition = await provisioned({
      build: (runtime: Runtime) => {
        runtime.authenticateBy(async () => ({ tenantId: 't', subject: 's', scopes: new Set(['dead-letters:read']) }));
        return [];
      },
    });
    databaseUrl.hostname = '127.0.0.1';
    databaseUrl.port = String(gate.port);
    const service = await start(definition);
    expect((await fetch(`${service.url}/v1/dead-letters`)).status).toBe(200);
    await gate.shut();
    expect(await readyz(service.url)).toMatchObject({
      status: 503,
      body: { checks: { database: expect.any(String), 'event-bus': 'ok' } },
    });
    expect((await fetch(`${service.url}/livez`)).status).toBe(200);
    const refused = await fetch(`${service.url}/v1/dead-letters`);
    expect(refused.status).toBe(503);
    expect(await refused.json()).toMatchObject({ code: 'temporarily-unavailable' });
    await gate.open();
    await until(async () => (await readyz(service.url)).status === 200);
    expect((await fetch(`${service.url}/v1/dead-letters`)).status).toBe(200);
    await running.pop()?.stop();
    await gate.shut();
  });

  test('the bus away at start: the service waits for as long as KEMPT_START_TIMEOUT_MS says', async () => {
    broker.goAway();
    const environment = environmentWith({ KEMPT_START_TIMEOUT_MS: '3000' });
    await expect(start(await provisioned(), environment)).rejects.toThrow(
      'event-bus could not be started: not started within 3000 ms (KEMPT_START_TIMEOUT_MS); waiting for Postgres bus: The fake broker is away',
    );
  });

  test('the bus away in the middle: not ready with the reason, alive, and ready again by itself', async () => {
    const service = await start(await provisioned());
    broker.goAway();
    expect(await readyz(service.url)).toMatchObject({
      status: 503,
      body: { status: 'not ready', checks: { database: 'ok', 'event-bus': expect.stringContaining('away') } },
    });
    expect((await fetch(`${service.url}/livez`)).status).toBe(200);
    expect(await metric(service.url, 'kempt_component_ready', 'event-bus')).toBe(0);
    broker.comeBack();
    expect((await readyz(service.url)).status).toBe(200);
    expect(lines.filter((line) => line.includes('component not ready'))).toHaveLength(1);
    expect(lines.filter((line) => line.includes('component ready again'))).toHaveLength(1);
  });

  test('a wrong password is no passing trouble: the service ends with one sentence', async () => {
    const definition = await provisioned();
    databaseUrl.password = 'wrong';
    await expect(start(definition)).rejects.toThrow(/database could not be started: .*Check user name and password/);
  });

  test('missing migrations are waited for where somebody else runs them', async () => {
    const definition = await provisioned();
    const { promise: listening, resolve: onListening } = Promise.withResolvers<string>();
    const checking = start(definition, environmentWith({ KEMPT_MIGRATIONS: 'check' }), { onListening });
    const url = await listening;
    await until(async () => /migrations/.test((await readyz(url)).body.checks.service ?? ''));
    await start(definition);
    await checking;
    expect((await readyz(url)).status).toBe(200);
  });

  test('a service that is told to stop while it waits stops at once', async () => {
    broker.goAway();
    const stop = new AbortController();
    const { promise: listening, resolve: onListening } = Promise.withResolvers<string>();
    const starting = start(await provisioned(), environmentWith(), { signal: stop.signal, onListening });
    starting.catch(() => undefined);
    const url = await listening;
    await until(async () => /away/.test((await readyz(url)).body.checks.service ?? ''));
    stop.abort(new Error('told to stop'));
    await expect(starting).rejects.toThrow('told to stop');
    await expect(fetch(`${url}/livez`)).rejects.toThrow();
  });
});
