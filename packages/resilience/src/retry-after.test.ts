import { expect, test } from '@jest/globals';
import { retryAfterMsOf } from './retry-after.ts';

test('reads seconds and HTTP dates, and nothing else', () => {
  const now = Date.parse('2026-01-01T00:00:00Z');
  expect(retryAfterMsOf('120', now)).toBe(120_000);
  expect(retryAfterMsOf(' 0 ', now)).toBe(0);
  expect(retryAfterMsOf('Thu, 01 Jan 2026 00:00:30 GMT', now)).toBe(30_000);
  expect(retryAfterMsOf('Wed, 31 Dec 2025 00:00:00 GMT', now)).toBe(0);
  expect(retryAfterMsOf('soon', now)).toBeUndefined();
  expect(retryAfterMsOf('', now)).toBeUndefined();
  expect(retryAfterMsOf(null, now)).toBeUndefined();
});
