import { expect, test } from '@jest/globals';
import { readFingerprint } from './object-schema.ts';

test('a fingerprint changes with the fields, their kinds and the projection, and with nothing else', () => {
  const name = { name: 'Name', kind: 'text', vendorType: 'string' } as const;
  const amount = { name: 'Amount', kind: 'decimal', vendorType: 'currency' } as const;
  const base = readFingerprint({ object: 'X', fields: [name, amount] }, { name: 'Name' });
  expect(readFingerprint({ object: 'X', fields: [name, { ...amount, vendorType: 'double' }] }, { name: 'Name' })).toBe(
    base,
  );
  expect(readFingerprint({ object: 'X', fields: [name] }, { name: 'Name' })).not.toBe(base);
  expect(readFingerprint({ object: 'X', fields: [name, { ...amount, kind: 'text' }] }, { name: 'Name' })).not.toBe(
    base,
  );
  expect(readFingerprint({ object: 'X', fields: [name, amount] }, { name: 'Label' })).not.toBe(base);
});
