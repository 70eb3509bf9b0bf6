import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { account, type DataQualityTestBed, type State, startDataQualityTestBed } from '../data-quality-test-bed.ts';

let bed: DataQualityTestBed;

beforeAll(async () => {
  bed = await startDataQualityTestBed();
});

afterAll(() => bed.stop());

beforeEach(() => bed.nextTenant());

interface Profile {
  readonly object: string;
  readonly records: number;
  readonly deletedRecords: number;
  readonly fields: readonly { readonly field: string; readonly filledRecords: number; readonly filledRatio?: number }[];
}

async function profiles(query = ''): Promise<{ items: Profile[]; nextCursor?: string }> {
  const response = await bed.call(`/v1/data-quality/profiles${query}`);
  expect(response.status).toBe(200);
  return (await response.json()) as { items: Profile[]; nextCursor?: string };
}

const filled = (profile: Profile | undefined): Record<string, number> =>
  Object.fromEntries((profile?.fields ?? []).map(({ field, filledRecords }) => [field, filledRecords]));

describe('profiles', () => {
  test('count in how many living records each field has a value', async () => {
    await bed.apply([
      bed.stateEvent({ id: '1', version: 1, fields: { Email: 'a@example.com', Phone: '', Fax: null, Tags: [] } }),
      bed.stateEvent({ id: '2', version: 1, fields: { Email: '  ', Phone: '+49', Fax: null, Tags: ['a'] } }),
      bed.stateEvent({
        id: '3',
        version: 1,
        fields: { Email: 'b@example.com', OptOut: false, Amount: { decimal: '0' } },
      }),
      bed.stateEvent({ id: '4', version: 1, deleted: true, fields: { Email: 'c@example.com' } }),
      bed.stateEvent({ id: '9', version: 1, object: 'Account', fields: { Name: 'Example' } }),
    ]);
    const { items } = await profiles();
    expect(items.map(({ object, records, deletedRecords }) => [object, records, deletedRecords])).toEqual([
      ['Account', 1, 0],
      ['Contact', 3, 1],
    ]);
    expect(filled(items[1])).toEqual({ Amount: 1, Email: 2, Fax: 0, OptOut: 1, Phone: 1, Tags: 1 });
    expect(items[1]?.fields.find(({ field }) => field === 'Email')?.filledRatio).toBeCloseTo(2 / 3);
  });

  test('follow changes, deletions, restorations and erasure', async () => {
    await bed.apply([bed.stateEvent({ id: '1', version: 1, fields: { Email: 'a', Phone: '1' } })]);
    await bed.apply([bed.stateEvent({ id: '1', version: 2, fields: { Email: '', Phone: '2', Fax: '3' } })]);
    expect(filled((await profiles()).items[0])).toEqual({ Email: 0, Fax: 1, Phone: 1 });
    await bed.apply([bed.stateEvent({ id: '1', version: 3, deleted: true, fields: { Email: 'a' } })]);
    expect((await profiles()).items[0]).toMatchObject({ records: 0, deletedRecords: 1 });
    expect(filled((await profiles()).items[0])).toEqual({ Email: 0, Fax: 0, Phone: 0 });
    await bed.apply([bed.stateEvent({ id: '1', version: 4, fields: { Email: 'a' } })]);
    expect((await profiles()).items[0]).toMatchObject({ records: 1, deletedRecords: 0 });
    await bed.apply([bed.stateEvent({ id: '1', version: 5 })]);
    expect((await profiles()).items[0]).toMatchObject({ records: 0, deletedRecords: 1 });
  });

  test('come out the same in whatever order and however often states arrive', async () => {
    const steps = fc.array(
      fc.record({
        id: fc.constantFrom('1', '2', '3'),
        version: fc.integer({ min: 1, max: 4 }),
      }),
      { minLength: 1, maxLength: 12 },
    );
    // What a version of a record holds depends on nothing but the two, as it is with the connector.
    const contentOf = ({ id, version }: { id: string; version: number }): State => ({
      id,
      version,
      deleted: (Number(id) + version) % 4 === 0,
      fields: { A: version % 2 === 0 ? 'x' : '', B: id === '2' ? null : 'y', [`C${version}`]: 'z' },
    });
    await fc.assert(
      fc.asyncProperty(steps, async (arrivals) => {
        bed.nextTenant();
        await bed.apply(arrivals.map((arrival) => bed.stateEvent(contentOf(arrival))));
        const newest = [...Map.groupBy(arrivals, ({ id }) => id)].map(([id, all]) =>
          contentOf({ id, version: Math.max(...all.map(({ version }) => version)) }),
        );
        const living = newest.filter(({ deleted }) => deleted !== true);
        const [profile] = (await profiles()).items;
        expect(profile).toMatchObject({ records: living.length, deletedRecords: newest.length - living.length });
        for (const [field, count] of Object.entries(filled(profile))) {
          const expected = living.filter(({ fields }) => fields?.[field] != null && fields[field] !== '').length;
          expect([field, count]).toEqual([field, expected]);
        }
      }),
      { numRuns: 25 },
    );
  });

  test('are given page by page, by account and object', async () => {
    await bed.apply(
      ['A', 'B', 'C'].map((object) => bed.stateEvent({ id: '1', version: 1, object, fields: { Name: object } })),
    );
    const first = await profiles('?limit=2');
    expect(first.items.map(({ object }) => object)).toEqual(['A', 'B']);
    const second = await profiles(`?limit=2&cursor=${first.nextCursor}`);
    expect(second.items.map(({ object }) => object)).toEqual(['C']);
    expect(second.nextCursor).toBeUndefined();
    expect((await profiles('?object=B')).items.map(({ object }) => object)).toEqual(['B']);
    expect((await profiles('?account=hs:1')).items).toEqual([]);
  });

  test('are shown one by one, and an unknown one is a problem that says where to look', async () => {
    await bed.apply([bed.stateEvent({ id: '1', version: 1, fields: { Name: 'x' } })]);
    expect(await (await bed.call(`/v1/data-quality/profiles/${account}/Contact`)).json()).toMatchObject({ records: 1 });
    const unknown = await bed.call(`/v1/data-quality/profiles/${account}/Nothing`);
    expect(unknown.status).toBe(404);
    expect(await unknown.json()).toMatchObject({ code: 'unknown-profile' });
  });

  test('of one tenant are not seen by another, nor without the scope', async () => {
    await bed.apply([bed.stateEvent({ id: '1', version: 1, fields: { Name: 'x' } })]);
    bed.tenantId = `${bed.tenantId}-other`;
    expect((await profiles()).items).toEqual([]);
    expect((await bed.call('/v1/data-quality/profiles', { scopes: ['clusters:read'] })).status).toBe(403);
  });

  test('are counted in metrics', async () => {
    await bed.apply([
      bed.stateEvent({ id: '1', version: 2, fields: {} }),
      bed.stateEvent({ id: '1', version: 1, fields: {} }),
    ]);
    const text = await (await fetch(`${bed.url}/metrics`)).text();
    expect(text).toMatch(/kempt_data_quality_record_states_total\{result="outdated",.*\} [1-9]/);
    expect(text).toMatch(/kempt_data_quality_newest_change_timestamp_seconds\{.*\} [1-9]/);
  });
});
