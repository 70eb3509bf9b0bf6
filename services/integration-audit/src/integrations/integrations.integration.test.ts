import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { accountKey, ConnectionStatus, type EventRecord, topics } from '@kempt/contracts';
import { until } from '@kempt/service-runtime/testing';
import { type AuditTestBed, account, daysAgo, startAuditTestBed } from '../audit-test-bed.ts';

let bed: AuditTestBed;

beforeAll(async () => {
  bed = await startAuditTestBed();
});
afterAll(() => bed.stop());
beforeEach(() => bed.nextTenant());

interface Change {
  readonly version: number;
  readonly account?: string;
  /** Absent: erased. */
  readonly status?: ConnectionStatus;
  readonly name?: string;
}

/** A change that happened `version` minutes after the beginning of 1970. */
function changeEvent({ version, account: of = account, status, name = 'Production' }: Change): EventRecord {
  return bed.event(topics.connectionChanged, {
    key: accountKey(bed.tenantId, of),
    sequence: version,
    time: new Date(version * 60_000),
    data:
      status === undefined
        ? null
        : {
            connectionId: 'c1',
            account: of,
            system: of.startsWith('sf:') ? 'salesforce' : 'hubspot',
            displayName: name,
            status,
            objects: ['Account', 'Contact'],
            version,
          },
  });
}

interface Register {
  readonly items: readonly Record<string, unknown>[];
  readonly nextCursor?: string;
}

const register = (query = ''): Promise<Register> => bed.json(`/v1/integrations${query}`);

