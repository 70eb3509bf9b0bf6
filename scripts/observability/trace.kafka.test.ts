import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { PositionedRecord } from '@kempt/contracts';
import type { EventBus } from '@kempt/event-bus';
import { describeWithKafka } from '@kempt/event-bus-kafka/testing';
import { serviceNames } from '../slice/deployment.ts';
import { type DistributedDeployment, startDistributed } from '../slice/distributed-deployment.ts';
import { openScene, type Scene } from './scene.ts';
import { type CollectedSpan, type SpanCollector, startSpanCollector } from './span-collector.ts';

interface ChangeSetView {
  readonly id: string;
  readonly state: string;
  readonly task?: string;
  readonly planHash?: string;
}

interface LogLine {
  readonly msg: string;
  readonly trace_id?: string;
  readonly span_id?: string;
  readonly tenant?: string;
  readonly run_id?: string;
}

const changeSetTopic = 'kempt.connector.change-set-changed.v1';
const stateTopic = 'kempt.connector.record-state.v1';
const waitMs = 30_000;

/** Until the work gives something that is not false. */
async function until<T>(what: string, work: () => Promise<T | false> | T | false): Promise<T> {
  const deadline = performance.now() + waitMs;
  for (;;) {
    const found = await work();
    if (found !== false) return found;
    if (performance.now() > deadline) throw new Error(`${what}: not within ${waitMs / 1_000} s`);
    await sleep(100);
  }
}

