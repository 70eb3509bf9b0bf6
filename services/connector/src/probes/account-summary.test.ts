import { expect, test } from '@jest/globals';
import { summariseAccounts } from './account-summary.ts';

const status = {
  account: 'sf:1',
  system: 'salesforce',
  outcome: 'up',
  callsRemaining: 750,
  callsAllowed: 1_000,
} as const;

test('accounts are counted by outcome, and the one with least left is the ratio', () => {
  const other = { ...status, account: 'sf:2', outcome: 'down', callsRemaining: 100 } as const;
  expect(summariseAccounts([status, other])).toEqual([
    {
      system: 'salesforce',
      accounts: { up: 1, down: 1, refused: 0 },
      calls: { used: 1_150, allowed: 2_000, lowestRemainingRatio: 0.1 },
    },
  ]);
});

test('an account that several tenants read counts once, as it was probed last', () => {
  const [summary] = summariseAccounts([{ ...status, outcome: 'down' }, status]);
  expect(summary?.accounts).toEqual({ up: 1, down: 0, refused: 0 });
  expect(summary?.calls?.allowed).toBe(1_000);
});

test('calls are told only by accounts that know their allowance', () => {
  const silent = { ...status, account: 'sf:2', callsRemaining: null, callsAllowed: null };
  expect(summariseAccounts([silent])[0]?.calls).toBeNull();
  expect(summariseAccounts([status, silent])[0]?.calls).toEqual({
    used: 250,
    allowed: 1_000,
    lowestRemainingRatio: 0.75,
  });
});

test('an account that used more than it was allowed has nothing left, not less', () => {
  expect(summariseAccounts([{ ...status, callsRemaining: -5 }])[0]?.calls?.lowestRemainingRatio).toBe(0);
});
