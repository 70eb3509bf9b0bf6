import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { decodeEvent, FixState, IssueState, type PlainValue, topics } from '@kempt/contracts';
import { type TestCall, until } from '@kempt/service-runtime/testing';
import fc from 'fast-check';
import { account, type DataQualityTestBed, type State, startDataQualityTestBed } from '../data-quality-test-bed.ts';

let bed: DataQualityTestBed;

beforeAll(async () => {
  bed = await startDataQualityTestBed();
});

afterAll(() => bed.stop());

beforeEach(() => bed.nextTenant());

const recently = new Date(Date.now() - 86_400_000);

interface PersonValues {
  readonly name?: string;
  readonly email?: string;
  readonly phone?: string;
  readonly country?: string;
  readonly owner?: string;
  readonly employer?: string;
}

const person = (values: PersonValues, rest: Partial<State> = {}): State => ({
  id: '1',
  version: 1,
  modifiedAt: recently,
  fields: Object.fromEntries(
    Object.entries({ LastName: values.name, Email: values.email, Phone: values.phone }).filter(
      (entry): entry is [string, string & PlainValue] => entry[1] !== undefined,
    ),
  ),
  canonical: {
    kind: {
      case: 'person',
      value: {
        familyName: values.name ?? '',
        emails: values.email === undefined ? [] : [values.email],
        phones: values.phone === undefined ? [] : [values.phone],
        address: { country: values.country ?? '' },
        ownerId: values.owner ?? 'owner-1',
        organisationName: values.employer ?? 'Example Ltd',
      },
    },
  },
  ...rest,
});

const complete: PersonValues = { name: 'Miller', email: 'ann@example.com', phone: '+493012345678' };

interface Issue {
  readonly ruleId: string;
  readonly recordId: string;
  readonly state: string;
  readonly version: number;
  readonly issueId: string;
}

const json = <T>(path: string, call?: TestCall): Promise<T> => bed.json<T>(path, call);

const issues = async (query = ''): Promise<readonly Issue[]> =>
  (await json<{ items: Issue[] }>(`/v1/data-quality/issues${query}`)).items;
const openRules = async (): Promise<readonly string[]> => (await issues()).map(({ ruleId }) => ruleId);

interface Score {
  readonly score: number;
  readonly records: number;
  readonly openIssues: number;
  readonly dimensions: readonly { readonly dimension: string; readonly score: number }[];
  readonly losses: readonly { readonly ruleId: string; readonly points: number; readonly failed: number }[];
  readonly owners: readonly { readonly ownerId?: string; readonly score: number }[];
}

const scoreOfContacts = (): Promise<Score> => json<Score>(`/v1/data-quality/scores/${account}/Contact`);

const told = () =>
  bed.bus.broker
    .records(topics.issueChanged.name)
    .map((record) => decodeEvent(topics.issueChanged, record))
    .filter(({ tenantId }) => tenantId === bed.tenantId)
    .map(({ data }) => ({ rule: data?.ruleId, open: data?.state === IssueState.OPEN, version: data?.version }));

