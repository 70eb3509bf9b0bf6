import { describe, expect, test } from '@jest/globals';
import { scoreLinks, scorePairs } from './pair-score.ts';

const entityOf = new Map([
  ['a1', 'a'],
  ['a2', 'a'],
  ['a3', 'a'],
  ['b1', 'b'],
  ['b2', 'b'],
  ['c1', 'c'],
]);

describe('pair score', () => {
  test('counts pairs that are right, missing and wrong', () => {
    const score = scorePairs([['a1', 'a2', 'b1']], entityOf);
    expect(score).toMatchObject({ truePairs: 4, foundPairs: 3, rightPairs: 1 });
    expect(score.precision).toBeCloseTo(1 / 3);
    expect(score.recall).toBeCloseTo(1 / 4);
  });

  test('the truth itself scores 1 and 1', () => {
    const score = scorePairs([['a1', 'a2', 'a3'], ['b1', 'b2'], ['c1']], entityOf);
    expect(score).toMatchObject({ precision: 1, recall: 1 });
  });

  test('one giant cluster has full recall and little precision', () => {
    const score = scorePairs([[...entityOf.keys()]], entityOf);
    expect(score.recall).toBe(1);
    expect(score.precision).toBeCloseTo(4 / 15);
  });

  test('records that the truth does not know change nothing', () => {
    expect(scorePairs([['a1', 'a2', 'x']], entityOf)).toEqual(scorePairs([['a1', 'a2']], entityOf));
  });
});

test('a link that leads astray and was followed costs precision, one to the same that was not costs recall', () => {
  const links = [
    ['hs:1', 'sf:1', true],
    ['hs:2', 'sf:2', true],
    ['hs:3', 'sf:1', false],
    ['hs:4', 'sf:2', false],
  ] as const;
  const clusters = [['hs:1', 'sf:1', 'hs:3'], ['hs:2'], ['sf:2'], ['hs:4']];
  expect(scoreLinks(clusters, links)).toEqual({
    truePairs: 2,
    foundPairs: 2,
    rightPairs: 1,
    precision: 0.5,
    recall: 0.5,
  });
});