describe('the register of integrations', () => {
  test('knows each connected account, its status and since when', async () => {
    await bed.apply([
      changeEvent({ version: 1, status: ConnectionStatus.BACKFILLING }),
      changeEvent({ version: 2, status: ConnectionStatus.CONNECTED }),
      changeEvent({ version: 3, status: ConnectionStatus.CONNECTED, name: 'Renamed' }),
    ]);
    expect((await register()).items).toEqual([
      {
        id: 'kempt:sf:00D1',
        kind: 'kempt-connection',
        account,
        system: 'salesforce',
        name: 'Renamed',
        status: 'connected',
        statusSince: '1970-01-01T00:02:00.000Z',
        registeredAt: '1970-01-01T00:01:00.000Z',
        objects: ['Account', 'Contact'],
        version: 3,
      },
    ]);
  });

  test('goes back to nothing older, and takes an event that comes again once', async () => {
    const paused = changeEvent({ version: 5, status: ConnectionStatus.PAUSED });
    await bed.apply([paused]);
    await bed.apply([changeEvent({ version: 4, status: ConnectionStatus.CONNECTED }), paused]);
    expect((await register()).items).toEqual([expect.objectContaining({ status: 'paused', version: 5 })]);
  });

  test('keeps a deleted connection as deleted, and forgets an erased one', async () => {
    await bed.apply([changeEvent({ version: 1, status: ConnectionStatus.CONNECTED })]);
    await bed.apply([changeEvent({ version: 2, status: ConnectionStatus.DELETED })]);
    expect((await register()).items).toEqual([expect.objectContaining({ status: 'deleted' })]);
    await bed.apply([changeEvent({ version: 3 })]);
    expect((await register()).items).toEqual([]);
  });

  test('shows a status that a newer release invented as unknown', async () => {
    await bed.apply([changeEvent({ version: 1, status: 99 as ConnectionStatus })]);
    expect((await register()).items).toEqual([expect.objectContaining({ status: 'unknown' })]);
  });

  test('is given page by page, and by status', async () => {
    await bed.apply([
      changeEvent({ version: 1, account: 'hs:1', status: ConnectionStatus.CONNECTED }),
      changeEvent({ version: 1, account: 'hs:2', status: ConnectionStatus.FAILING }),
      changeEvent({ version: 1, account: 'sf:3', status: ConnectionStatus.CONNECTED }),
    ]);
    const first = await register('?limit=2');
    expect(first.items.map(({ account: of }) => of)).toEqual(['hs:1', 'hs:2']);
    const second = await register(`?limit=2&cursor=${first.nextCursor}`);
    expect(second.items.map(({ account: of }) => of)).toEqual(['sf:3']);
    expect(second.nextCursor).toBeUndefined();
    expect((await register('?status=failing')).items.map(({ account: of }) => of)).toEqual(['hs:2']);
    expect((await bed.call('/v1/integrations?status=tired')).status).toBe(400);
  });

  test('shows one entry, and an unknown one is a problem that says where to look', async () => {
    await bed.apply([changeEvent({ version: 1, status: ConnectionStatus.CONNECTED })]);
    expect(await (await bed.call('/v1/integrations/kempt:sf:00D1')).json()).toMatchObject({ account });
    const unknown = await bed.call('/v1/integrations/nothing');
    expect(unknown.status).toBe(404);
    expect(await unknown.json()).toMatchObject({ code: 'unknown-integration' });
  });

  test('of one tenant is not seen by another, nor without the scope', async () => {
    await bed.apply([changeEvent({ version: 1, status: ConnectionStatus.CONNECTED })]);
    bed.nextTenant();
    expect((await register()).items).toEqual([]);
    expect((await bed.call('/v1/integrations', { scopes: ['clusters:read'] })).status).toBe(403);
  });

  test('is counted in metrics', async () => {
    await bed.apply([changeEvent({ version: 1, status: ConnectionStatus.FAILING })]);
    const text = await (await fetch(`${bed.url}/metrics`)).text();
    expect(text).toMatch(/kempt_integration_changes_total\{kind="kempt-connection",status="failing",.*\} [1-9]/);
  });

  test('lists apps with their calls, and clients that are no app', async () => {
    const day = (days: number) => daysAgo(days).toISOString().slice(0, 10);
    await bed.apply([
      bed.user({ id: 'u1', lastLogin: daysAgo(1) }, { name: 'Maria Brandt' }),
      bed.app({ id: '0H4000000000001AAA', lastUsed: daysAgo(20) }, { name: 'Mail Sync', userIds: ['u1', 'u2'] }),
      // Salesforce logs the shorter form of the id.
      bed.usage(
        { id: 'd1' },
        { day: day(3), appId: '0H4000000000001', appName: 'Mail', calls: 40n, dailyLimit: 1000n },
      ),
      bed.usage({ id: 'd2' }, { day: day(2), appName: 'Mail Sync', calls: 90n, dailyLimit: 1000n }),
      bed.usage({ id: 'd3' }, { day: day(2), appName: 'python-report', calls: 7n, dailyLimit: 1000n }),
      bed.usage({ id: 'd4' }, { day: day(60), appName: 'Mail Sync', calls: 900n, dailyLimit: 1000n }),
    ]);
    // Usage may be read before the app: until both are there, its calls stand under the name and the short id.
    await until(async () => (await register()).items.map(({ calls }) => calls).join() === '130,7');
    await until(async () => (await bed.json<Register>('/v1/access/users')).items.length === 1);
    expect((await register()).items).toMatchObject([
      {
        id: 'app:sf:00D1:0H4000000000001AAA',
        kind: 'app',
        appKind: 'connected-app',
        name: 'Mail Sync',
        status: 'connected',
        calls: 130,
        peak: { day: day(2), calls: 90, dailyLimit: 1000 },
        lastUsedAt: `${day(2)}T00:00:00.000Z`,
        userIds: ['u1', 'u2'],
      },
      { id: 'client:sf:00D1:python-report', kind: 'client', name: 'python-report', calls: 7 },
    ]);
    expect((await register('?kind=client')).items).toHaveLength(1);
    expect(await bed.json('/v1/integrations/app:sf:00D1:0H4000000000001AAA')).toMatchObject({
      users: [
        { userId: 'u1', name: 'Maria Brandt', active: true },
        { userId: 'u2', name: '', active: false },
      ],
    });
  });

  test('keeps an app that is gone as deleted', async () => {
    await bed.apply([bed.app({ id: 'a1', lastUsed: daysAgo(1) })]);
    await until(async () => (await register()).items.length === 1);
    await bed.apply([bed.app({ id: 'a1', version: 2, removed: true, lastUsed: daysAgo(1) })]);
    await until(async () => (await register()).items[0]?.status === 'deleted');
  });
});
