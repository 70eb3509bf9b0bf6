import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { convertJson, convertText, parseInstant, UnexpectedValueError } from './convert-value.ts';
import type { FieldKind } from './field-value.ts';

const field = (kind: FieldKind) => ({ name: 'Some_Field__c', kind });

describe('values that arrive as text', () => {
  test.each<[FieldKind, string, unknown]>([
    ['text', 'Ann', 'Ann'],
    ['decimal', '12.50', { decimal: '12.50' }],
    ['decimal', '1.0E7', { decimal: '10000000' }],
    ['boolean', 'true', true],
    ['boolean', 'false', false],
    ['date', '2026-02-28', '2026-02-28'],
    ['date', '1772236800000', '2026-02-28'],
    ['timestamp', '2026-01-01T10:00:00.000+0000', { timestamp: '2026-01-01T10:00:00.000Z' }],
    ['timestamp', '2026-01-01T10:00:00+02:00', { timestamp: '2026-01-01T08:00:00.000Z' }],
    ['timestamp', '1767261600123', { timestamp: '2026-01-01T10:00:00.123Z' }],
    ['list', 'a;b;;c', ['a', 'b', 'c']],
  ])('%s %s', (kind, text, expected) => {
    expect(convertText(kind, text)).toEqual(expected);
  });

  test.each<FieldKind>(['decimal', 'boolean', 'date', 'timestamp'])('text that is no %s stays text', (kind) => {
    expect(convertText(kind, 'call me')).toBe('call me');
  });

  test.each<FieldKind>(['text', 'decimal', 'boolean', 'date', 'timestamp', 'list'])('an empty %s is blank', (kind) => {
    expect(convertText(kind, '')).toBeUndefined();
  });

  test('text that no store takes loses only what no store takes', () => {
    expect(convertText('text', 'a\0b\ud800c')).toBe('ab\ufffdc');
  });
});

describe('values that arrive as JSON', () => {
  test('numbers keep their value as decimal text, also where the field is a text', () => {
    expect(convertJson(field('decimal'), 350000)).toEqual({ decimal: '350000' });
    expect(convertJson(field('decimal'), 1e21)).toEqual({ decimal: '1000000000000000000000' });
    expect(convertJson(field('text'), 9001)).toBe('9001');
  });

  test('null is blank', () => {
    expect(convertJson(field('text'), null)).toBeUndefined();
  });

  test.each([[{ street: 'x' }], [['a']]])('%j is refused by the name of its field, without its content', (raw) => {
    const refusal = () => convertJson(field('text'), raw);
    expect(refusal).toThrow(UnexpectedValueError);
    expect(refusal).toThrow(/Some_Field__c/);
    expect(refusal).not.toThrow(/street/);
  });
});

describe('points in time', () => {
  test('every way of writing one means the same', () => {
    const instants = fc.date({ min: new Date('1970-06-01'), max: new Date('2100-01-01'), noInvalidDate: true });
    fc.assert(
      fc.property(instants, (date) => {
        const iso = date.toISOString();
        expect(parseInstant(iso)).toBe(date.getTime());
        expect(parseInstant(iso.replace('Z', '+0000'))).toBe(date.getTime());
        expect(parseInstant(iso.replace('Z', '+00:00'))).toBe(date.getTime());
      }),
    );
  });

  test.each(['', 'soon', '2026-13-01T00:00:00Z', '2026-01-01'])('%s is none', (text) => {
    expect(parseInstant(text)).toBeUndefined();
  });
});
