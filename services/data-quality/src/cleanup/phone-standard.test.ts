import { describe, expect, test } from '@jest/globals';
import { countryCode } from './country-code.ts';
import { phoneStandard } from './phone-standard.ts';
import { standardised } from './standardisation.ts';

describe('phone numbers as E.164', () => {
  test.each([
    ['(030) 1234 5678', 'DE', '+493012345678'],
    ['+49 30 12345678', undefined, '+493012345678'],
    ['202-555-0143', 'US', '+12025550143'],
    ['+493012345678', 'US', '+493012345678'],
  ])('%s in %s is %s', (text, country, expected) => {
    expect(phoneStandard.standardise(text, country)).toBe(expected);
  });

  test.each([
    ['030 12345678', undefined],
    ['202-555-0143 ext. 7', 'US'],
    ['12', 'US'],
    ['unknown', 'US'],
    ['9'.repeat(500), 'US'],
  ])('%j in %s stays, since nobody can tell without guessing', (text, country) => {
    expect(phoneStandard.standardise(text, country)).toBeNull();
  });

  test('a value that is written so already needs no fix, and twice is the same as once', () => {
    const record = { account: 'hs:1', object: 'contacts', country: 'US' };
    const once = standardised(phoneStandard, { ...record, fields: { phone: '(202) 555-0143', mobilephone: null } });
    expect(once).toEqual({ values: 1, fixes: [{ field: 'phone', before: '(202) 555-0143', after: '+12025550143' }] });
    const again = standardised(phoneStandard, { ...record, fields: { phone: '+12025550143' } });
    expect(again).toEqual({ values: 1, fixes: [] });
  });
});

describe('a country', () => {
  test.each([
    ['Germany', 'DE'],
    ['deutschland', 'DE'],
    ['US', 'US'],
    ['uk', 'GB'],
    ['United States', 'US'],
    ['', undefined],
    ['Nowhere', undefined],
  ])('%j is %s', (text, code) => expect(countryCode(text)).toBe(code));
});
