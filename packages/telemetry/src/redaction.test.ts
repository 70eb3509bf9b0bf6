import { describe, expect, test } from '@jest/globals';
import { hashForLog, isDeniedKey, redactForLog, redactionPaths, scrubText } from './redaction.ts';

describe('keys', () => {
  test.each([
    'authorization',
    'Proxy-Authorization',
    'set-cookie',
    'password',
    'client_secret',
    'clientSecret',
    'refreshToken',
    'access_token',
    'apiKey',
    'x-api-key',
    'private_key',
    'email',
    'Work Email',
    'MobilePhone',
    'firstName',
    'last_name',
    'fields',
    'properties',
    'payload',
  ])('the value under %s is denied', (key) => {
    expect(isDeniedKey(key)).toBe(true);
  });

  test.each([
    'id',
    'tenant',
    'topic',
    'status',
    'count',
    'durationMs',
    'tokensPerSecond',
    'message',
    'code',
    'fieldCount',
  ])('the value under %s is kept', (key) => {
    expect(isDeniedKey(key)).toBe(false);
  });

  test('the list is also there as paths for pino', () => {
    expect(redactionPaths).toEqual(expect.arrayContaining(['authorization', '*.authorization', '*.*.email']));
  });
});

describe('redactForLog', () => {
  test('takes denied values out at any depth and keeps the rest', () => {
    expect(
      redactForLog({
        id: 'r-1',
        request: { headers: { authorization: 'Bearer abc', host: 'h' } },
        list: [{ email: 'a@b.c' }],
      }),
    ).toEqual({
      id: 'r-1',
      request: { headers: { authorization: '[redacted]', host: 'h' } },
      list: [{ email: '[redacted]' }],
    });
  });

  test('says that nothing was there where nothing was there', () => {
    expect(redactForLog({ password: null, token: undefined })).toEqual({ password: null, token: undefined });
  });

  test('survives cycles, depth, breadth, binary data, big integers, maps and dates', () => {
    const circular: Record<string, unknown> = { name: 'a' };
    circular.self = circular;
    let deep: unknown = 'bottom';
    for (let i = 0; i < 20; i++) deep = { deep };
    const value = {
      circular,
      deep,
      wide: Array.from({ length: 1_000 }, (_, index) => index),
      bytes: new Uint8Array(12),
      offset: 12n,
      map: new Map([['secret', 'x']]),
      at: new Date(0),
    };
    const copy = redactForLog(value) as Record<string, unknown>;
    expect(copy.circular).toEqual({ name: 'a', self: '[circular]' });
    expect(JSON.stringify(copy.deep)).toContain('[too deep]');
    expect(copy.wide).toHaveLength(50);
    expect(copy.bytes).toBe('[12 bytes]');
    expect(copy.offset).toBe('12');
    expect(copy.map).toEqual({ secret: '[redacted]' });
    expect(copy.at).toEqual(new Date(0));
  });

  test('does not touch the value itself', () => {
    const value = { headers: { cookie: 'a=b' } };
    redactForLog(value);
    expect(value.headers.cookie).toBe('a=b');
  });
});

describe('scrubText', () => {
  test.each([
    ['mail to ada.lovelace+crm@mail.example.org failed', 'mail to [redacted-email] failed'],
    ['token eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl', 'token [redacted-token]'],
    ['Authorization: Bearer abcdef0123456789', 'Authorization: Bearer [redacted-token]'],
    ['key kempt_live_k1_0123456789abcdefghij', 'key [redacted-api-key]'],
    ['pat-na1-01234567-89ab-cdef-0123-456789abcdef', '[redacted-token]'],
    ['session 00D5g0000000abcEAA!AQ8AQKexample.session_id_of_an_org', 'session [redacted-token]'],
    ['connect postgres://kempt:s3cret@db:5432/kempt', 'connect postgres://[redacted]@db:5432/kempt'],
    ['call +44 20 7946 0958 now', 'call [redacted-phone] now'],
    ['call (555) 010-4477 now', 'call [redacted-phone] now'],
    ['-----BEGIN PRIVATE KEY-----\\nMC4CAQ\\n-----END PRIVATE KEY-----', '[redacted-private-key]'],
  ])('%s', (text, scrubbed) => {
    expect(scrubText(text)).toBe(scrubbed);
  });

  test.each([
    '2026-11-22T07:53:12.123Z took 1763798000123 ms',
    '019ab1f0-7c3e-7abc-8def-0123456789ab',
    'kempt.connector.record-changed.v1 partition 3 offset 1234567',
    'sf:00D5g0000000abcEAA:Contact:0035g00000XyZabAAB',
    'http://127.0.0.1:8080/v1/records?limit=200',
    'version 18.4.0-beta.17',
    'at file:///app/node_modules/.pnpm/jest-circus@30.5.2_x@1.0.0/node_modules/a.js:12:3',
  ])('leaves alone: %s', (text) => {
    expect(scrubText(text)).toBe(text);
  });
});

test('hashForLog gives the same short word for the same value and shows nothing of it', () => {
  expect(hashForLog('ada@example.org')).toBe(hashForLog('ada@example.org'));
  expect(hashForLog('ada@example.org')).not.toBe(hashForLog('bob@example.org'));
  expect(hashForLog('ada@example.org')).toMatch(/^[0-9a-f]{16}$/);
});
