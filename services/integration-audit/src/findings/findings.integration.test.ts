import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { accountKey, ConnectionStatus, decodeEvent, FindingSeverity, FindingState, topics } from '@kempt/contracts';
import { until } from '@kempt/service-runtime/testing';
import { type AuditTestBed, account, daysAgo, startAuditTestBed } from '../audit-test-bed.ts';

let bed: AuditTestBed;

beforeAll(async () => {
  bed = await startAuditTestBed({ KEMPT_INTEGRATION_AUDIT_ASSESS_INTERVAL_MS: '100' });
});
afterAll(() => bed.stop());
beforeEach(() => bed.nextTenant());

interface Shown {
  readonly findingId: string;
  readonly version: number;
  readonly state: string;
  readonly severity: string;
  readonly ruleId: string;
  readonly subjectId: string;
  readonly title: string;
  readonly evidence: Readonly<Record<string, string>>;
  readonly acceptance?: { readonly by: string; readonly note: string };
}

const findings = async (query = ''): Promise<Shown[]> =>
  (await bed.json<{ items: Shown[] }>(`/v1/findings?limit=500${query}`)).items;

/** Waits until these are the open findings. */
async function settled(...expected: string[]): Promise<Shown[]> {
  let found: Shown[] = [];
  const shown = () => found.map(({ ruleId, subjectId }) => `${ruleId} ${subjectId}`).sort();
  await until(async () => {
    found = await findings();
    return shown().join() === expected.toSorted().join();
  }).catch(() => expect(shown()).toEqual(expected.toSorted()));
  return found;
}

const told = () =>
  bed.bus.broker
    .records(topics.findingChanged.name)
    .map((record) => decodeEvent(topics.findingChanged, record))
    .filter(({ tenantId }) => tenantId === bed.tenantId)
    .map(({ data }) => data);

/** A user who changes the setup now and then, so that setup changes are known. */
const administrator = () => [
  bed.user({ id: 'u1', lastLogin: daysAgo(1) }, { powers: ['customize-application', 'manage-users'] }),
  bed.setupChange({ id: 's1', at: daysAgo(5) }, { action: 'createdcustomfield' }),
];

