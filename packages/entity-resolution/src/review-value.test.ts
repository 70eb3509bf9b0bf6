import { describe, expect, test } from '@jest/globals';
import { chooseForReview, type ReviewCandidate, reviewValue } from './review-value.ts';

const pair = (weight: number, left: [string, number], right: [string, number]): ReviewCandidate => ({
  weight,
  left: { cluster: left[0], size: left[1] },
  right: { cluster: right[0], size: right[1] },
});

describe('the value of a verdict', () => {
  test('is 1 for two lone records at the threshold and halves with each bit away from it, on either side', () => {
    expect(reviewValue(pair(1, ['a', 1], ['b', 1]), 1)).toBe(1);
    expect(reviewValue(pair(3, ['a', 1], ['b', 1]), 1)).toBe(0.25);
    expect(reviewValue(pair(-1, ['a', 1], ['b', 1]), 1)).toBe(0.25);
  });

  test('grows with the pairs that it decides besides', () => {
    expect(reviewValue(pair(1, ['a', 4], ['b', 2]), 1)).toBe(4);
    expect(reviewValue(pair(1, ['a', 3], ['a', 3]), 1)).toBe(2);
  });
});

describe('choosing pairs for review', () => {
  test('asks each question once before it asks one again', () => {
    const twice = [pair(1, ['a', 3], ['b', 3]), pair(1.1, ['b', 3], ['a', 3]), pair(4, ['c', 1], ['d', 1])];
    expect(chooseForReview(twice, { threshold: 1, limit: 2 })).toEqual([twice[0], twice[2]]);
    expect(chooseForReview(twice, { threshold: 1, limit: 9 })).toEqual([twice[0], twice[2], twice[1]]);
  });

  test('keeps the order of equals, and gives no more than asked for', () => {
    const equals = ['a', 'b', 'c'].map((name) => pair(2, [name, 1], [`${name}2`, 1]));
    expect(chooseForReview(equals, { threshold: 1, limit: 2 })).toEqual(equals.slice(0, 2));
    expect(chooseForReview(equals, { threshold: 1, limit: 0 })).toEqual([]);
  });
});
