import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { decimalText } from './decimal-text.ts';

describe('decimal text', () => {
  test.each([
    ['12', '12'],
    ['-0.50', '-0.50'],
    ['1.2E7', '12000000'],
    ['1e3', '1000'],
    ['12.5e-3', '0.0125'],
    ['-1E-7', '-0.0000001'],
    ['123456789012345678.99', '123456789012345678.99'],
    ['1.50e1', '15'],
  ])('%s is %s', (given, expected) => {
    expect(decimalText(given)).toBe(expected);
  });

  test.each(['', 'abc', '1.', '.5', '1,000', '0x10', 'NaN', 'Infinity', '1e9999'])('%s is no number', (given) => {
    expect(decimalText(given)).toBeUndefined();
  });

  test('keeps the value of every number that JSON can write', () => {
    const finite = fc.double({ noNaN: true, noDefaultInfinity: true });
    fc.assert(fc.property(finite, (number) => Number(decimalText(String(number))) === number));
  });
});