describe('findings about users', () => {
  test('who never came or stay away, with what they rest on', async () => {
    await bed.apply([
      ...administrator(),
      bed.user({ id: 'u2' }, { name: 'Ida Never', roles: ['Standard User'] }),
      bed.user({ id: 'u3', lastLogin: daysAgo(91) }),
      bed.user({ id: 'u4', lastLogin: daysAgo(89) }),
      bed.user({ id: 'u5', created: daysAgo(29) }),
      bed.user({ id: 'u6' }, { active: false }),
      bed.user({ id: 'u7' }, { userType: 'AutomatedProcess' }),
    ]);
    const [never] = (await settled('user-dormant u3', 'user-never-logged-in u2')).filter(
      ({ subjectId }) => subjectId === 'u2',
    );
    expect(never).toMatchObject({
      state: 'open',
      severity: 'medium',
      title: 'The active user Ida Never has never logged in.',
      evidence: { roles: 'Standard User' },
      version: 1,
    });
    await until(() => told().length === 2);
    expect(told()).toContainEqual(
      expect.objectContaining({
        findingId: never?.findingId,
        state: FindingState.OPEN,
        severity: FindingSeverity.MEDIUM,
        ruleId: 'user-never-logged-in',
        account,
        subjectKind: 'user',
        subjectId: 'u2',
        subjectName: 'Ida Never',
        remedy: 'Deactivate the user, or note why it is needed.',
      }),
    );
  });

  test('who may do more than they need: not those who administer, and to see everything is no power', async () => {
    await bed.apply([
      ...administrator(),
      bed.user({ id: 'u2', lastLogin: daysAgo(1) }, { powers: ['modify-all-data'] }),
      bed.user({ id: 'u3', lastLogin: daysAgo(1) }, { powers: ['view-all-data'] }),
      bed.user({ id: 'u4', lastLogin: daysAgo(40) }, { powers: ['author-apex'] }),
      bed.setupChange({ id: 's4', at: daysAgo(41) }, { userId: 'u4', action: 'createdcustomfield' }),
      bed.user({ id: 'u5', lastLogin: daysAgo(1) }, { powers: ['manage-users'] }),
      // To change one's own password is not the work of an administrator.
      bed.setupChange({ id: 's5', at: daysAgo(2) }, { userId: 'u5', action: 'changedpassword' }),
    ]);
    const found = await settled('user-over-privileged u2', 'user-over-privileged u4', 'user-over-privileged u5');
    expect(found.map(({ severity }) => severity)).toEqual(['high', 'high', 'high']);
    expect(found.find(({ subjectId }) => subjectId === 'u4')?.evidence).toMatchObject({
      powers: 'author-apex',
      'not used, because': 'no log-in for 30 days',
    });
  });

  test('say nothing where the CRM shows no log-ins and no setup changes at all', async () => {
    await bed.apply([
      bed.user({ id: 'u1' }, { powers: ['modify-all-data'] }),
      bed.app({ id: 'a1', lastUsed: daysAgo(91) }),
    ]);
    await settled('integration-unused a1');
  });

  test('of HubSpot without a log-in stay away: whether they ever came is not kept there', async () => {
    const hubspot = { account: 'hs:1' };
    const content = { userType: '' };
    const longAgo = new Date(0);
    await bed.apply([
      bed.user({ id: '1', lastLogin: daysAgo(2), created: longAgo, ...hubspot }, content),
      bed.user({ id: '2', created: longAgo, ...hubspot }, content),
      // HubSpot's audit log tells of edits of records as well, which are ordinary work.
      bed.user({ id: '3', lastLogin: daysAgo(2), ...hubspot }, { ...content, powers: ['super-admin'] }),
      bed.setupChange({ id: 'e1', at: daysAgo(1), ...hubspot }, { userId: '3', section: 'CRM_OBJECT/CONTACT' }),
      bed.setupChange(
        { id: 'e2', at: daysAgo(1), ...hubspot },
        { userId: '1', section: 'security', action: 'ADD_USER' },
      ),
    ]);
    await settled('user-dormant 2', 'user-over-privileged 3');
  });

  test('whose log-ins failed in a burst', async () => {
    const minute = 60_000;
    const fail = (id: string, userId: string, agoMs: number) =>
      bed.login(
        { id, at: new Date(Date.now() - 3 * 86_400_000 - agoMs) },
        { userId, succeeded: false, sourceIp: '203.0.113.7' },
      );
    await bed.apply([
      bed.user({ id: 'u1', lastLogin: daysAgo(1) }),
      ...Array.from({ length: 5 }, (_, at) => fail(`l${at}`, 'u1', at * 10 * minute)),
      ...Array.from({ length: 5 }, (_, at) => fail(`m${at}`, 'u2', at * 20 * minute)),
    ]);
    const [burst] = await settled('failed-login-burst u1');
    expect(burst?.evidence).toMatchObject({ 'failed log-ins': '5', addresses: '203.0.113.7' });
  });
});

describe('findings about integrations', () => {
  test('that nobody uses, that nobody owns, and that take many calls', async () => {
    const day = daysAgo(1).toISOString().slice(0, 10);
    await bed.apply([
      bed.user({ id: 'u1', lastLogin: daysAgo(1) }),
      bed.user({ id: 'u2', lastLogin: daysAgo(200) }, { active: false }),
      bed.app({ id: 'unused', lastUsed: daysAgo(97) }, { userIds: ['u1'], useCount: 9n }),
      bed.app({ id: 'used', lastUsed: daysAgo(84) }, { userIds: ['u1'], useCount: 9n }),
      bed.app({ id: 'never' }, { userIds: [] }),
      bed.app({ id: 'new', created: daysAgo(3) }, { userIds: [] }),
      bed.app({ id: 'left', lastUsed: daysAgo(1) }, { userIds: ['u2'] }),
      bed.app({ id: 'shared', lastUsed: daysAgo(1) }, { userIds: ['u1', 'u2'] }),
      bed.usage({ id: 'd1' }, { day, appId: 'shared', appName: 'Shared', calls: 260n, dailyLimit: 1000n }),
      bed.usage({ id: 'd2' }, { day, appId: 'left', appName: 'Left', calls: 240n, dailyLimit: 1000n }),
      bed.usage({ id: 'd3' }, { day, appName: 'python-report', calls: 30n, dailyLimit: 1000n }),
      bed.usage({ id: 'd4' }, { day, appName: 'Kempt Connector', calls: 400n, dailyLimit: 1000n }),
    ]);
    const found = await settled(
      'integration-unused unused',
      'integration-never-used never',
      'integration-owner-inactive left',
      'integration-busy shared',
      'integration-unregistered python-report',
    );
    expect(found.find(({ ruleId }) => ruleId === 'integration-busy')).toMatchObject({
      title: `App shared made 26 % of the account's daily calls on ${day}.`,
      evidence: { calls: '260', 'daily limit': '1000' },
    });
    expect(found.map(({ severity }) => severity)).toEqual(['high', 'medium', 'medium', 'medium', 'low']);
  });
});

