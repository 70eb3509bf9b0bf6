import { describe, expect, test } from '@jest/globals';
import type { MatchModel } from '@kempt/entity-resolution';
import fc from 'fast-check';
import { clusterDrift, levelShifts, type ModelComparison, objections, scoreOnVerdicts } from './model-comparison.ts';

const limits = { clustersChangedMax: 0.1 };

function comparison(parts: Partial<ModelComparison> = {}): ModelComparison {
  const score = { verdicts: 100, agreement: 0.95, logLoss: 0.2 };
  return {
    comparedWith: 'v1',
    comparedAt: '2024-01-01T00:00:00.000Z',
    verdicts: { deciding: score, candidate: score },
    clusters: { clusters: 1000, changed: 10, share: 0.01 },
    levels: [],
    ...parts,
  };
}

function modelOf(levels: readonly { readonly label: string; readonly m: number; readonly u: number }[]): MatchModel {
  return { features: [{ name: 'email', levels }] } as unknown as MatchModel;
}

describe('a model on verdicts', () => {
  test('is scored by what it decides alike and by what it gives to what people said', () => {
    const score = scoreOnVerdicts([
      { isSame: true, probability: 0.9, joins: true },
      { isSame: false, probability: 0.2, joins: false },
      { isSame: true, probability: 0.8, joins: false },
    ]);
    expect(score.verdicts).toBe(3);
    expect(score.agreement).toBeCloseTo(2 / 3, 12);
    expect(score.logLoss).toBeCloseTo(-(Math.log(0.9) + Math.log(0.8) + Math.log(0.8)) / 3, 12);
  });

  test('has no score without verdicts, and a finite one however sure and wrong it is', () => {
    expect(scoreOnVerdicts([])).toEqual({ verdicts: 0, agreement: null, logLoss: null });
    expect(scoreOnVerdicts([{ isSame: true, probability: 0, joins: false }]).logLoss).toBeCloseTo(13.8155, 3);
  });
});

describe('drift', () => {
  test('of levels is nothing between equal models, grows with the shift, and is unknown for other levels', () => {
    const one = modelOf([
      { label: 'equal', m: 0.8, u: 0.01 },
      { label: 'different', m: 0.2, u: 0.99 },
    ]);
    const other = modelOf([
      { label: 'equal', m: 0.5, u: 0.01 },
      { label: 'different', m: 0.5, u: 0.99 },
    ]);
    expect(levelShifts(one, one)).toEqual([{ column: 'email', matches: 0, others: 0 }]);
    // 0.3 ln(1.6) + 0.3 ln(2.5)
    expect(levelShifts(one, other)[0]?.matches).toBeCloseTo(0.41589, 4);
    expect(levelShifts(one, modelOf([{ label: 'alike', m: 1, u: 1 }]))[0]).toMatchObject({ matches: null });
  });

  test('of clusters counts those that would not have the same records any more', () => {
    const before = new Map([
      ['a', '1'],
      ['b', '1'],
      ['c', '2'],
      ['d', '3'],
      ['e', '4'],
    ]);
    const same = [['a', 'b'], ['c'], ['d'], ['e']];
    expect(clusterDrift(before, same)).toEqual({ clusters: 4, changed: 0, share: 0 });
    // Two clusters become one: both change. One splits: it changes.
    expect(clusterDrift(before, [['a', 'b'], ['c', 'd'], ['e']]).changed).toBe(2);
    expect(clusterDrift(before, [['a'], ['b'], ['c'], ['d'], ['e']]).changed).toBe(1);
    expect(clusterDrift(new Map(), [['a']])).toEqual({ clusters: 0, changed: 0, share: 0 });
  });

  test('of clusters is the same for the two directions when no cluster grows or shrinks in number', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(5), fc.nat(5)), { minLength: 1, maxLength: 12 }), (places) => {
        const partition = (side: 0 | 1) =>
          [...Map.groupBy(places.keys(), (index) => places[index]?.[side]).values()].map((group) => group.map(String));
        const clusterOf = (groups: string[][]) =>
          new Map(groups.flatMap((group, index) => group.map((ref) => [ref, String(index)] as const)));
        const [left, right] = [partition(0), partition(1)];
        const unchanged = (drift: { clusters: number; changed: number }) => drift.clusters - drift.changed;
        expect(unchanged(clusterDrift(clusterOf(left), right))).toBe(unchanged(clusterDrift(clusterOf(right), left)));
      }),
    );
  });
});

describe('objections to a promotion', () => {
  test('there are none when the model is at least as good and changes little', () => {
    expect(objections(comparison(), limits)).toEqual([]);
    const none = { verdicts: 0, agreement: null, logLoss: null };
    expect(objections(comparison({ verdicts: { deciding: none, candidate: none } }), limits)).toEqual([]);
  });

  test('name each measure by which it is worse', () => {
    expect(objections(undefined, limits)).toHaveLength(1);
    const deciding = { verdicts: 100, agreement: 0.95, logLoss: 0.2 };
    const candidate = { verdicts: 100, agreement: 0.94, logLoss: 0.25 };
    const clusters = { clusters: 1000, changed: 200, share: 0.2 };
    const found = objections(comparison({ verdicts: { deciding, candidate }, clusters }), limits);
    expect(found).toHaveLength(3);
    expect(found.join(' ')).toContain('94.0 %');
    expect(found.join(' ')).toContain('0.250 nats');
    expect(found.join(' ')).toContain('200 of 1000 clusters');
  });
});