describe('issues', () => {
  test('open when a record breaks a rule, close when it no longer does, and are told each time', async () => {
    await bed.apply([bed.stateEvent(person({ name: 'Miller', email: 'no address', phone: '12' }))]);
    expect(await openRules()).toEqual(['person-email-valid', 'person-phone-valid']);
    await bed.apply([bed.stateEvent(person(complete, { version: 2 }))]);
    expect(await openRules()).toEqual([]);
    expect((await issues('?state=closed')).map(({ ruleId, version }) => [ruleId, version])).toEqual([
      ['person-email-valid', 2],
      ['person-phone-valid', 2],
    ]);
    await until(() => told().length === 4);
    expect(told()).toEqual([
      { rule: 'person-email-valid', open: true, version: 1 },
      { rule: 'person-phone-valid', open: true, version: 1 },
      { rule: 'person-email-valid', open: false, version: 2 },
      { rule: 'person-phone-valid', open: false, version: 2 },
    ]);
  });

  test('of a record that is deleted or erased close, and open again with the same id when it comes back', async () => {
    await bed.apply([bed.stateEvent(person({ name: 'Miller' }))]);
    const [first] = await issues('?ruleId=person-email');
    await bed.apply([bed.stateEvent(person({ name: 'Miller' }, { version: 2, deleted: true }))]);
    expect(await openRules()).toEqual([]);
    await bed.apply([bed.stateEvent(person({ name: 'Miller' }, { version: 3 }))]);
    expect(await issues('?ruleId=person-email')).toMatchObject([{ issueId: first?.issueId, version: 3 }]);
    await bed.apply([bed.stateEvent({ id: '1', version: 4 })]);
    expect(await openRules()).toEqual([]);
  });

  test('of uniqueness follow clusters: within one object, whatever comes first', async () => {
    const members = [
      { object: 'Contact', id: '1' },
      { object: 'Contact', id: '2' },
      { object: 'Lead', id: '9' },
    ];
    await bed.apply([bed.clusterEvent({ goldenId: 'g1', version: 1, members })]);
    await bed.apply(
      ['1', '2', '3']
        .map((id) => bed.stateEvent(person(complete, { id })))
        .concat(bed.stateEvent(person(complete, { id: '9', object: 'Lead' }))),
    );
    expect((await issues()).map(({ recordId, ruleId }) => [recordId, ruleId])).toEqual([
      ['1', 'person-unique'],
      ['2', 'person-unique'],
    ]);
    await bed.apply([
      bed.clusterEvent({ goldenId: 'g1', version: 2, members: members.slice(1) }),
      bed.clusterEvent({
        goldenId: 'g2',
        version: 1,
        members: [
          { object: 'Contact', id: '1' },
          { object: 'Contact', id: '3' },
        ],
      }),
    ]);
    expect((await issues()).map(({ recordId }) => recordId)).toEqual(['1', '3']);
    await bed.apply([bed.clusterEvent({ goldenId: 'g1', version: 1, members })]);
    expect((await issues()).map(({ recordId }) => recordId)).toEqual(['1', '3']);
  });

  test('of freshness open when the day comes, though the record never changes', async () => {
    const rule = {
      entity: 'person',
      dimension: 'freshness',
      severity: 'low',
      weight: 1,
      enabled: true,
      check: { kind: 'changed-within', days: 2 },
      message: 'Confirm it.',
    };
    await bed.apply([bed.stateEvent(person(complete, { modifiedAt: new Date(Date.now() - 10 * 86_400_000) }))]);
    expect(await openRules()).toEqual([]);
    expect((await bed.call('/v1/data-quality/rules/person-fresh', { method: 'PUT', body: rule })).status).toBe(200);
    await until(async () => (await openRules()).includes('person-fresh'));
  });

  test('are counted the same as they are listed, whatever records went through', async () => {
    const arrival = fc.record({
      id: fc.constantFrom('1', '2', '3'),
      version: fc.integer({ min: 1, max: 4 }),
    });
    const contentOf = ({ id, version }: { id: string; version: number }): State =>
      person(
        {
          ...(version % 2 === 0 ? { name: 'Miller' } : {}),
          ...((Number(id) + version) % 3 === 0 ? { email: 'broken@' } : { email: 'a@example.com' }),
          ...(version % 3 === 0 ? { phone: '030 12345' } : {}),
          owner: `owner-${(Number(id) * version) % 2}`,
        },
        { id, version, deleted: (Number(id) + version) % 5 === 0 },
      );
    await fc.assert(
      fc.asyncProperty(fc.array(arrival, { minLength: 1, maxLength: 12 }), async (arrivals) => {
        bed.nextTenant();
        await bed.apply(arrivals.map((one) => bed.stateEvent(contentOf(one))));
        const open = await issues('?limit=500');
        const response = await bed.call(`/v1/data-quality/scores/${account}/Contact`);
        if (response.status === 404) return expect(open).toEqual([]);
        const score = (await response.json()) as Score;
        expect(score.openIssues).toBe(open.length);
        const failed = new Map(score.losses.map((loss) => [loss.ruleId, loss.failed]));
        for (const [ruleId, ofRule] of Map.groupBy(open, (issue) => issue.ruleId)) {
          expect([ruleId, failed.get(ruleId)]).toEqual([ruleId, ofRule.length]);
        }
        expect(score.losses.reduce((sum, { points }) => sum + points, score.score)).toBeCloseTo(100, 6);
      }),
      { numRuns: 25 },
    );
  });
});

