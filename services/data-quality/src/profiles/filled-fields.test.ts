import { describe, expect, test } from '@jest/globals';
import { isFilled } from './filled-fields.ts';

describe('a value is filled', () => {
  test.each([
    ['text'],
    [' x '],
    [false],
    [true],
    [{ decimal: '0' }],
    [new Date(0)],
    [new Uint8Array([0])],
    [['', 'a']],
  ])('when it says something: %p', (value) => {
    expect(isFilled(value)).toBe(true);
  });

  test.each([[null], [''], [' \t\n\u00a0'], [[]], [[null, '']], [new Uint8Array()]])(
    'not when it is blank: %p',
    (value) => {
      expect(isFilled(value)).toBe(false);
    },
  );
});
