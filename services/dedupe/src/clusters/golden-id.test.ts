import { describe, expect, test } from '@jest/globals';
import { goldenId, isGoldenId } from './golden-id.ts';

describe('golden IDs', () => {
  test('the same founder gives the same id in every deployment', () => {
    expect(goldenId('default', 'sf:00D1:Contact:0031')).toBe(goldenId('default', 'sf:00D1:Contact:0031'));
  });

  test('tenants, founders and generations never share an id', () => {
    const ids = [
      goldenId('default', 'sf:00D1:Contact:0031'),
      goldenId('other', 'sf:00D1:Contact:0031'),
      goldenId('default', 'sf:00D1:Contact:0032'),
      goldenId('default', 'sf:00D1:Contact:0031', 2),
    ];
    expect(new Set(ids).size).toBe(ids.length);
  });

  test('every id is a UUID of version 5, and a record reference is not taken for one', () => {
    expect(isGoldenId(goldenId('default', 'hs:1:contacts:7'))).toBe(true);
    expect(isGoldenId('hs:1:contacts:7')).toBe(false);
  });
});