await describeWithKafka('one trace over six processes and a real Kafka', {}, (kafka) => {
  const topicPrefix = `trace-${randomBytes(4).toString('hex')}.`;
  const traceId = randomBytes(16).toString('hex');
  const callerSpanId = randomBytes(8).toString('hex');
  const published: PositionedRecord[] = [];
  let folder = '';
  let collector: SpanCollector;
  let deployment: DistributedDeployment;
  let scene: Scene;
  let bus: EventBus;
  let changed: ChangeSetView;
  let record = '';
  let title = '';

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kempt-trace-'));
    collector = await startSpanCollector();
    const traced = {
      KEMPT_TRACES_ENDPOINT: collector.endpoint,
      // Only traces that begin elsewhere, such as the one of this test, and were chosen there.
      KEMPT_TRACES_RATIO: '0',
      KEMPT_LOG_LEVEL: 'debug',
    };
    deployment = await startDistributed({
      folder,
      brokers: kafka.brokers,
      seed: 'trace',
      topicPrefix,
      syncIntervalMs: 1_000,
      sizes: { contacts: 40, companies: 10, deals: 10, activities: 10, users: 5 },
      environment: Object.fromEntries(serviceNames.map((name) => [name, traced])),
    });
    scene = await openScene(deployment);
    await until('both accounts are read', async () => {
      const { items } = await scene.api<{ items: { status: string }[] }>('GET', '/v1/connections');
      return items.length === 2 && items.every(({ status }) => status === 'connected');
    });
    // Rows leave the outbox as soon as they are published; a trigger keeps what they said.
    await scene.sql('create table public.outbox_seen (type text, headers jsonb)');
    await scene.sql(`create function public.keep_outbox() returns trigger language plpgsql security definer
                      as $$ begin insert into public.outbox_seen values (new.type, new.headers::jsonb); return null; end $$`);
    await scene.sql(`create trigger keep after insert on connector.outbox
                      for each row execute function public.keep_outbox()`);
    bus = deployment.openBus();
    await bus.subscribe({
      group: 'trace-test',
      topics: [changeSetTopic, stateTopic],
      from: 'latest',
      eachChunk: async ({ records }) => void published.push(...records),
    });
    await change();
  }, 180_000);

  afterAll(async () => {
    await bus?.close();
    await scene?.close();
    await deployment?.stop();
    collector?.close();
    if (folder !== '') await rm(folder, { recursive: true, force: true });
  });

  /** Changes one record in the CRM by a change set; only the request that applies it carries the trace. */
  async function change(): Promise<void> {
    const { connections } = await scene.api<{ connections: { id: string }[] }>('GET', '/v1/safety');
    for (const { id } of connections) await scene.api('POST', `/v1/connections/${id}/unlock`, { reason: 'Simulated' });
    const { items } = await scene.api<{ items: { account: string }[] }>('GET', '/v1/connections');
    const account = items.map((one) => one.account).find((one) => one.startsWith('sf:')) ?? '';
    const { items: records } = await scene.api<{ items: { ref: string }[] }>(
      'GET',
      `/v1/records?account=${encodeURIComponent(account)}&object=Contact&limit=1`,
    );
    record = records[0]?.ref ?? '';
    title = `Traced ${Date.now()}`;
    const operations = [{ kind: 'update', record, fields: { Title: title } }];
    const { id } = await scene.api<ChangeSetView>('POST', '/v1/change-sets', { title: 'A trace', operations });
    const path = `/v1/change-sets/${id}`;
    const inState = (state: string): Promise<ChangeSetView> =>
      until(`the change set is ${state}`, async () => {
        const now = await scene.api<ChangeSetView>('GET', path);
        return now.state === state && now.task === undefined && now;
      });
    await scene.api('POST', `${path}/plan`);
    const { planHash = '' } = await inState('planned');
    await scene.api('POST', `${path}/approve`, { planHash });
    const response = await fetch(new URL(`${path}/apply`, deployment.apiUrl), {
      method: 'POST',
      headers: {
        authorization: `Bearer ${deployment.apiKey}`,
        'content-type': 'application/json',
        traceparent: `00-${traceId}-${callerSpanId}-01`,
      },
      body: JSON.stringify({ planHash }),
    });
    expect(response.status).toBeLessThan(300);
    changed = await inState('applied');
  }

  const mine = (): CollectedSpan[] => collector.spans.filter((span) => span.traceId === traceId);
  const span = (service: string, name: string): Promise<CollectedSpan> =>
    until(
      `a span ${name} of ${service}`,
      () => mine().find((one) => one.service === service && one.name === name) ?? false,
    );

  /** Names of the spans above one, nearest first, up to the request of this test. */
  function above(one: CollectedSpan): string[] {
    const names: string[] = [];
    for (let at: string | undefined = one.parentSpanId; at !== undefined; ) {
      const parent = mine().find(({ spanId }) => spanId === at);
      names.push(parent === undefined ? at : `${parent.service} ${parent.name}`);
      at = parent?.parentSpanId;
    }
    return names;
  }

  test('the request goes through the gateway to the connector and on to the CRM', async () => {
    const call = await span('connector', 'salesforce request');
    // Parents come in their own time, each with the batch of its process.
    await span('gateway', 'POST /v1/change-sets/*');
    await span('connector', 'POST /v1/change-sets/:id/apply');
    await span('connector', 'work on change set');
    expect(call.kind).toBe(3);
    expect(above(call)).toEqual([
      'connector work on change set',
      'connector POST /v1/change-sets/:id/apply',
      'gateway POST connector',
      'gateway POST /v1/change-sets/*',
      callerSpanId,
    ]);
    const id = record.slice(record.lastIndexOf(':') + 1);
    const inCrm = await scene.control<Record<string, unknown>[]>('GET', 'salesforce/records/Contact');
    expect(inCrm.find((one) => one['Id'] === id)?.['Title']).toBe(title);
  });

  test('rows of the outbox and headers in Kafka carry it', async () => {
    const rows = await scene.sql<{ type: string }>(
      `select distinct type from public.outbox_seen where headers ->> 'traceparent' like $1 order by type`,
      [`00-${traceId}-%`],
    );
    const types = rows.map(({ type }) => type);
    expect(types).toEqual(expect.arrayContaining([changeSetTopic, stateTopic]));
    const inTrace = await until('both topics', () => {
      const found = published.filter(({ headers }) => String(headers['traceparent']).startsWith(`00-${traceId}-`));
      return new Set(found.map(({ topic }) => topic)).size === 2 && found;
    });
    expect(inTrace.some(({ key }) => key.includes(changed.id))).toBe(true);
    expect((await span('connector', 'send outbox')).kind).toBe(4);
  });

  test.each([
    ['integration-audit', changeSetTopic],
    ['dedupe', stateTopic],
    ['data-quality', stateTopic],
  ])('%s consumes %s in it', async (service, topic) => {
    const consumed = await span(service, `process ${topic}`);
    expect(consumed.kind).toBe(5);
    // Its parent is the span that was active when the row was written: the request's, or that of the work that followed.
    expect(above(consumed).slice(-4)).toEqual([
      'connector POST /v1/change-sets/:id/apply',
      'gateway POST connector',
      'gateway POST /v1/change-sets/*',
      callerSpanId,
    ]);
  });

  test('nothing else is in it, and nothing else was sent', async () => {
    expect(collector.spans.filter((one) => one.traceId !== traceId)).toEqual([]);
  });

  test('log lines of both services name it, with the tenant; those of a sync run name the run', async () => {
    const lines = async (service: string): Promise<LogLine[]> =>
      (await readFile(join(folder, `${service}.log`), 'utf8'))
        .split('\n')
        .filter((line) => line.startsWith('{'))
        .map((line) => JSON.parse(line) as LogLine);
    const work = (await lines('connector')).find((one) => one.msg === 'change set goes on' && one.trace_id === traceId);
    expect(work).toMatchObject({ tenant: 'default', span_id: (await span('connector', 'work on change set')).spanId });
    const run = (await lines('connector')).find((one) => one.msg === 'object was read to its end' && one.run_id);
    expect(run).toMatchObject({ tenant: 'default', trace_id: expect.stringMatching(/^[0-9a-f]{32}$/) });
    const { items } = await scene.api<{ items: { id: string }[] }>('GET', '/v1/sync-runs?limit=100');
    expect(items.map(({ id }) => id)).toContain(run?.run_id);
    expect((await lines('gateway')).filter((one) => one.trace_id === traceId)).not.toEqual([]);
  });
});
