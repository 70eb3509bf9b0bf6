import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { formatRecordId, normaliseRecordId, recordSerial } from './record-id.ts';

describe('record id', () => {
  test('has the checksum that makes the well-known sample id safe to compare', () => {
    expect(normaliseRecordId('001A0000006Vm9u')).toBe('001A0000006Vm9uIAC');
  });

  test('ids sort as their serial numbers do, and give them back', () => {
    fc.assert(
      fc.property(fc.nat({ max: 2 ** 40 }), fc.nat({ max: 2 ** 40 }), (left, right) => {
        const [a, b] = [formatRecordId('003', left), formatRecordId('003', right)];
        expect(recordSerial(a)).toBe(left);
        expect(a < b).toBe(left < right);
        expect(normaliseRecordId(a.slice(0, 15))).toBe(a);
      }),
    );
  });

  test('ids of the wrong length, with foreign characters or a wrong checksum are malformed', () => {
    for (const id of ['', '003', '003Kp0000000001!', '003Kp0000000001AAAA', '003Kp0000000001ZZZ']) {
      expect(normaliseRecordId(id)).toBeNull();
    }
  });
});
