import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import {
  accountKey,
  ConnectionStatus,
  clusterKey,
  decodeEvent,
  idKey,
  MaintenanceOutcome,
  objectKey,
  ProposalState,
  timestampFromDate,
  topics,
  Verdict,
} from '@kempt/contracts';
import { until } from '@kempt/service-runtime/testing';
import { account, type MetricsTestBed, startMetricsTestBed } from '../metrics-test-bed.ts';

let bed: MetricsTestBed;

beforeAll(async () => {
  bed = await startMetricsTestBed();
});

afterAll(() => bed.stop());

beforeEach(() => bed.nextTenant());

interface Run {
  readonly runId: string;
  readonly task: string;
  readonly outcome?: string;
  readonly evidence?: Readonly<Record<string, string>>;
  readonly summary?: string;
  readonly performedBy?: string;
}

const runs = async (task: string): Promise<readonly Run[]> =>
  (await bed.json<{ items: Run[] }>(`/v1/calendar/runs?task=${task}`)).items;

const connect = (objects: readonly string[], status: ConnectionStatus = ConnectionStatus.CONNECTED, version = 1) =>
  bed.apply([
    bed.event(topics.connectionChanged, {
      key: accountKey(bed.tenantId, account),
      sequence: version,
      data: { account, version, status, objects: [...objects] },
    }),
  ]);

let measurement = 0;

function count(object: string, crmRecords: bigint, mirrorRecords: bigint) {
  measurement += 1;
  return bed.event(topics.completenessMeasured, {
    key: objectKey(bed.tenantId, account, object),
    sequence: measurement,
    data: {
      account,
      object,
      sequence: measurement,
      crmRecords,
      mirrorRecords,
      measuredAt: timestampFromDate(new Date()),
    },
  });
}

const finished = (task: string) =>
  bed.bus.broker
    .records(topics.maintenanceTaskFinished.name)
    .map((record) => decodeEvent(topics.maintenanceTaskFinished, record))
    .filter(({ tenantId, data }) => tenantId === bed.tenantId && data?.task === task)
    .map(({ data }) => data?.outcome);

describe('the maintenance calendar', () => {
  test('checks completeness on a fresh installation: it asks, waits for every object, and keeps the evidence', async () => {
    await connect(['Account', 'Contact'], ConnectionStatus.BACKFILLING);
    expect(await runs('completeness-check')).toEqual([]);
    await connect(['Account', 'Contact'], ConnectionStatus.CONNECTED, 2);
    await until(async () => (await runs('completeness-check')).length === 1);
    const due = () =>
      bed.bus.broker
        .records(topics.maintenanceTaskDue.name)
        .map((record) => decodeEvent(topics.maintenanceTaskDue, record))
        .filter(({ tenantId, data }) => tenantId === bed.tenantId && data?.task === 'completeness-check');
    await until(() => due().length === 1);
    await bed.apply([count('Account', 5n, 5n)]);
    expect((await runs('completeness-check'))[0]?.outcome).toBeUndefined();
    await bed.apply([count('Contact', 10n, 10n)]);
    await until(async () => (await runs('completeness-check'))[0]?.outcome !== undefined);
    expect((await runs('completeness-check'))[0]).toMatchObject({
      outcome: 'succeeded',
      performedBy: 'kempt',
      evidence: { 'objects counted': '2', 'records in the CRMs': '15', 'records in the mirror': '15' },
    });
    await until(() => finished('completeness-check').length === 1);
    expect(finished('completeness-check')).toEqual([MaintenanceOutcome.SUCCEEDED]);
  });

  test('names the objects in which the mirror and the CRM differ', async () => {
    await connect(['Account', 'Contact']);
    await until(async () => (await runs('completeness-check')).length === 1);
    await bed.apply([count('Account', 5n, 5n), count('Contact', 10n, 9n)]);
    await until(async () => (await runs('completeness-check'))[0]?.outcome === 'needs-attention');
    const [run] = await runs('completeness-check');
    expect(run?.evidence?.[`${account}:Contact`]).toBe('10 in the CRM, 9 in the mirror');
    expect(run?.summary).toContain(`Contact of ${account}`);
  });

  test('reviews duplicates: open proposals need attention, verdicts of the week are counted', async () => {
    const proposal = (id: string, version: number, state: ProposalState) =>
      bed.event(topics.mergeProposed, {
        key: clusterKey(bed.tenantId, `g-${id}`),
        sequence: version,
        time: new Date(Date.now() - 3 * 86_400_000),
        data: { proposalId: id, version, state },
      });
    await bed.apply([
      proposal('p1', 1, ProposalState.OPEN),
      proposal('p2', 1, ProposalState.OPEN),
      proposal('p2', 2, ProposalState.WITHDRAWN),
      bed.event(topics.matchDecided, {
        key: idKey(bed.tenantId, 'd1'),
        sequence: 1,
        data: { decisionId: 'd1', version: 1, verdict: Verdict.DIFFERENT, decidedAt: timestampFromDate(new Date()) },
      }),
    ]);
    await connect(['Contact']);
    await until(async () => (await runs('duplicate-review'))[0]?.outcome !== undefined);
    expect((await runs('duplicate-review'))[0]).toMatchObject({
      outcome: 'needs-attention',
      evidence: {
        'open proposals': '1',
        'days that the oldest has waited': '3',
        'verdicts in the last seven days': '1',
      },
    });
    await bed.apply([proposal('p1', 2, ProposalState.WITHDRAWN)]);
    await bed.json('/v1/calendar/duplicate-review/run', { method: 'POST' });
    await until(async () => (await runs('duplicate-review')).length === 2);
    await until(async () => (await runs('duplicate-review'))[0]?.outcome === 'succeeded');
  });

  test('lets people finish their own tasks, once, and not those of Kempt', async () => {
    const started = await bed.json<Run>('/v1/calendar/access-review/run', { method: 'POST' });
    const again = await bed.call('/v1/calendar/access-review/run', { method: 'POST' });
    expect([again.status, ((await again.json()) as { code: string }).code]).toEqual([409, 'run-is-under-way']);
    const path = `/v1/calendar/runs/${started.runId}/finish`;
    const body = { summary: 'Two users were deactivated.', evidence: { users: '2' } };
    expect(await bed.json<Run>(path, { method: 'POST', body })).toMatchObject({
      outcome: 'succeeded',
      performedBy: 'user:test',
    });
    expect((await bed.call(path, { method: 'POST', body })).status).toBe(409);
    await connect(['Contact']);
    await until(async () => (await runs('completeness-check')).length === 1);
    const [own] = await runs('completeness-check');
    const refused = await bed.call(`/v1/calendar/runs/${own?.runId}/finish`, { method: 'POST', body });
    expect(((await refused.json()) as { code: string }).code).toBe('run-is-automatic');
  });

  test('shows every task with its cadence and when it is due next', async () => {
    const { items } = await bed.json<{ items: { task: string; nextDueAt: string; owner: string }[] }>('/v1/calendar');
    expect(items.map(({ task }) => task)).toContain('completeness-check');
    expect(items.every(({ nextDueAt }) => Date.parse(nextDueAt) > Date.now())).toBe(true);
    expect((await bed.call('/v1/calendar/nothing/run', { method: 'POST' })).status).toBe(404);
    expect((await bed.call('/v1/calendar', { scopes: ['clusters:read'] })).status).toBe(403);
  });
});
