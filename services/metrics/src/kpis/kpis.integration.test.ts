import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import {
  accountKey,
  auditKey,
  ConnectionStatus,
  decodeEvent,
  objectKey,
  ProbeOutcome,
  recordKey,
  timestampFromDate,
  topics,
} from '@kempt/contracts';
import { until } from '@kempt/service-runtime/testing';
import { account, type MetricsTestBed, startMetricsTestBed } from '../metrics-test-bed.ts';

let bed: MetricsTestBed;
let probed: Server;
let probedStatus = 200;

beforeAll(async () => {
  probed = createServer((_, response) => response.writeHead(probedStatus).end());
  await new Promise<void>((resolve) => probed.listen(0, '127.0.0.1', resolve));
  bed = await startMetricsTestBed({
    KEMPT_METRICS_PROBE_TARGETS: `probed=http://127.0.0.1:${(probed.address() as AddressInfo).port}/livez`,
    KEMPT_METRICS_PROBE_INTERVAL_MS: '100',
  });
});

afterAll(async () => {
  await bed.stop();
  probed.close();
});

beforeEach(() => bed.nextTenant());

const dayMs = 86_400_000;
const daysAgo = (days: number): Date => new Date(Date.now() - days * dayMs);

interface Kpi {
  readonly kpi: string;
  readonly account?: string;
  readonly value?: number;
  readonly terms: Readonly<Record<string, number>>;
  readonly baseline?: number;
  readonly target: number;
  readonly isOnTarget?: boolean;
}

async function kpi(name: string, of?: string): Promise<Kpi | undefined> {
  const { items } = await bed.json<{ items: Kpi[] }>('/v1/kpis');
  return items.find((item) => item.kpi === name && item.account === of);
}

/** Waits for the next measurement that shows the value. */
async function measured(name: string, value: number, of?: string): Promise<Kpi> {
  let found: Kpi | undefined;
  await until(async () => {
    found = await kpi(name, of);
    return found?.value !== undefined && Math.abs(found.value - value) < 1e-9;
  });
  return found as Kpi;
}

const score = (object: string, sequence: number, value: number, records: bigint) =>
  bed.event(topics.scoreMeasured, {
    key: objectKey(bed.tenantId, account, object),
    sequence,
    data: { account, object, sequence, score: value, records },
  });

const probe = (sequence: number, seconds: number, outcome: ProbeOutcome) =>
  bed.event(topics.crmProbed, {
    key: accountKey(bed.tenantId, account),
    sequence,
    data: {
      account,
      system: 'salesforce',
      sequence,
      at: timestampFromDate(new Date(Math.floor(Date.now() / 3_600_000) * 3_600_000 - 7_200_000 + seconds * 1_000)),
      outcome,
      latencyMs: 20,
      intervalMs: 10_000,
    },
  });

