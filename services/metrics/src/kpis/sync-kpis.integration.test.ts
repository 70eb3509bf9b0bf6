import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import {
  create,
  type EventRecord,
  encodeEvent,
  objectKey,
  SyncRunFinishedSchema,
  SyncRunKind,
  SyncRunOutcome,
  topics,
} from '@kempt/contracts';
import fc from 'fast-check';
import { v7 as uuidv7 } from 'uuid';
import { account, type MetricsTestBed, startMetricsTestBed } from '../metrics-test-bed.ts';

let bed: MetricsTestBed;

beforeAll(async () => {
  bed = await startMetricsTestBed();
});

afterAll(() => bed.stop());

beforeEach(() => bed.nextTenant());

interface Run {
  readonly sequence: number;
  readonly object?: string;
  readonly outcome?: SyncRunOutcome;
}

/** A run that ended `sequence` minutes after the beginning of 1970, and read `sequence` records. */
function runEvent({ sequence, object = 'Contact', outcome = SyncRunOutcome.SUCCEEDED }: Run): EventRecord {
  return encodeEvent(
    {
      topic: topics.syncRunFinished,
      id: uuidv7(),
      tenantId: bed.tenantId,
      source: '/kempt/connector',
      subject: `${account}/${object}`,
      key: objectKey(bed.tenantId, account, object),
      time: new Date(sequence * 60_000),
      recordedTime: new Date(0),
      sequence,
      data: create(SyncRunFinishedSchema, {
        account,
        object,
        kind: sequence === 1 ? SyncRunKind.BACKFILL : SyncRunKind.INCREMENTAL,
        outcome,
        sequence,
        recordsRead: BigInt(sequence),
        recordsChanged: 2n,
        recordsSkipped: 1n,
        recordsKnown: 100n,
        reason: outcome === SyncRunOutcome.FAILED ? 'The CRM answered 503' : '',
      }),
    },
    { name: 'protobuf' },
  );
}

interface Kpi {
  readonly object: string;
  readonly lastRun: { readonly sequence: number; readonly outcome: string };
  readonly lastSuccessAt?: string;
}

async function kpis(query = ''): Promise<{ items: Kpi[]; nextCursor?: string }> {
  const response = await bed.call(`/v1/kpis/sync${query}`);
  expect(response.status).toBe(200);
  return (await response.json()) as { items: Kpi[]; nextCursor?: string };
}

async function lastSuccess(url: string, object: string): Promise<number | undefined> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const line = text
    .split('\n')
    .find((one) => one.startsWith('kempt_sync_last_success_timestamp_seconds{') && one.includes(`object="${object}"`));
  return line === undefined ? undefined : Number(line.split(' ').at(-1));
}

describe('sync figures', () => {
  test('tell of the last run over each object what it read, changed and skipped, and how it ended', async () => {
    await bed.apply([
      runEvent({ sequence: 1 }),
      runEvent({ sequence: 2 }),
      runEvent({ sequence: 3, outcome: SyncRunOutcome.FAILED }),
    ]);
    expect((await kpis()).items).toEqual([
      {
        account,
        object: 'Contact',
        lastRun: {
          sequence: 3,
          kind: 'incremental',
          outcome: 'failed',
          reason: 'The CRM answered 503',
          finishedAt: '1970-01-01T00:03:00.000Z',
          recordsRead: 3,
          recordsChanged: 2,
          recordsSkipped: 1,
        },
        recordsKnown: 100,
        lastSuccessAt: '1970-01-01T00:02:00.000Z',
      },
    ]);
  });

  test('come out the same in whatever order and however often runs are told', async () => {
    const outcomeOf = (sequence: number): SyncRunOutcome =>
      sequence % 3 === 0 ? SyncRunOutcome.SUCCEEDED : SyncRunOutcome.FAILED;
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 8 }), { minLength: 1, maxLength: 10 }), async (sequences) => {
        bed.nextTenant();
        await bed.apply(sequences.map((sequence) => runEvent({ sequence, outcome: outcomeOf(sequence) })));
        const [kpi] = (await kpis()).items;
        expect(kpi?.lastRun.sequence).toBe(Math.max(...sequences));
        const successes = sequences.filter((sequence) => sequence % 3 === 0);
        const expected = successes.length === 0 ? undefined : new Date(Math.max(...successes) * 60_000).toISOString();
        expect(kpi?.lastSuccessAt).toBe(expected);
      }),
      { numRuns: 25 },
    );
  });

  test('are given page by page and by account', async () => {
    await bed.apply(['A', 'B', 'C'].map((object) => runEvent({ sequence: 1, object })));
    const first = await kpis('?limit=2');
    expect(first.items.map(({ object }) => object)).toEqual(['A', 'B']);
    const second = await kpis(`?limit=2&cursor=${first.nextCursor}`);
    expect(second.items.map(({ object }) => object)).toEqual(['C']);
    expect(second.nextCursor).toBeUndefined();
    expect((await kpis('?account=hs:1')).items).toEqual([]);
  });

  test('are shown one by one, and an unknown one is a problem that says where to look', async () => {
    await bed.apply([runEvent({ sequence: 1 })]);
    expect(await (await bed.call(`/v1/kpis/sync/${account}/Contact`)).json()).toMatchObject({ recordsKnown: 100 });
    const unknown = await bed.call(`/v1/kpis/sync/${account}/Nothing`);
    expect(unknown.status).toBe(404);
    expect(await unknown.json()).toMatchObject({ code: 'unknown-sync-kpi' });
  });

  test('of one tenant are not seen by another, nor without the scope', async () => {
    await bed.apply([runEvent({ sequence: 1 })]);
    bed.tenantId = `${bed.tenantId}-other`;
    expect((await kpis()).items).toEqual([]);
    expect((await bed.call('/v1/kpis/sync', { scopes: ['clusters:read'] })).status).toBe(403);
  });
});

describe('the gauge of last successes', () => {
  test('rises with every success, never falls, and is there again after a restart', async () => {
    await bed.apply([runEvent({ sequence: 5, object: 'Gauged' })]);
    expect(await lastSuccess(bed.url, 'Gauged')).toBe(300);
    await bed.apply([
      runEvent({ sequence: 4, object: 'Gauged' }),
      runEvent({ sequence: 6, object: 'Gauged', outcome: SyncRunOutcome.FAILED }),
    ]);
    expect(await lastSuccess(bed.url, 'Gauged')).toBe(300);
    await bed.restart();
    expect(await lastSuccess(bed.url, 'Gauged')).toBe(300);
  });
});
