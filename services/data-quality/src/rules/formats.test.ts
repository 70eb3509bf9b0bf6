import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { hasFormat } from './formats.ts';

describe('an e-mail address', () => {
  test.each(['ann@example.com', 'ann.b+c@sub.example.co.uk', "o'neil@example.ie", 'jörg@bücher.de', ' a@b.io '])(
    'can be %s',
    (text) => expect(hasFormat('email', text)).toBe(true),
  );

  test.each([
    '',
    'ann',
    'ann@',
    '@example.com',
    'a b@example.com',
    'ann@example',
    'a..b@example.com',
    'a@b..com',
    'a@-b.com',
    'a@b.c1',
  ])('cannot be %j', (text) => expect(hasFormat('email', text)).toBe(false));
});

describe('a phone number', () => {
  test.each(['+49 30 1234567', '(555) 010-9999', '030/123456-7', '555.010.9999 ext. 12', '5550109999x3'])(
    'can be %s',
    (text) => expect(hasFormat('phone', text)).toBe(true),
  );

  test.each(['', '12345', 'call me', '0000000000', '+1234567890123456', '555-010-9999 or 8'])('cannot be %j', (text) =>
    expect(hasFormat('phone', text)).toBe(false),
  );
});

describe('a web address', () => {
  test.each(['example.com', 'https://www.example.com/path?x=1', 'HTTP://EXAMPLE.COM', 'bücher.de'])(
    'can be %s',
    (text) => expect(hasFormat('web-address', text)).toBe(true),
  );

  test.each([
    '',
    'example',
    'http://',
    'ftp://example.com',
    'https://user@example.com',
    'not a site.com',
    'http://127.0.0.1',
  ])('cannot be %j', (text) => expect(hasFormat('web-address', text)).toBe(false));
});

test('any text is answered quickly', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 5_000 }), (text) => {
      for (const format of ['email', 'phone', 'web-address'] as const) hasFormat(format, text);
    }),
  );
  const begin = performance.now();
  for (const format of ['email', 'phone', 'web-address'] as const) hasFormat(format, `${'a.'.repeat(500_000)}@x`);
  expect(performance.now() - begin).toBeLessThan(200);
});
