import { type CountryCode, isSupportedCountry, parsePhoneNumberFromString } from 'libphonenumber-js/min';

/** Subscriber digits that people type when they have no number. */
const dummy = /^(\d)\1+$|^0*1234567(89?0?)?$|^9876543(210?)?$/;

/**
 * A phone number in normal form: `+` and E.164 digits where the country is known, else `~` and the digits as they were written. Null for
 * text without enough digits and for placeholders.
 */
export function parsePhone(raw: string, country: string | undefined): string | null {
  if (raw.length > 200) return null;
  let text = raw.normalize('NFKC').trim();
  const extension = /(?:\s|\d|,|;)(?:ext?\.?|extension|x|#)\s*\d{1,6}\s*$/i.exec(text);
  if (extension !== null) text = text.slice(0, extension.index + 1);
  const international = /^\s*\(?\s*(\+|00(?=[1-9]))/.test(text);
  const digits = text.replace(/\D+/g, '').replace(international && !text.includes('+') ? /^00/ : /^$/, '');
  if (digits.length < 6 || digits.length > 17) return null;
  if (dummy.test(digits) || dummy.test(digits.slice(-7))) return null;
  if (international)
    return digits.length > 15
      ? null
      : `+${digits.replace(/^(44|49|33|39|61|64|31|32|41|43|46|47|45|353)0(?=\d{8})/, (_, code: string) => (code === '39' ? '390' : code))}`;
  const region = (country ?? '').toUpperCase();
  if (region === 'US' || region === 'CA') {
    if (digits.length === 10) return `+1${digits}`;
    if (digits.length === 11 && digits.startsWith('1')) return `+${digits}`;
    return `~${digits}`;
  }
  if (region !== '' && isSupportedCountry(region)) {
    const parsed = parsePhoneNumberFromString(digits, region as CountryCode);
    if (parsed?.isPossible() === true) return parsed.number;
  }
  return `~${digits}`;
}

/** The digits of a normal form. */
export function phoneDigits(normal: string): string {
  return normal.slice(1);
}
