import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { chooseBlocking } from './blocking-choice.ts';
import { alone } from './crew.ts';
import { createRarities } from './frequencies.ts';
import { FrequencyCount } from './frequency-count.ts';
import { prepareRecords, type Schema } from './index.ts';
import { createPace } from './pace.ts';
import { comparePairs, drawPairs } from './pair-sample.ts';
import { createRandom } from './random.ts';
import { SharingRows } from './sharing-pairs.ts';

const schema: Schema = {
  entityKind: 'person',
  columns: [
    { name: 'first', kind: 'givenName' },
    { name: 'last', kind: 'familyName' },
    { name: 'email', kind: 'email' },
    { name: 'company', kind: 'organisation' },
  ],
};

async function tableOf(rows: readonly Record<string, string>[]) {
  const records = rows.map((fields, at) => ({ id: String(at).padStart(6, '0'), source: 'crm', fields }));
  const table = await prepareRecords(records, schema);
  const frequencies = new FrequencyCount(table.plan, table.store).byRecord();
  table.store.reprice(createRarities(frequencies));
  return { ...table, frequencies };
}

test('of a small table every pair that shares a value is told, once, and no other pair', async () => {
  const row = fc.record({
    email: fc.constantFrom('', 'ann@lee.org', 'bo@lee.org', 'cy@hill.com'),
    company: fc.constantFrom('', 'Northwind', 'Quelmar'),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(row, { minLength: 2, maxLength: 30 }), async (rows) => {
      const { store } = await tableOf(rows);
      const sharing = new SharingRows(store, createRandom(1));
      const told: string[] = [];
      const share = sharing.eachPair(createRandom(2), 60_000, (x, y) =>
        told.push([x, y].sort((a, b) => a - b).join('-')),
      );
      const expected: string[] = [];
      rows.forEach((left, x) => {
        rows.forEach((right, y) => {
          const isShared = (name: 'email' | 'company'): boolean => left[name] !== '' && left[name] === right[name];
          if (x < y && (isShared('email') || isShared('company'))) expected.push(`${x}-${y}`);
        });
      });
      expect(share).toBe(1);
      expect(told.sort()).toEqual(expected.sort());
    }),
    { numRuns: 40 },
  );
});

describe('pairs drawn from a table', () => {
  const random = createRandom(7);
  const words = 'bar bel cor dan fel gar hol kin lor mar nor pel quin ros sten tal ver wex yar zan'.split(' ');
  const word = (): string => `${words[random.below(20)]}${words[random.below(20)]}${words[random.below(20)]}`;
  const rows = Array.from({ length: 3_000 }, (_, at) => ({
    first: word(),
    last: word(),
    email: `${word()}${at}@gmail.com`,
    company: `${words[at % 4]}tal Industries`,
  }));

  test('stand for all its pairs, and those with a common employer for as many as have it', async () => {
    const { store, plan, frequencies } = await tableOf(rows);
    const pace = createPace({});
    const { blocking, index } = await chooseBlocking(store, { frequencies, crew: alone, pace });
    const total = (rows.length * (rows.length - 1)) / 2;
    const strata = [{ source: null, records: rows.length, pairs: total }];
    const drawn = await drawPairs(store, index, {
      largestBlock: blocking.largestBlock,
      strata,
      seeds: null,
      amounts: { candidates: 300_000, sharing: 60_000, chance: 80_000 },
      crew: alone,
      random: createRandom(1),
      pace,
    });
    const sample = await comparePairs(store, drawn, { strata, most: 300_000, crew: alone, pace });
    const employer = plan.features.findIndex(({ kind }) => kind === 'organisation');
    let all = 0;
    let ofOneEmployer = 0;
    sample.weights.forEach((weight, pair) => {
      all += weight;
      if (sample.levels[pair * sample.features + employer] === 0) ofOneEmployer += weight;
    });
    expect(all / total).toBeCloseTo(1, 6);
    const colleagues = 4 * ((750 * 749) / 2);
    expect(ofOneEmployer / colleagues).toBeGreaterThan(0.97);
    expect(ofOneEmployer / colleagues).toBeLessThan(1.03);
  });
});
