import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  accountKey,
  aliasKey,
  clusterKey,
  formatRecordRef,
  InvalidKeyError,
  objectKey,
  parseRecordKey,
  parseRecordRef,
  recordKey,
  recordSubject,
} from './record-ref.ts';

const ref = { account: 'sf:00D1', object: 'Contact', recordId: '0031' };
const part = fc.string({ minLength: 1, unit: 'grapheme' }).filter((text) => !text.includes(':'));
const anyRef = fc.record({
  account: fc.tuple(fc.constantFrom('sf', 'hs'), part).map(([system, id]) => `${system}:${id}`),
  object: part,
  recordId: part,
});

describe('keys', () => {
  test('have the documented form', () => {
    expect(recordKey('default', ref)).toBe('default:sf:00D1:Contact:0031');
    expect(objectKey('default', 'sf:00D1', 'Contact')).toBe('default:sf:00D1:Contact');
    expect(accountKey('default', 'hs:77')).toBe('default:hs:77');
    expect(clusterKey('default', 'g1')).toBe('default:g1');
    expect(aliasKey('default', 'g2')).toBe('default:g2');
    expect(formatRecordRef(ref)).toBe('sf:00D1:Contact:0031');
    expect(recordSubject(ref)).toBe('sf:00D1/Contact/0031');
  });

  test('of records are read back as they were written', () => {
    fc.assert(
      fc.property(part, anyRef, (tenantId, some) => {
        expect(parseRecordKey(recordKey(tenantId, some))).toEqual({ tenantId, ref: some });
        expect(parseRecordRef(formatRecordRef(some))).toEqual(some);
      }),
    );
  });

  test('of different records differ', () => {
    fc.assert(
      fc.property(part, anyRef, part, anyRef, (tenant, one, otherTenant, another) => {
        const same = tenant === otherTenant && formatRecordRef(one) === formatRecordRef(another);
        expect(recordKey(tenant, one) === recordKey(otherTenant, another)).toBe(same);
      }),
    );
  });

  test.each([
    ['tenant', () => recordKey('a:b', ref)],
    ['tenant', () => recordKey('', ref)],
    ['account', () => recordKey('t', { ...ref, account: 'sf' })],
    ['account', () => recordKey('t', { ...ref, account: ':1' })],
    ['account', () => recordKey('t', { ...ref, account: 'sf:' })],
    ['account', () => recordKey('t', { ...ref, account: 'sf:1:2' })],
    ['object', () => recordKey('t', { ...ref, object: 'a:b' })],
    ['object', () => objectKey('t', 'sf:1', '')],
    ['record id', () => recordKey('t', { ...ref, recordId: 'x:y' })],
    ['golden ID', () => clusterKey('t', 'a:b')],
    ['alias', () => aliasKey('t', '')],
    ['record id', () => parseRecordRef('sf:1:Contact:2:3')],
    ['record id', () => parseRecordRef('sf:1:Contact')],
    ['object', () => parseRecordRef('sf:1')],
    ['account', () => parseRecordRef('')],
    ['account', () => parseRecordKey('t')],
    ['tenant', () => parseRecordKey('')],
  ])('that would be ambiguous are refused, naming the %s', (name, make) => {
    expect(make).toThrow(InvalidKeyError);
    expect(make).toThrow(expect.objectContaining({ code: 'invalid-key', part: name }));
  });
});
