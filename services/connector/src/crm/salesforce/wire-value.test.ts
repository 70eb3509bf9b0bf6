import { expect, test } from '@jest/globals';
import { jsonFields, textFields } from './wire-value.ts';

const fields = {
  text: 'Ada',
  ticked: false,
  amount: { decimal: '12345678901234567890.123' },
  at: { timestamp: '2026-02-03T04:05:06.000Z' },
  several: ['one', 'two'],
  blank: null,
};

test('values go out as JSON with every digit', () => {
  expect(JSON.stringify(jsonFields(fields))).toBe(
    '{"text":"Ada","ticked":false,"amount":12345678901234567890.123,"at":"2026-02-03T04:05:06.000Z","several":"one;two","blank":null}',
  );
});

test('values go out as text where XML is spoken', () => {
  expect([...textFields(fields)]).toEqual([
    ['text', 'Ada'],
    ['ticked', 'false'],
    ['amount', '12345678901234567890.123'],
    ['at', '2026-02-03T04:05:06.000Z'],
    ['several', 'one;two'],
    ['blank', null],
  ]);
});
