import { fromBinary, fromJsonString, toBinary, toJsonString } from '@bufbuild/protobuf';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ValueSchema } from './gen/kempt/types/v1/value_pb.ts';
import { fromPlainValue, InvalidValueError, isDecimal, type PlainValue, toPlainValue } from './typed-value.ts';

const digits = (min: number): fc.Arbitrary<string> =>
  fc.array(fc.integer({ min: 0, max: 9 }), { minLength: min, maxLength: 60 }).map((list) => list.join(''));
const decimal = fc
  .tuple(fc.boolean(), digits(1), digits(0))
  .map(([minus, whole, rest]) => ({ decimal: `${minus ? '-' : ''}${whole}${rest === '' ? '' : `.${rest}`}` }));
const scalar: fc.Arbitrary<PlainValue> = fc.oneof(
  fc.string({ unit: 'binary' }),
  decimal,
  fc.boolean(),
  fc.date({ min: new Date('0001-01-01T00:00:00Z'), max: new Date('9999-12-31T23:59:59.999Z'), noInvalidDate: true }),
  fc.uint8Array(),
  fc.constant(null),
);
const plainValue = fc.letrec<{ value: PlainValue }>((tie) => ({
  value: fc.oneof({ depthSize: 'small', withCrossShrink: true }, scalar, fc.array(tie('value'), { maxLength: 5 })),
})).value;

describe('a typed value', () => {
  test('survives protobuf and JSON unchanged, whatever it is', () => {
    fc.assert(
      fc.property(plainValue, (plain) => {
        const message = fromPlainValue(plain);
        expect(toPlainValue(fromBinary(ValueSchema, toBinary(ValueSchema, message)))).toEqual(plain);
        expect(toPlainValue(fromJsonString(ValueSchema, toJsonString(ValueSchema, message)))).toEqual(plain);
      }),
    );
  });

  test('keeps every digit of a decimal, trailing zeros included', () => {
    fc.assert(
      fc.property(decimal, (plain) => {
        expect(isDecimal(plain.decimal)).toBe(true);
        expect(toPlainValue(fromBinary(ValueSchema, toBinary(ValueSchema, fromPlainValue(plain))))).toEqual(plain);
      }),
    );
    expect(toPlainValue(fromPlainValue({ decimal: '-0.10' }))).toEqual({ decimal: '-0.10' });
  });

  test.each(['', '1e3', '+1', '.5', '5.', '1,5', '0x10', 'NaN', '--1', ' 1', '1 ', '١'])(
    'refuses %j as a decimal',
    (text) => {
      expect(() => fromPlainValue({ decimal: text })).toThrow(InvalidValueError);
    },
  );

  test.each([new Date(Number.NaN), new Date('+010000-01-01T00:00:00Z'), new Date('0000-12-31T23:59:59.999Z')])(
    'refuses a date that no timestamp can hold',
    (date) => {
      expect(() => fromPlainValue(date)).toThrow(InvalidValueError);
    },
  );

  test('of a kind that this release does not know is read as blank', () => {
    expect(toPlainValue(fromBinary(ValueSchema, new Uint8Array([0x7a, 0x01, 0x41])))).toBeNull();
  });
});
