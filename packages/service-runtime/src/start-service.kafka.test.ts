import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type EventRecord, topics } from '@kempt/contracts';
import { describeWithKafka } from '@kempt/event-bus-kafka/testing';
import { appendToOutbox, createConsumer } from '@kempt/outbox';
import { provisionSchemas, startTestDatabase, type TestDatabase } from '@kempt/postgres';
import { createLogger } from '@kempt/telemetry';
import { v7 as uuidv7 } from 'uuid';
import type { Runtime, ServiceDefinition } from './runtime.ts';
import { type RunningService, startService } from './start-service.ts';

await describeWithKafka('a service on Kafka', { own: true }, (kafka) => {
  const logger = createLogger({ service: 'test', level: 'silent' });
  const topic = topics.connectionChanged;
  const applied: string[] = [];
  let testDatabase: TestDatabase;
  let service: RunningService;
  let runtime: Runtime;

  const definition: ServiceDefinition = {
    name: 'on-kafka',
    build: (given: Runtime) => {
      runtime = given;
      const { database, bus, metrics } = given;
      const subscription = {
        topic,
        handle: async (_tx: unknown, events: readonly EventRecord[]) =>
          void applied.push(...events.map((event) => event.headers.ce_subject ?? '')),
      };
      return [createConsumer({ database, bus, group: 'on-kafka', subscriptions: [subscription], logger, metrics })];
    },
  };

  beforeAll(async () => {
    testDatabase = await startTestDatabase();
  });
  afterAll(async () => {
    await service.stop();
    await testDatabase.stop();
  });

  async function start(onListening: (url: string) => void): Promise<RunningService> {
    const url = new URL(testDatabase.adminUrl);
    url.username = `${url.pathname.slice(1)}_on_kafka`;
    url.password = 'secret-of-the-role';
    await provisionSchemas({
      adminUrl: testDatabase.adminUrl,
      services: [{ schema: 'on_kafka', role: url.username, password: url.password }],
    });
    return startService(definition, {
      environment: {
        KEMPT_HTTP_PORT: '0',
        KEMPT_DATABASE_URL: url.href,
        KEMPT_DATABASE_ADMIN_URL: testDatabase.adminUrl,
        KEMPT_MIGRATIONS: 'on-start',
        KEMPT_BUS: 'kafka',
        KEMPT_KAFKA_BROKERS: kafka.brokers.join(','),
        KEMPT_TOPIC_PREFIX: 'acme.',
      },
      logger,
      onListening,
    });
  }

  async function publish(subject: string): Promise<void> {
    await runtime.database.transaction('acme', (tx) =>
      appendToOutbox(tx, [
        {
          topic: topic.name,
          key: `acme:${subject}`,
          headers: {
            'content-type': 'application/protobuf',
            ce_id: uuidv7(),
            ce_type: topic.name,
            ce_subject: subject,
            ce_tenantid: 'acme',
          },
          value: new Uint8Array([1]),
        },
      ]),
    );
  }

  async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
    const deadline = Date.now() + 50_000;
    while (!(await condition())) {
      if (Date.now() > deadline) throw new Error('the condition did not come true in time');
      await sleep(50);
    }
  }

  async function readyz(url: string): Promise<{ readonly status: number; readonly text: string }> {
    const response = await fetch(`${url}/readyz`);
    return { status: response.status, text: await response.text() };
  }

  test('that does not answer at start is waited for, with the reason in /readyz', async () => {
    await kafka.control.freeze();
    const { promise: listening, resolve: onListening } = Promise.withResolvers<string>();
    const starting = start(onListening);
    const url = await listening;
    await until(async () => (await readyz(url)).text.includes('Kafka: '));
    expect((await readyz(url)).status).toBe(503);
    expect((await fetch(`${url}/livez`)).status).toBe(200);
    await kafka.control.thaw();
    service = await starting;
    await until(async () => (await readyz(url)).status === 200);
  });

  test('carries what was written into the outbox to the consumer', async () => {
    await publish('first');
    await until(() => applied.includes('first'));
  });

  test('that stops answering in the middle makes the service not ready, and nothing is lost when it is back', async () => {
    await kafka.control.freeze();
    await until(async () => (await readyz(service.url)).status === 503);
    expect((await readyz(service.url)).text).toContain('event-bus');
    expect((await fetch(`${service.url}/livez`)).status).toBe(200);
    await publish('meanwhile');
    await kafka.control.thaw();
    await until(async () => (await readyz(service.url)).status === 200);
    await until(() => applied.includes('meanwhile'));
    expect(applied).toEqual(['first', 'meanwhile']);
  });

  test('does not hold up a stop, not even when it is away', async () => {
    await kafka.control.kill();
    const startedAt = performance.now();
    await service.stop();
    expect(performance.now() - startedAt).toBeLessThan(20_000);
  });
});