describe('KPIs', () => {
  test('of data quality follow the newest scores, and are told', async () => {
    await bed.apply([score('Contact', 2, 80, 300n), score('Account', 1, 40, 100n), score('Contact', 1, 10, 300n)]);
    expect(await measured('data-quality', 70)).toMatchObject({
      terms: { records: 400, objects: 2 },
      isOnTarget: false,
    });
    const told = () =>
      bed.bus.broker
        .records(topics.kpiMeasured.name)
        .map((record) => decodeEvent(topics.kpiMeasured, record))
        .filter(({ tenantId, data }) => tenantId === bed.tenantId && data?.kpi === 'data-quality')
        .map(({ data }) => data?.value);
    await until(() => told().at(-1) === 70);
  });

  test('are shown to Prometheus for the tenants that are listed, over all accounts, and for nobody else', async () => {
    const shown = async () => (await fetch(`${bed.url}/metrics`)).text();
    await bed.apply([score('Contact', 1, 70, 300n)]);
    await measured('data-quality', 70);
    expect(await shown()).not.toContain(`tenant="${bed.tenantId}"`);
    bed.tenantId = 'default';
    await bed.apply([score('Contact', 1, 60, 300n)]);
    await measured('data-quality', 60);
    expect(await shown()).toMatch(/kempt_kpi_value\{tenant="default",kpi="data-quality",service="metrics"\} 60/);
  });

  test('of uptime count what failed probes saw as down, refusals as up, and gaps as nothing', async () => {
    const { UP, DOWN, REFUSED } = ProbeOutcome;
    await bed.apply([
      probe(1, 0, UP),
      probe(2, 10, REFUSED),
      ...[20, 30, 40, 50, 60, 70].map((seconds, index) => probe(3 + index, seconds, DOWN)),
      probe(9, 80, UP),
      // Nobody looked for a while: the last look speaks for 15 seconds.
      probe(10, 500, UP),
    ]);
    const expected = 35 / 95;
    expect((await measured('crm-uptime', expected, account)).terms).toMatchObject({
      upSeconds: 35,
      downSeconds: 60,
      probes: 10,
      failedProbes: 6,
    });
    await measured('crm-uptime', expected);
    await bed.apply([probe(4, 30, UP)]);
    await measured('crm-uptime', expected);
  });

  test('of our own uptime follow what the services answer', async () => {
    await bed.apply([score('Contact', 1, 80, 1n)]);
    await until(async () => ((await kpi('kempt-uptime'))?.terms['upSeconds'] ?? 0) > 0.2);
    probedStatus = 503;
    await until(async () => ((await kpi('kempt-uptime'))?.terms['downSeconds'] ?? 0) > 0.2);
    probedStatus = 200;
    expect((await kpi('kempt-uptime'))?.value).toBeLessThan(1);
  });

  test('of adoption know active people, whatever comes first: user or log-in', async () => {
    const user = (
      userId: string,
      version: number,
      rest: { active?: boolean; userType?: string; roles?: string[]; lastLoginAt?: Date },
    ) =>
      bed.event(topics.auditRecordChanged, {
        key: auditKey(bed.tenantId, { account, kind: 'user', auditId: userId }),
        sequence: version,
        data: {
          account,
          auditId: userId,
          version,
          kind: {
            case: 'user',
            value: {
              active: rest.active ?? true,
              userType: rest.userType ?? 'Standard',
              roles: rest.roles ?? ['Sales'],
              ...(rest.lastLoginAt === undefined ? {} : { lastLoginAt: timestampFromDate(rest.lastLoginAt) }),
            },
          },
        },
      });
    const login = (userId: string, at: Date, succeeded = true) =>
      bed.event(topics.auditRecordChanged, {
        key: auditKey(bed.tenantId, { account, kind: 'login', auditId: `${userId}-${at.getTime()}` }),
        sequence: 1,
        data: {
          account,
          auditId: `${userId}-${at.getTime()}`,
          version: 1,
          kind: { case: 'login', value: { userId, at: timestampFromDate(at), succeeded } },
        },
      });
    await bed.apply([
      login('u1', daysAgo(1)),
      user('u1', 1, {}),
      user('u2', 1, { lastLoginAt: daysAgo(60) }),
      login('u2', daysAgo(2), false),
      user('u3', 1, { userType: 'AutomatedProcess', lastLoginAt: daysAgo(1) }),
      user('u4', 1, {}),
      user('u4', 2, { active: false }),
      user('u5', 1, { roles: ['Integration User'], lastLoginAt: daysAgo(1) }),
    ]);
    expect((await measured('user-adoption', 0.5)).terms).toEqual({ loggedIn: 1, activePeople: 2 });
  });

  test('of processes and satisfaction follow records, and forget those that are deleted', async () => {
    const record = (object: string, recordId: string, version: number, data: object | null) =>
      bed.event(topics.recordState, {
        key: recordKey(bed.tenantId, { account, object, recordId }),
        sequence: version,
        data: data === null ? null : { record: { account, object, recordId }, version, ...data },
      });
    const deal = (days: number) => ({
      canonical: {
        kind: {
          case: 'deal' as const,
          value: {
            isWon: true,
            createdAt: timestampFromDate(daysAgo(days + 1)),
            closeDate: daysAgo(1).toISOString().slice(0, 10),
          },
        },
      },
    });
    const csat = (value: string) => ({
      canonical: {
        kind: {
          case: 'feedback' as const,
          value: { surveyKind: 'CSAT', score: value, submittedAt: timestampFromDate(daysAgo(3)) },
        },
      },
    });
    await bed.apply([
      record('Opportunity', '1', 1, deal(10)),
      record('Opportunity', '2', 1, deal(30)),
      record('feedback_submissions', '1', 1, csat('5')),
      record('feedback_submissions', '2', 1, csat('2')),
    ]);
    await measured('process-efficiency', 20);
    await measured('customer-satisfaction', 0.5);
    await bed.apply([
      record('Opportunity', '2', 2, { deleted: true }),
      record('feedback_submissions', '2', 2, null),
      record('feedback_submissions', '2', 1, csat('2')),
    ]);
    await measured('process-efficiency', 10);
    await measured('customer-satisfaction', 1);
    await bed.json('/v1/feedback', { method: 'POST', body: { kind: 'csat', score: 1 } });
    await measured('customer-satisfaction', 0.5);
  });

  test('get their baseline from the first full measurement, and target and baseline from people', async () => {
    const connection = (version: number, status: ConnectionStatus) =>
      bed.event(topics.connectionChanged, {
        key: accountKey(bed.tenantId, account),
        sequence: version,
        data: { account, version, status, objects: ['Contact'] },
      });
    await bed.apply([connection(1, ConnectionStatus.BACKFILLING), score('Contact', 1, 30, 1n)]);
    expect((await measured('data-quality', 30)).baseline).toBeUndefined();
    await bed.apply([connection(2, ConnectionStatus.CONNECTED), score('Contact', 2, 60, 1n)]);
    await measured('data-quality', 60);
    await until(async () => (await kpi('data-quality'))?.baseline === 60);
    await bed.apply([score('Contact', 3, 75, 1n)]);
    expect(await measured('data-quality', 75)).toMatchObject({ baseline: 60, target: 90, isOnTarget: false });
    const body = { target: 70, baseline: 50 };
    await bed.json('/v1/kpis/data-quality/target', { method: 'PUT', body });
    expect(await kpi('data-quality')).toMatchObject({ baseline: 50, target: 70, isOnTarget: true });
  });

  test('keep their history, page by page', async () => {
    for (const [index, value] of [10, 20, 30].entries()) {
      await bed.apply([score('Contact', index + 1, value, 1n)]);
      await measured('data-quality', value);
    }
    const page = await bed.json<{ history: { value?: number }[]; nextCursor?: string }>(
      '/v1/kpis/data-quality?limit=2',
    );
    expect(page.history.map(({ value }) => value)).toEqual([30, 20]);
    const rest = await bed.json<{ history: { value?: number }[] }>(
      `/v1/kpis/data-quality?limit=2&cursor=${page.nextCursor}`,
    );
    expect(rest.history[0]?.value).toBe(10);
  });

  test.each([
    ['/v1/kpis/luck', 'GET', undefined, 404],
    ['/v1/kpis/luck/target', 'PUT', { target: 1 }, 404],
    ['/v1/feedback', 'POST', { kind: 'csat', score: 6 }, 400],
    ['/v1/feedback', 'POST', { kind: 'mood', score: 1 }, 400],
  ])('%s is refused by name', async (path, method, body, status) => {
    const response = await bed.call(path, { method, body });
    const problem = (await response.json()) as { code: string; errors?: { pointer: string }[] };
    expect(response.status).toBe(status);
    expect(problem.code).toMatch(/unknown-kpi|invalid|validation/);
    if (status === 400) expect(problem.errors?.[0]?.pointer).toMatch(/^\/body\/(score|kind)/);
  });
});
