import { describe, expect, test } from '@jest/globals';
import { chooseFairly } from './fair-choice.ts';
import type { SyncTarget } from './sync-target.ts';

const target = (name: string): SyncTarget => {
  const [tenantId = '', account = '', object = ''] = name.split(' ');
  return { tenantId, account, object };
};
const names = (targets: readonly SyncTarget[]) =>
  targets.map(({ tenantId, account, object }) => `${tenantId} ${account} ${object}`);

describe('choosing what to read', () => {
  test('an account with much to read does not keep another waiting', () => {
    const due = ['t big a', 't big b', 't big c', 't small a'].map(target);
    expect(names(chooseFairly(due, [], { total: 2, perAccount: 9 }))).toEqual(['t big a', 't small a']);
  });

  test('accounts that are being read already come after those that are not', () => {
    const due = ['t big c', 't small a'].map(target);
    const running = ['t big a', 't big b'].map(target);
    expect(names(chooseFairly(due, running, { total: 3, perAccount: 9 }))).toEqual(['t small a']);
  });

  test('the same account of two tenants is two accounts', () => {
    const due = ['t x a', 'u x a'].map(target);
    expect(chooseFairly(due, [], { total: 9, perAccount: 1 })).toHaveLength(2);
  });

  test('no limit is crossed and nothing waits while there is room', () => {
    const due = ['t x a', 't x b', 't x c', 't y a'].map(target);
    expect(names(chooseFairly(due, ['t y b'].map(target), { total: 4, perAccount: 2 }))).toEqual([
      't x a',
      't y a',
      't x b',
    ]);
    expect(chooseFairly(due, due, { total: 4, perAccount: 9 })).toEqual([]);
    expect(chooseFairly([], [], { total: 4, perAccount: 2 })).toEqual([]);
  });
});
