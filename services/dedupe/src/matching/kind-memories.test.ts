import { expect, test } from '@jest/globals';
import { createKindMemories } from './kind-memories.ts';
import type { KindMark } from './kind-memory.ts';

const mark: KindMark = { no: 0, mark: 'first' };
const page = Buffer.alloc(80);

test('all memories together stay bounded, and what was not asked for longest is forgotten first', () => {
  // Room for fifty pages.
  const memories = createKindMemories(10);
  const fill = (tenantId: string): void => {
    const loan = memories.of(tenantId, 'person').lend(mark, []);
    for (let number = 0; number < 24; number += 1) loan.keepPage(number, page);
  };
  const blocks = (): number[] => ['a', 'b', 'c'].map((tenantId) => memories.of(tenantId, 'person').blocks);
  fill('a');
  fill('b');
  expect(memories.areFull()).toBe(false);
  fill('a');
  fill('c');
  expect(memories.areFull()).toBe(true);
  memories.of('c', 'person');
  expect(blocks()).toEqual([24, 0, 24]);
});

test('a memory that was released is used again, and what it says is right', () => {
  const memories = createKindMemories(10);
  const loan = memories.of('a', 'person').lend(mark, []);
  loan.keepPage(1, page);
  memories.of('a', 'person').release();
  expect(loan.page(1)).toBeUndefined();
  loan.changePage(2, page);
  const left = loan.leave();
  expect(memories.of('a', 'person').lend(left, []).page(2)).toEqual(page);
});
