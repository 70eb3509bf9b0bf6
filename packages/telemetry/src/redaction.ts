import { createHash } from 'node:crypto';

/** What stands in a log where a value was taken out. */
export const redacted = '[redacted]';

/**
 * Key names whose values never reach a log, in lower case and without separators: `api_key`, `apiKey` and `Api-Key` are
 * all `apikey`. A key is also denied when it ends with one of `deniedEndings`.
 */
const deniedKeys: readonly string[] = [
  // Credentials of ours and of the CRMs.
  'authorization',
  'proxyauthorization',
  'cookie',
  'setcookie',
  'password',
  'passphrase',
  'secret',
  'token',
  'credential',
  'credentials',
  'apikey',
  'xapikey',
  'privatekey',
  'signingkey',
  'assertion',
  'jwt',
  'sid',
  'sessionid',
  'connectionstring',
  // What identifies a person.
  'email',
  'emails',
  'mail',
  'phone',
  'phones',
  'mobile',
  'mobilephone',
  'homephone',
  'fax',
  'firstname',
  'lastname',
  'fullname',
  'birthdate',
  'street',
  'mailingaddress',
  // What a CRM holds: values of fields are the customer's, and nobody can tell which of them are harmless.
  'fields',
  'fieldvalues',
  'properties',
  'values',
  'before',
  'after',
  'canonical',
  'payload',
  'body',
  'rawbody',
  'parameters',
];

const deniedEndings: readonly string[] = ['password', 'secret', 'token', 'apikey', 'privatekey', 'email', 'phone'];

/** The same list as pino `redact` paths, for a logger that is not made by `createLogger`. */
export const redactionPaths: readonly string[] = deniedKeys.flatMap((key) => [key, `*.${key}`, `*.*.${key}`]);

const denied = new Set(deniedKeys);

/** True when a value under this key must not be logged, whatever it is. */
export function isDeniedKey(key: string): boolean {
  const name = key.toLowerCase().replaceAll(/[-_. ]/g, '');
  return denied.has(name) || deniedEndings.some((ending) => name.endsWith(ending));
}

/**
 * Texts that give themselves away wherever they stand, in messages too. The alternatives match no quote and no backslash,
 * so that replacing them inside serialised JSON keeps it valid.
 */
const patterns: readonly (readonly [RegExp, string])[] = [
  [/\beyJ[\w-]{6,}\.[\w-]{6,}\.[\w-]*/g, '[redacted-token]'],
  [/\b(Bearer|Basic)\s+[\w.~+/=-]{8,}/gi, '$1 [redacted-token]'],
  [/\bkempt_[a-z0-9]+_[A-Za-z0-9]+_[\w-]{16,}/g, '[redacted-api-key]'],
  [/\bpat-[a-z0-9]+-[0-9a-f-]{20,}/g, '[redacted-token]'],
  [/\b00D[A-Za-z0-9]{12,15}![\w.]{20,}/g, '[redacted-token]'],
  [/\/\/[^\s/:@"\\]+:[^\s/@"\\]+@/g, '//[redacted]@'],
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[^"]*?-----END [A-Z ]*PRIVATE KEY-----/g, '[redacted-private-key]'],
  [/[\w.!#$%&'*+=?^`{|}~-]{1,64}@(?:[\p{L}\d-]+\.)+\p{L}{2,}/gu, '[redacted-email]'],
  [/(?<![\w.-])\+\d[\d ().-]{6,18}\d(?![\w-])/g, '[redacted-phone]'],
  [/(?<![\w.:+-])\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4}(?![\w-])/g, '[redacted-phone]'],
];

/** Takes tokens, keys, e-mail addresses and telephone numbers out of a text. */
export function scrubText(text: string): string {
  let scrubbed = text;
  for (const [pattern, replacement] of patterns) {
    scrubbed = scrubbed.replace(pattern, replacement);
  }
  return scrubbed;
}

const maxDepth = 6;
const maxItems = 50;

/**
 * A copy of a value that is fit for a log: values under denied keys are replaced, binary data is reduced to its size, depth
 * and breadth are bounded. Never throws, since a log call must not break what it describes.
 */
export function redactForLog(value: unknown): unknown {
  return redactAt(value, 0, new Set());
}

function redactAt(value: unknown, depth: number, path: Set<object>): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Date) return value;
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (path.has(value)) return '[circular]';
  if (depth >= maxDepth) return '[too deep]';
  path.add(value);
  const copy = Array.isArray(value)
    ? value.slice(0, maxItems).map((item) => redactAt(item, depth + 1, path))
    : redactEntries(value, depth, path);
  path.delete(value);
  return copy;
}

function redactEntries(value: object, depth: number, path: Set<object>): Record<string, unknown> {
  const copy: Record<string, unknown> = {};
  const entries = value instanceof Map ? [...value.entries()] : Object.entries(value);
  for (const [key, item] of entries.slice(0, maxItems)) {
    const name = String(key);
    if (typeof item === 'function') continue;
    copy[name] = isDeniedKey(name) && item !== undefined && item !== null ? redacted : redactAt(item, depth + 1, path);
  }
  if (value instanceof Error) copy.message ??= value.message;
  return copy;
}

/**
 * Stands in for a value that must not be logged but must be recognised when it comes again. Short values with few
 * possibilities can be guessed from it, so prefer an id where there is one.
 */
export function hashForLog(value: string | Uint8Array): string {
  return createHash('sha256').update('kempt-log\0').update(value).digest('hex').slice(0, 16);
}
