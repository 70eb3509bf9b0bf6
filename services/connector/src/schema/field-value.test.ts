import { describe, expect, test } from '@jest/globals';
import { changedFieldNames, type FieldValue, plainOf, sameValue } from './field-value.ts';

describe('field values', () => {
  const values: FieldValue[] = [
    '1',
    true,
    { decimal: '1' },
    { timestamp: '2026-01-01T00:00:00.000Z' },
    ['1'],
    ['1', '2'],
    [],
  ];

  test('are the same as themselves read from JSON, and as no other value', () => {
    for (const [index, left] of values.entries()) {
      for (const [other, right] of values.entries()) {
        expect(sameValue(left, JSON.parse(JSON.stringify(right)) as FieldValue)).toBe(index === other);
      }
      expect(sameValue(left, undefined)).toBe(false);
    }
  });

  test('are shown without their wrapping', () => {
    expect(values.map(plainOf)).toEqual(['1', true, '1', '2026-01-01T00:00:00.000Z', ['1'], ['1', '2'], []]);
  });

  test('changed names are those that differ, appeared or became blank, sorted', () => {
    const before = { b: '1', c: { decimal: '2' }, d: 'same' };
    const after = { a: 'new', c: { decimal: '2.0' }, d: 'same' };
    expect(changedFieldNames(before, after)).toEqual(['a', 'b', 'c']);
    expect(changedFieldNames(after, after)).toEqual([]);
  });
});
