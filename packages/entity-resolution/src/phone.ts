import { type CountryCode, isSupportedCountry, parsePhoneNumberFromString } from 'libphonenumber-js/min';

/** Subscriber digits that people type when they have no number. */
const dummy = /^(\d)\1+$|^0*1234567(89?0?)?$|^9876543(210?)?$/;

/** `+44 (0)20 ...`: the trunk zero that some people keep behind the country code. Italy's zero is part of the number. */
const trunkZero =
  /^(20|27|31|32|33|41|43|44|46|47|48|49|60|61|62|63|64|66|81|82|84|86|90|91|98|212|234|254|351|353|358|359|380|385|386|420|421|966|971|972)0(?=\d{7})/;

const plainNumber = /^[\x20-\x22\x24-\x40\x5b-\x60\x7b-\x7e]*$/;

/**
 * A phone number in normal form: `+` and E.164 digits where the country is known, else `~` and the digits as they were written; behind
 * them ` x` and the extension, where there is one. Null for text without enough digits and for placeholders.
 */
export function parsePhone(raw: string, country: string | undefined): string | null {
  if (raw.length > 200) return null;
  // Most numbers are written as they are kept.
  if (/^\+\d{7,15}$/.test(raw)) return known(raw.slice(1));
  // Digits and marks are what NFKC makes of them, and an extension needs a letter or a hash sign.
  if (plainNumber.test(raw)) return parseNumber(raw.trim(), country);
  const text = raw.normalize('NFKC').trim();
  const extension = /(?:\s|\d|,|;)(?:ext?\.?|extension|x|#)\s*(\d{1,6})\s*$/i.exec(text);
  if (extension === null) return parseNumber(text, country);
  const number = parseNumber(text.slice(0, extension.index + 1), country);
  return number === null ? null : `${number} x${extension[1]}`;
}

function parseNumber(text: string, country: string | undefined): string | null {
  const international = /^\s*\(?\s*(\+|00(?=[1-9]))/.test(text);
  const digits = text.replace(/\D+/g, '').replace(international && !text.includes('+') ? /^00/ : /^$/, '');
  if (digits.length < 6 || digits.length > 17) return null;
  if (international) return digits.length > 15 ? null : known(digits);
  if (isDummy(digits)) return null;
  const region = (country ?? '').toUpperCase();
  if (region === 'US' || region === 'CA') {
    if (digits.length === 10) return `+1${digits}`;
    if (digits.length === 11 && digits.startsWith('1')) return `+${digits}`;
    return national(digits);
  }
  if (region !== '' && isSupportedCountry(region)) {
    const parsed = parsePhoneNumberFromString(digits, region as CountryCode);
    if (parsed?.isPossible() === true) return parsed.number;
  }
  return national(digits);
}

function isDummy(digits: string): boolean {
  return dummy.test(digits) || dummy.test(digits.slice(-7));
}

/** A number with its country. */
function known(digits: string): string | null {
  return isDummy(digits) ? null : `+${digits.replace(trunkZero, '$1')}`;
}

/** A number without its country: the trunk zero goes, so that it ends as the international form does. */
function national(digits: string): string {
  return `~${digits.replace(/^0{1,2}(?=\d{6})/, '')}`;
}

/** The digits of a normal form, without the extension. */
export function phoneDigits(normal: string): string {
  const end = normal.indexOf(' ');
  return end < 0 ? normal.slice(1) : normal.slice(1, end);
}

/** The extension of a normal form, -1 where there is none. */
export function phoneExtension(normal: string): number {
  const end = normal.indexOf(' x');
  return end < 0 ? -1 : Number(normal.slice(end + 2));
}
