import { describe, expect, test } from '@jest/globals';
import { generateApiKey, hashApiKey, isSameHash, parseApiKey } from './api-key.ts';

describe('API keys', () => {
  test('a new key has the documented form and never comes twice', () => {
    const keys = Array.from({ length: 50 }, () => generateApiKey('live'));
    for (const { key, id } of keys) expect(parseApiKey(key)).toEqual({ environment: 'live', id });
    expect(new Set(keys.map(({ key }) => key)).size).toBe(50);
    expect(new Set(keys.map(({ id }) => id)).size).toBe(50);
  });

  test.each([
    '',
    'kempt_live_0123',
    'kempt_live_0123_short',
    `other_live_0123_${'a'.repeat(43)}`,
    `kempt_LIVE_0123_${'a'.repeat(43)}`,
    `kempt_live_01;23_${'a'.repeat(43)}`,
    `kempt_live_0123_${'a'.repeat(500)}`,
    ` kempt_live_0123_${'a'.repeat(43)}`,
  ])('is none: %j', (text) => {
    expect(parseApiKey(text)).toBeUndefined();
  });

  test('the hash covers the whole key', () => {
    const { key } = generateApiKey('live');
    expect(isSameHash(hashApiKey(key), hashApiKey(key))).toBe(true);
    expect(isSameHash(hashApiKey(key), hashApiKey(`${key.slice(0, -1)}~`))).toBe(false);
    expect(isSameHash(hashApiKey(key), new Uint8Array(3))).toBe(false);
  });
});
