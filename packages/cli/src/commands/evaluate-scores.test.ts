import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  bCubedScores,
  clusterPairScores,
  entitiesOf,
  type Partition,
  pairwiseScores,
  type RecordPair,
  type Scores,
} from './evaluate-scores.ts';

const seed = { seed: 11, numRuns: 150 };
const perfect = { precision: 1, recall: 1, f1: 1 };

/** Entities of 1 to 40 records. */
const truths = fc
  .array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 40 })
  .map((entities): [string, string][] => entities.map((entity, at) => [`r${at}`, `e${entity}`]));

function truePairs(truth: Partition): RecordPair[] {
  const records = [...truth];
  return records.flatMap(([a, left], at) =>
    records.slice(at + 1).flatMap(([b, right]): RecordPair[] => (left === right ? [[a, b]] : [])),
  );
}

const measures: readonly (readonly [string, (found: Partition, truth: Partition) => Scores])[] = [
  ['pairwise', (found, truth) => pairwiseScores(found, truePairs(truth))],
  ['cluster-pair', clusterPairScores],
  ['B-cubed', bCubedScores],
];

describe.each(measures)('%s', (_, score) => {
  test('the truth itself scores 1, whatever its clusters are called', () => {
    fc.assert(
      fc.property(truths, (rows) => {
        const truth = new Map(rows);
        const found = new Map(rows.map(([record, entity]) => [record, `cluster of ${entity}`]));
        expect(score(found, truth)).toEqual(perfect);
      }),
      seed,
    );
  });

  test('the order of rows does not matter', () => {
    fc.assert(
      fc.property(
        truths.chain((rows) =>
          fc.record({
            rows: fc.constant(rows),
            found: fc.array(fc.integer({ min: 0, max: 9 }), { minLength: rows.length, maxLength: rows.length }),
            shuffled: fc.shuffledSubarray(rows, { minLength: rows.length }),
          }),
        ),
        ({ rows, found, shuffled }) => {
          const clusters = rows.map(([record], at): [string, string] => [record, String(found[at])]);
          expect(score(new Map(clusters.toReversed()), new Map(shuffled))).toEqual(
            score(new Map(clusters), new Map(rows)),
          );
        },
      ),
      seed,
    );
  });

  test('merging two true clusters lowers precision only', () => {
    fc.assert(
      fc.property(truths, (rows) => {
        const entities = [...new Set(rows.map(([, entity]) => entity))];
        fc.pre(entities.length > 1);
        const [kept, merged] = entities;
        const found = new Map(rows.map(([record, entity]) => [record, entity === merged ? (kept as string) : entity]));
        const { precision, recall } = score(found, new Map(rows));
        expect(recall).toBe(1);
        expect(precision).toBeLessThan(1);
      }),
      seed,
    );
  });

  test('splitting a true cluster lowers recall only', () => {
    fc.assert(
      fc.property(truths, (rows) => {
        const found = new Map([['r0', 'alone'], ...rows.slice(1)] as [string, string][]);
        const truth = new Map(rows);
        fc.pre(rows.slice(1).some(([, entity]) => entity === truth.get('r0')));
        const { precision, recall } = score(found, truth);
        expect(precision).toBe(1);
        expect(recall).toBeLessThan(1);
      }),
      seed,
    );
  });
});

test('scores agree with a reckoning by hand', () => {
  // Entities {a b c} {d e}, clusters {a b} {c d e}.
  const truth = new Map(Object.entries({ a: '1', b: '1', c: '1', d: '2', e: '2' }));
  const found = new Map(Object.entries({ a: 'x', b: 'x', c: 'y', d: 'y', e: 'y' }));
  expect(clusterPairScores(found, truth)).toEqual({ precision: 0.5, recall: 0.5, f1: 0.5 });
  const cubed = bCubedScores(found, truth);
  expect(cubed.precision).toBeCloseTo((1 + 1 + 1 / 3 + 2 / 3 + 2 / 3) / 5, 12);
  expect(cubed.recall).toBeCloseTo((2 / 3 + 2 / 3 + 1 / 3 + 1 + 1) / 5, 12);
});

test('a list of pairs is taken by its letter pairwise, and with what follows from it cluster-pair', () => {
  const found = new Map(Object.entries({ a: 'x', b: 'x', c: 'x', d: 'y' }));
  const listed: RecordPair[] = [
    ['a', 'b'],
    ['c', 'b'],
    ['b', 'a'],
  ];
  expect(pairwiseScores(found, listed)).toMatchObject({ precision: 2 / 3, recall: 1 });
  expect(clusterPairScores(found, entitiesOf(found.keys(), listed))).toEqual(perfect);
});

test('a record that was not clustered counts as left alone', () => {
  const truth = new Map(Object.entries({ a: '1', b: '1', c: '1' }));
  const found = new Map(Object.entries({ a: 'x', b: 'x' }));
  expect(clusterPairScores(found, truth)).toMatchObject({ precision: 1, recall: 1 / 3 });
});
