import { expect, test } from '@jest/globals';
import { digestKey, hashKey } from './key-hash.ts';

test('a key has the same number in every release', () => {
  expect(['', 'a', 'default:sf:00D:Contact:003', 'größe', '😀'].map(hashKey)).toEqual([
    725515275, 444641715, 284662114, 390905439, 1787143206,
  ]);
});

test('keys that follow each other spread evenly over lanes', () => {
  const lanes = Array.from({ length: 8 }, () => 0);
  for (let index = 0; index < 8_000; index += 1) {
    const lane = hashKey(`default:sf:00D:Contact:${index}`) % 8;
    lanes[lane] = (lanes[lane] ?? 0) + 1;
  }
  for (const count of lanes) expect(Math.abs(count - 1_000)).toBeLessThan(150);
});

test('a digest has 16 bytes and tells keys apart', () => {
  expect(digestKey('a')).toHaveLength(16);
  expect(digestKey('a')).toEqual(digestKey('a'));
  expect(digestKey('a')).not.toEqual(digestKey('b'));
});
