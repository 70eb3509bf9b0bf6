import { describe, expect, test } from '@jest/globals';
import { createGroundTruth, dataSetOf } from './truth.ts';

const truth = createGroundTruth();

/** Pairs of records that show the same entity, of one data set. */
function truePairs(records: ReadonlyMap<string, string>, set: string): number {
  const sizes = Map.groupBy(
    [...records.values()].filter((entity) => dataSetOf(entity) === set),
    (entity) => entity,
  );
  return [...sizes.values()].reduce((sum, { length }) => sum + (length * (length - 1)) / 2, 0);
}

describe('ground truth', () => {
  test('knows every live record of both CRMs by its reference', () => {
    expect(
      [...truth.persons.keys()].every((record) =>
        /^(?:sf:00D\w{15}:Contact:003\w{15}|hs:\d+:contacts:\d+)$/.test(record),
      ),
    ).toBe(true);
    expect(
      [...truth.organisations.keys()].every((record) =>
        /^(?:sf:00D\w{15}:Account:001\w{15}|hs:\d+:companies:\d+)$/.test(record),
      ),
    ).toBe(true);
    expect(truth.persons.size).toBe(20_000 + 3147);
    expect(truth.organisations.size).toBe(5000 + 4213);
    expect(truth.deals.size).toBe(6000);
  });

  test.each([
    ['febrl_dataset1', 'persons', 500],
    ['splink_fake_1000', 'persons', 2031],
    ['dqbench_tier1', 'persons', 100],
    ['dedupe_csv_example', 'organisations', 6608],
    ['fodors_zagats', 'organisations', 112],
  ] as const)('%s keeps its published number of true pairs', (set, kind, pairs) => {
    expect(truePairs(truth[kind], set)).toBe(pairs);
  });

  test('senzing_truthset keeps its 108 pairs, persons and organisations together', () => {
    expect(truePairs(truth.persons, 'senzing_truthset') + truePairs(truth.organisations, 'senzing_truthset')).toBe(108);
  });

  test('look-alikes of one group are different entities', () => {
    expect(truth.traps.length).toBeGreaterThan(200);
    const all = new Map([...truth.persons, ...truth.organisations]);
    for (const { entities } of truth.traps) {
      const shown = entities.flatMap((records) => [...new Set(records.map((record) => all.get(record)))]);
      expect(new Set(shown).size).toBe(shown.length);
    }
  });
});
