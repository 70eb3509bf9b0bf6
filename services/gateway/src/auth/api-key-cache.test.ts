import { describe, expect, test } from '@jest/globals';
import type { StoredApiKey } from './api-key.ts';
import { type ApiKeyCache, createApiKeyCache } from './api-key-cache.ts';

const key = { tenantId: 'acme', id: 'k1' } as StoredApiKey;

interface Setup {
  readonly cache: ApiKeyCache;
  loads: number;
  nowMs: number;
  error: Error | undefined;
  found: readonly StoredApiKey[];
}

function setUp(maxEntries = 3): Setup {
  const setup = { loads: 0, nowMs: 0, error: undefined, found: [key] } as unknown as Setup;
  const cache = createApiKeyCache({
    load: async () => {
      setup.loads += 1;
      if (setup.error !== undefined) throw setup.error;
      return setup.found;
    },
    freshMs: 1_000,
    staleMs: 10_000,
    maxEntries,
    now: () => setup.nowMs,
  });
  return Object.assign(setup, { cache });
}

const away = Object.assign(new Error('away'), { retriable: true });

describe('cache of API keys', () => {
  test('asks once for as long as an answer is fresh, and once for all who ask at the same time', async () => {
    const setup = setUp();
    await Promise.all([setup.cache.find('k1'), setup.cache.find('k1')]);
    setup.nowMs = 999;
    expect(await setup.cache.find('k1')).toEqual([key]);
    expect(setup.loads).toBe(1);
    setup.nowMs = 1_000;
    await setup.cache.find('k1');
    expect(setup.loads).toBe(2);
  });

  test('a revocation here is noticed at once', async () => {
    const setup = setUp();
    await setup.cache.find('k1');
    setup.cache.forget('k1');
    await setup.cache.find('k1');
    expect(setup.loads).toBe(2);
  });

  test('while the database is away known keys stay good for a while, and no longer', async () => {
    const setup = setUp();
    await setup.cache.find('k1');
    setup.error = away;
    setup.nowMs = 9_999;
    expect(await setup.cache.find('k1')).toEqual([key]);
    setup.nowMs = 10_000;
    await expect(setup.cache.find('k1')).rejects.toBe(away);
    await expect(setup.cache.find('other')).rejects.toBe(away);
  });

  test('a defect is not covered up by an old answer', async () => {
    const setup = setUp();
    await setup.cache.find('k1');
    setup.error = new Error('defect');
    setup.nowMs = 2_000;
    await expect(setup.cache.find('k1')).rejects.toThrow('defect');
  });

  test('unknown ids take no place, known ones a bounded number', async () => {
    const setup = setUp(2);
    setup.found = [];
    await setup.cache.find('unknown');
    await setup.cache.find('unknown');
    expect(setup.loads).toBe(2);
    setup.found = [key];
    for (const id of ['a', 'b', 'c']) await setup.cache.find(id);
    expect(setup.loads).toBe(5);
    await setup.cache.find('c');
    expect(setup.loads).toBe(5);
    await setup.cache.find('a');
    expect(setup.loads).toBe(6);
  });
});