describe('scores', () => {
  test('are 100 when nothing is wrong, and the explanation sums to what is missing', async () => {
    await bed.apply([bed.stateEvent(person(complete))]);
    expect(await scoreOfContacts()).toMatchObject({ score: 100, records: 1, openIssues: 0, losses: [] });
    await bed.apply([bed.stateEvent(person({ name: 'Miller', owner: 'owner-2' }, { id: '2' }))]);
    const score = await scoreOfContacts();
    expect(score.score).toBeLessThan(100);
    expect(score.losses.reduce((sum, { points }) => sum + points, 0)).toBeCloseTo(100 - score.score, 6);
    expect(score.owners.map(({ ownerId }) => ownerId)).toEqual(['owner-2', 'owner-1']);
  });

  test('are measured when records changed, told, and kept as history', async () => {
    await bed.apply([bed.stateEvent(person(complete))]);
    const path = `/v1/data-quality/scores/${account}/Contact/history`;
    const history = async () => (await json<{ items: { sequence: number; score: number }[] }>(path)).items;
    await until(async () => (await history()).length === 1);
    await bed.apply([bed.stateEvent(person({}, { id: '2' }))]);
    await until(async () => (await history()).length === 2);
    const [newest, oldest] = await history();
    expect([newest?.sequence, oldest?.sequence, oldest?.score]).toEqual([2, 1, 100]);
    expect(newest?.score).toBeCloseTo((await scoreOfContacts()).score, 6);
    const measured = (): number[] =>
      bed.bus.broker
        .records(topics.scoreMeasured.name)
        .map((record) => decodeEvent(topics.scoreMeasured, record))
        .filter(({ tenantId }) => tenantId === bed.tenantId)
        .map(({ data }) => data?.score ?? Number.NaN);
    await until(() => measured().length === 2);
    expect(measured()).toEqual([100, newest?.score]);
  });

  test('of an object that no rule speaks of are a problem that says where to look', async () => {
    const response = await bed.call(`/v1/data-quality/scores/${account}/Task`);
    expect([response.status, ((await response.json()) as { code: string }).code]).toEqual([404, 'unknown-score']);
  });
});

