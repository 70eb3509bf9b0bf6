import { expect, test } from '@jest/globals';
import { parseJson } from './parse-json.ts';

test('numbers that a double would round come as their text, all others as numbers', () => {
  expect(
    parseJson('{"a":123456789012345678.99,"b":350000.0,"c":[12345678901234567890],"d":-0.1234567890123456789}'),
  ).toEqual({
    a: '123456789012345678.99',
    b: 350000,
    c: ['12345678901234567890'],
    d: '-0.1234567890123456789',
  });
});

test('digits in a text stay a text', () => {
  const text = JSON.stringify({ a: 'x: 12345678901234567890', b: ['"12345678901234567890'], c: 7 });
  expect(parseJson(text)).toEqual(JSON.parse(text));
});

test('what is no JSON throws', () => {
  expect(() => parseJson('<html>')).toThrow(SyntaxError);
  expect(() => parseJson('{"a":1234567890123456789')).toThrow(SyntaxError);
});
