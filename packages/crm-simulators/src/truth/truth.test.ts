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

  test('knows where the links of the native sync lead: mostly to the same entity, some astray or to nothing', () => {
    const all = new Map([...truth.persons, ...truth.organisations]);
    const counts = { same: 0, other: 0, gone: 0 };
    const holders = new Map<string, number>();
    for (const [record, { to, kind }] of truth.nativeSyncLinks) {
      counts[kind] += 1;
      if (kind === 'gone') expect(all.has(to)).toBe(false);
      else expect(all.get(record) === all.get(to)).toBe(kind === 'same');
      expect(dataSetOf(all.get(record) as string)).toBe('synthetic');
      if (kind !== 'gone') holders.set(to, (holders.get(to) ?? 0) + 1);
    }
    const inBoth = (kind: ReadonlyMap<string, string>): number => {
      const inSalesforce = new Set([...kind].flatMap(([record, entity]) => (record.startsWith('sf:') ? [entity] : [])));
      return [...kind].filter(
        ([record, entity]) => record.startsWith('hs:') && dataSetOf(entity) === 'synthetic' && inSalesforce.has(entity),
      ).length;
    };
    const share = (counts.same + counts.other) / (inBoth(truth.persons) + inBoth(truth.organisations));
    expect(share).toBeGreaterThan(0.32);
    expect(share).toBeLessThan(0.38);
    expect(counts.other / truth.nativeSyncLinks.size).toBeGreaterThan(0.008);
    expect(counts.other / truth.nativeSyncLinks.size).toBeLessThan(0.022);
    expect(counts.gone).toBeGreaterThan(80);
    expect([...holders.values()].filter((count) => count > 1).length).toBeGreaterThan(50);
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
