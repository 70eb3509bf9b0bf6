import { expect, test } from '@jest/globals';
import type { Principal } from '@kempt/service-runtime';
import { createTokenCache } from './token-cache.ts';

const principal: Principal = { tenantId: 'acme', subject: 'api-key:k1', scopes: new Set(['records:read']) };

test('one token serves a principal for a while, and no other one', async () => {
  let signed = 0;
  let nowMs = 0;
  const token = createTokenCache({
    sign: async () => `token ${++signed}`,
    reuseMs: 1_000,
    maxEntries: 2,
    now: () => nowMs,
  });
  expect(await token(principal)).toBe('token 1');
  nowMs = 999;
  expect(await token({ ...principal, scopes: new Set(['records:read']) })).toBe('token 1');
  expect(await token({ ...principal, tenantId: 'other' })).toBe('token 2');
  expect(await token({ ...principal, scopes: new Set() })).toBe('token 3');
  expect(await token({ ...principal, subject: 'api-key:k2' })).toBe('token 4');
  nowMs = 1_000;
  expect(await token(principal)).toBe('token 5');
});

test('a signature that failed is not kept', async () => {
  let signed = 0;
  const token = createTokenCache({
    sign: async () => {
      signed += 1;
      if (signed === 1) throw new Error('failed');
      return 'token';
    },
    now: () => 0,
  });
  await expect(token(principal)).rejects.toThrow('failed');
  expect(await token(principal)).toBe('token');
});
