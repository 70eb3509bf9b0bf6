import { expect, test } from '@jest/globals';
import { readAhead } from './read-ahead.ts';

const pages = (count: number, reads: (number | null)[]) => (position: number | null) => {
  reads.push(position);
  const number = position ?? 0;
  return Promise.resolve({ number, next: number + 1 < count ? number + 1 : null });
};

test('pages come in order, each read while the one before is worked on', async () => {
  const reads: (number | null)[] = [];
  const seen: number[] = [];
  for await (const { number } of readAhead(null, pages(4, reads))) {
    seen.push(number);
    expect(reads.length).toBe(Math.min(4, number + 2));
  }
  expect(seen).toEqual([0, 1, 2, 3]);
  expect(reads).toEqual([null, 1, 2, 3]);
});

test('a page that cannot be read throws when its turn comes, not before', async () => {
  const seen: number[] = [];
  const read = (position: number | null) =>
    position === 1 ? Promise.reject(new Error('page 1')) : Promise.resolve({ next: 1 });
  const all = async () => {
    for await (const _ of readAhead<number, { next: number }>(null, read)) seen.push(1);
  };
  await expect(all()).rejects.toThrow('page 1');
  expect(seen).toHaveLength(1);
});

test('ending early leaves no rejection behind', async () => {
  const read = (position: number | null) =>
    position === null ? Promise.resolve({ next: 1 }) : Promise.reject(new Error('late'));
  for await (const _ of readAhead<number, { next: number }>(null, read)) break;
  await new Promise((resolve) => setImmediate(resolve));
});
