import type { Format } from './rule.ts';

/** One `@`, no blanks, a domain with a dot and a top-level domain of letters. Whether the mailbox exists is not asked. */
const email =
  /^[^\s@"(),:;<>[\]\\]{1,64}@(?=.{4,255}$)(?:[\p{L}\p{N}](?:[\p{L}\p{N}-]{0,61}[\p{L}\p{N}])?\.)+(?:\p{L}{2,63}|xn--[a-z0-9-]{2,59})$/u;

const host = /^(?:[\p{L}\p{N}](?:[\p{L}\p{N}-]{0,61}[\p{L}\p{N}])?\.)+(?:\p{L}{2,63}|xn--[a-z0-9-]{2,59})$/u;

function isEmail(text: string): boolean {
  const trimmed = text.trim();
  return email.test(trimmed) && !trimmed.includes('..') && !trimmed.startsWith('.') && !trimmed.includes('.@');
}

/** Seven to fifteen digits, as E.164 has at most, among the signs that people write between them, and an extension. */
function isPhone(text: string): boolean {
  const [number = ''] = text.trim().split(/(?:ext\.?|extension|x|#|;ext=)\s*\d{1,6}$/i);
  if (!/^[+\d\s()./\u2010-\u2015-]+$/.test(number)) return false;
  const digits = number.replace(/\D/g, '');
  return digits.length >= 7 && digits.length <= 15 && !/^(\d)\1+$/.test(digits);
}

function isWebAddress(text: string): boolean {
  const trimmed = text.trim();
  const url = URL.parse(/^[a-z][a-z0-9+.-]*:\/\//i.test(trimmed) ? trimmed : `https://${trimmed}`);
  return url !== null && /^https?:$/.test(url.protocol) && url.username === '' && host.test(url.hostname);
}

const tests: Readonly<Record<Format, (text: string) => boolean>> = {
  email: isEmail,
  phone: isPhone,
  'web-address': isWebAddress,
};

/** Whether the text can be what the format says. Longer texts than any of them are refused without looking. */
export function hasFormat(format: Format, text: string): boolean {
  return text.length <= 2_048 && tests[format](text);
}
