import { type CountryCode, isSupportedCountry, parsePhoneNumberFromString } from 'libphonenumber-js/min';
import type { Standardisation } from './standardisation.ts';

const fieldsBySystem: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  sf: {
    Account: ['Phone'],
    Contact: ['HomePhone', 'MobilePhone', 'OtherPhone', 'Phone'],
    Lead: ['MobilePhone', 'Phone'],
  },
  hs: { companies: ['phone'], contacts: ['mobilephone', 'phone'] },
};

/** Phone numbers as `+<country><number>`: recommendation E.164 of the ITU. */
export const phoneStandard: Standardisation = {
  id: 'phone-e164',
  description: 'Phone numbers as +<country><number> (E.164). Numbers with an extension and of unknown country stay.',

  fieldsOf: (account, object) => fieldsBySystem[account.slice(0, account.indexOf(':'))]?.[object] ?? [],

  standardise(value, country) {
    if (value.length > 100) return null;
    const region = country !== undefined && isSupportedCountry(country) ? (country as CountryCode) : undefined;
    const number = parsePhoneNumberFromString(value, region === undefined ? {} : { defaultCountry: region });
    // E.164 has no place for an extension: leaving it out would lose it. A number that is not possible is a matter of
    // validity, not of writing.
    if (number === undefined || number.ext !== undefined || !number.isPossible()) return null;
    return number.number;
  },
};