describe('findings about setup changes', () => {
  test('that open a door, for 30 days; the list shows them all', async () => {
    await bed.apply([
      ...administrator(),
      bed.setupChange(
        { id: 'r1', at: daysAgo(29) },
        { action: 'PermSetAssign', display: 'assigned', section: 'Users' },
      ),
      bed.setupChange({ id: 'r2', at: daysAgo(31) }, { action: 'PermSetAssign' }),
      bed.setupChange({ id: 'r3', at: daysAgo(170) }, { action: 'PermSetAssign' }),
      bed.setupChange({ id: 'r4', at: daysAgo(200) }, { action: 'PermSetAssign' }),
    ]);
    const [risky] = await settled('setup-change-risky r1');
    expect(risky).toMatchObject({
      severity: 'medium',
      evidence: { user: 'User u1', 'in the words of the CRM': 'assigned' },
    });
    const changes = async (query = '') =>
      (await bed.json<{ items: { changeId: string; risk?: string }[] }>(`/v1/setup-changes${query}`)).items;
    await until(async () => (await changes()).length === 4);
    expect((await changes()).map(({ changeId }) => changeId)).toEqual(['s1', 'r1', 'r2', 'r3']);
    expect((await changes('?risky=true&days=40')).map(({ changeId }) => changeId)).toEqual(['r1', 'r2']);
    const first = await bed.json<{ items: object[]; nextCursor: string }>('/v1/setup-changes?limit=3');
    expect(first.items).toHaveLength(3);
    expect((await changes(`?limit=3&cursor=${first.nextCursor}`)).map(({ changeId }) => changeId)).toEqual(['r3']);
  });
});

describe('a finding', () => {
  const dormant = (version: number, lastLogin: Date, powers: string[] = []) =>
    bed.user({ id: 'u1', version, lastLogin }, { powers });

  test('is resolved when it is so no more, and opens again under its id', async () => {
    await bed.apply([dormant(1, daysAgo(100))]);
    const [first] = await settled('user-dormant u1');
    await bed.apply([dormant(2, daysAgo(1))]);
    await settled();
    expect(await findings('&state=all')).toMatchObject([
      { findingId: first?.findingId, state: 'resolved', version: 2 },
    ]);
    await bed.apply([dormant(3, daysAgo(95)), dormant(2, daysAgo(1))]);
    expect(await settled('user-dormant u1')).toMatchObject([{ findingId: first?.findingId, version: 3 }]);
  });

  test('is accepted with a note, stays accepted, and opens again when it gets worse', async () => {
    await bed.apply([...administrator().slice(1), dormant(1, daysAgo(100))]);
    const [found] = await settled('user-dormant u1');
    const path = `/v1/findings/${found?.findingId}`;
    expect((await bed.call(`${path}/accept`, { method: 'POST', body: { note: '' } })).status).toBe(400);
    const body = { note: 'On parental leave' };
    expect((await bed.call(`${path}/accept`, { method: 'POST', body, scopes: ['audit:read'] })).status).toBe(403);
    expect(await bed.json(`${path}/accept`, { method: 'POST', body })).toMatchObject({
      state: 'accepted',
      version: 2,
      acceptance: { by: 'test', note: 'On parental leave' },
    });
    // The evidence changes and is not worse.
    await bed.apply([dormant(2, daysAgo(99))]);
    await until(async () => (await bed.json<Shown>(path)).version === 3);
    expect(await bed.json(path)).toMatchObject({ state: 'accepted', acceptance: { note: 'On parental leave' } });
    await bed.apply([dormant(3, daysAgo(99), ['modify-all-data'])]);
    await settled('user-dormant u1', 'user-over-privileged u1');
    expect(await bed.json(path)).toMatchObject({ state: 'open', severity: 'high', version: 4 });
  });

  test('that was accepted by mistake can be opened again; one that is resolved cannot be accepted', async () => {
    await bed.apply([dormant(1, daysAgo(100))]);
    const [found] = await settled('user-dormant u1');
    const act = (action: string) =>
      bed.call(`/v1/findings/${found?.findingId}/${action}`, { method: 'POST', body: { note: 'x' } });
    expect((await act('reopen')).status).toBe(409);
    expect((await act('accept')).status).toBe(200);
    expect(await (await act('reopen')).json()).toMatchObject({ state: 'open', version: 3 });
    await bed.apply([dormant(2, daysAgo(1))]);
    await settled();
    expect((await act('accept')).status).toBe(409);
    expect((await bed.call('/v1/findings/5b0e8b9e-0000-5000-8000-000000000f01')).status).toBe(404);
  });

  test('comes with time alone, without an event', async () => {
    const soon = new Date(daysAgo(90).getTime() + 2_000);
    await bed.apply([bed.user({ id: 'u1', lastLogin: soon })]);
    expect(await findings()).toEqual([]);
    await settled('user-dormant u1');
  });

  test('goes with the account when that is erased', async () => {
    const connection = (version: number, status: ConnectionStatus | null) =>
      bed.event(topics.connectionChanged, {
        key: accountKey(bed.tenantId, account),
        sequence: version,
        data: status === null ? null : { account, system: 'salesforce', status, version },
      });
    await bed.apply([connection(1, ConnectionStatus.CONNECTED), dormant(1, daysAgo(100))]);
    await settled('user-dormant u1');
    await bed.apply([connection(2, null)]);
    await until(async () => (await findings('&state=all')).length === 0);
    await until(() => told().at(-1)?.state === FindingState.RESOLVED);
    const users = async () => (await bed.json<{ items: object[] }>('/v1/access/users')).items;
    expect(await users()).toEqual([]);
    // What was read before and comes late does not bring it back; what is read after does.
    const late = { id: 'u2', lastLogin: daysAgo(100), readAt: new Date(Date.now() - 60_000) };
    await bed.apply([bed.user(late)]);
    expect(await users()).toEqual([]);
    await bed.apply([connection(3, ConnectionStatus.CONNECTED), bed.user({ ...late, id: 'u3', readAt: new Date() })]);
    await settled('user-dormant u3');
    expect(await findings('&state=all')).toHaveLength(1);
  });

  test('is seen by its tenant only, and counted in metrics', async () => {
    await bed.apply([dormant(1, daysAgo(100))]);
    await settled('user-dormant u1');
    const text = await (await fetch(`${bed.url}/metrics`)).text();
    expect(text).toMatch(/kempt_findings_open\{rule="user-dormant",severity="medium",.*\} [1-9]/);
    bed.nextTenant();
    expect(await findings()).toEqual([]);
    expect((await bed.call('/v1/findings', { scopes: ['clusters:read'] })).status).toBe(403);
  });

  test('follows a rule that is listed with its threshold', async () => {
    const { items } = await bed.json<{ items: { ruleId: string; description: string }[] }>('/v1/findings/rules');
    expect(items).toContainEqual({
      ruleId: 'user-dormant',
      description: 'An active user has not logged in for 90 days or more.',
      remedy: expect.any(String),
    });
  });
});

