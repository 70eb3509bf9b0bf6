import { describe, expect, test } from '@jest/globals';
import { judgeSignature, type SignedRequest, signatureLifetimeMs } from './webhook-signature.ts';

const secret = 'yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy';
const sentMs = 1_693_657_560_000;
// The vector that the vendor's own clients are tested with.
const request: SignedRequest = {
  method: 'POST',
  url: 'https://www.example.com/webhook_uri',
  body: Buffer.from("{'example_field':'example_value'}"),
  signature: 'K36dawei4A+QBNolUOqo7s91KQDWQ5MXZ/QufNYuk/Y=',
  timestamp: String(sentMs),
};

describe('a signature of HubSpot', () => {
  test('is valid as its own clients make it', () => {
    expect(judgeSignature(secret, request, sentMs + 1_000)).toBe('valid');
    const other = {
      ...request,
      timestamp: '1700000300000',
      signature: 'RnbPH7+UMKVkbV32P8bz450N4M56aPmcru1+D3kSDtw=',
    };
    expect(judgeSignature(secret, other, 1_700_000_300_000)).toBe('valid');
  });

  const changes: readonly [string, Partial<SignedRequest>][] = [
    ['method', { method: 'PUT' }],
    ['address', { url: 'https://www.example.com/webhook_uri2' }],
    ['body', { body: Buffer.from("{'example_field': 'example_value'}") }],
    ['time', { timestamp: String(sentMs + 1) }],
    ['signature', { signature: 'L36dawei4A+QBNolUOqo7s91KQDWQ5MXZ/QufNYuk/Y=' }],
    ['length of the signature', { signature: 'K36dawei4A==' }],
  ];
  test.each(changes)('is wrong when the %s is another', (_, change) => {
    expect(judgeSignature(secret, { ...request, ...change }, sentMs)).toBe('wrong');
  });

  test('is wrong under another secret', () => {
    expect(judgeSignature('another', request, sentMs)).toBe('wrong');
  });

  test('is missing without either header', () => {
    expect(judgeSignature(secret, { ...request, signature: undefined }, sentMs)).toBe('missing');
    expect(judgeSignature(secret, { ...request, signature: '' }, sentMs)).toBe('missing');
    expect(judgeSignature(secret, { ...request, timestamp: undefined }, sentMs)).toBe('missing');
  });

  test('holds for five minutes, and does not come from the future', () => {
    expect(judgeSignature(secret, request, sentMs + signatureLifetimeMs)).toBe('valid');
    expect(judgeSignature(secret, request, sentMs + signatureLifetimeMs + 1)).toBe('stale');
    expect(judgeSignature(secret, request, sentMs - signatureLifetimeMs - 1)).toBe('stale');
  });

  test('covers the address with the escapes undone that HubSpot undoes, and no others', () => {
    const escaped = { ...request, url: 'https://www%2eexample.com/webhook%5Furi' };
    expect(judgeSignature(secret, escaped, sentMs)).toBe('wrong');
    const undone = { ...request, url: 'https%3A%2f%2Fwww.example.com/webhook_uri' };
    expect(judgeSignature(secret, undone, sentMs)).toBe('valid');
  });
});