describe('rules', () => {
  test('that are switched off take their issues with them, and the default can come back', async () => {
    await bed.apply([bed.stateEvent(person({ name: 'Miller', phone: '+493012345678' }))]);
    expect(await openRules()).toEqual(['person-email']);
    const { items } = await json<{ items: { id: string }[] }>('/v1/data-quality/rules');
    const { id: _, ...rule } = items.find(({ id }) => id === 'person-email') ?? { id: '' };
    const off = { method: 'PUT', body: { ...rule, enabled: false } };
    expect((await bed.call('/v1/data-quality/rules/person-email', off)).status).toBe(200);
    await until(async () => (await openRules()).length === 0);
    expect((await bed.call('/v1/data-quality/rules/person-email', { method: 'DELETE' })).status).toBe(204);
    await until(async () => (await openRules()).length === 1);
    expect((await bed.call('/v1/data-quality/rules/person-email', { method: 'DELETE' })).status).toBe(404);
  });

  test('of one tenant do not judge the records of another', async () => {
    const body = {
      entity: 'person',
      dimension: 'completeness',
      severity: 'low',
      weight: 1,
      enabled: true,
      check: { kind: 'filled', anyOf: ['jobTitle'] },
      message: 'Ask for the job.',
    };
    await bed.call('/v1/data-quality/rules/person-job', { method: 'PUT', body });
    await bed.apply([bed.stateEvent(person(complete))]);
    expect(await openRules()).toEqual(['person-job']);
    bed.nextTenant();
    await bed.apply([bed.stateEvent(person(complete))]);
    expect(await openRules()).toEqual([]);
  });

  test.each([
    [{ weight: 0 }, '/body/weight'],
    [{ check: { kind: 'guess' } }, '/body/check'],
    [{ severity: 'awful' }, '/body/severity'],
  ])('with %j are refused by name', async (change, pointer) => {
    const body = {
      entity: 'person',
      dimension: 'validity',
      severity: 'low',
      weight: 1,
      enabled: true,
      check: { kind: 'unique' },
      message: 'x',
      ...change,
    };
    const response = await bed.call('/v1/data-quality/rules/own', { method: 'PUT', body });
    const problem = (await response.json()) as { errors?: { pointer: string }[] };
    expect(response.status).toBe(400);
    expect(problem.errors?.some((error) => error.pointer.startsWith(pointer))).toBe(true);
  });

  test('cannot be changed without the scope for it', async () => {
    const response = await bed.call('/v1/data-quality/rules/own', { method: 'DELETE', scopes: ['quality:read'] });
    expect(response.status).toBe(403);
  });
});

describe('standard ways of writing', () => {
  const german: PersonValues = { ...complete, phone: '(030) 1234 5678', country: 'Germany' };

  test('are proposed with the value before and after, told once, and gone when they are applied', async () => {
    await bed.apply([
      bed.stateEvent(person(german)),
      bed.stateEvent(person(complete, { id: '2' })),
      bed.stateEvent(person({ ...german, phone: '030 12345678 ext. 5' }, { id: '3' })),
    ]);
    expect((await issues('?ruleId=person-phone-standard')).map(({ recordId }) => recordId)).toEqual(['1']);
    const list = await json<{ items: { objects: object[] }[] }>('/v1/data-quality/standardisations');
    expect(list.items[0]?.objects).toEqual([{ account, object: 'Contact', values: 1 }]);
    const proposal = await json<{ proposalId: string; fixes: object[] }>(
      '/v1/data-quality/standardisations/phone-e164/proposals',
      { method: 'POST', body: { account, object: 'Contact' } },
    );
    expect(proposal.fixes).toEqual([
      { recordId: '1', field: 'Phone', before: '(030) 1234 5678', after: '+493012345678' },
    ]);
    const proposed = () =>
      bed.bus.broker
        .records(topics.fixProposed.name)
        .map((record) => decodeEvent(topics.fixProposed, record).data)
        .filter((data) => data?.proposalId === proposal.proposalId);
    await until(() => proposed().length === 1);
    await json(`/v1/data-quality/proposals/${proposal.proposalId}/withdraw`, { method: 'POST' });
    await json(`/v1/data-quality/proposals/${proposal.proposalId}/withdraw`, { method: 'POST' });
    await until(() => proposed().length === 2);
    expect(proposed().map((data) => [data?.version, data?.state])).toEqual([
      [1, FixState.OPEN],
      [2, FixState.WITHDRAWN],
    ]);
    await bed.apply([bed.stateEvent(person({ ...german, phone: '+493012345678' }, { version: 2 }))]);
    const nothing = await bed.call('/v1/data-quality/standardisations/phone-e164/proposals', {
      method: 'POST',
      body: { account, object: 'Contact' },
    });
    expect([nothing.status, ((await nothing.json()) as { code: string }).code]).toEqual([409, 'nothing-to-fix']);
  });
});