describe('users', () => {
  test('are listed by power and by how long they stayed away, page by page', async () => {
    await bed.apply([
      ...administrator(),
      bed.user({ id: 'u2', lastLogin: daysAgo(50) }, { powers: ['view-all-data'] }),
      bed.user({ id: 'u3' }),
      bed.user({ id: 'u4', lastLogin: daysAgo(50) }),
      bed.user({ id: 'u4', version: 2, removed: true, lastLogin: daysAgo(50) }),
    ]);
    const ids = async (query: string) =>
      (await bed.json<{ items: { userId: string }[] }>(`/v1/access/users${query}`)).items.map(({ userId }) => userId);
    expect(await ids('')).toEqual(['u1', 'u2', 'u3']);
    expect(await ids('?powers=any')).toEqual(['u1']);
    expect(await ids('?powers=view-all-data')).toEqual(['u2']);
    expect(await ids('?inactiveDays=30')).toEqual(['u2', 'u3']);
    const first = await bed.json<{ nextCursor: string }>('/v1/access/users?limit=2');
    expect(await ids(`?limit=2&cursor=${first.nextCursor}`)).toEqual(['u3']);
    const [known] = (await bed.json<{ items: { lastAdministrationAt?: string }[] }>('/v1/access/users')).items;
    expect(known).toMatchObject({
      lastAdministrationAt: expect.any(String),
      powers: ['customize-application', 'manage-users'],
    });
  });

  test('go back to nothing older', async () => {
    await bed.apply([bed.user({ id: 'u1', version: 2, lastLogin: daysAgo(1) }, { name: 'New' })]);
    await bed.apply([bed.user({ id: 'u1', version: 1, lastLogin: daysAgo(9) }, { name: 'Old' })]);
    expect((await bed.json<{ items: object[] }>('/v1/access/users')).items).toMatchObject([{ name: 'New' }]);
  });
});
