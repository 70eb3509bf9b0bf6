import { create, toBinary } from '@bufbuild/protobuf';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { withOrderedMaps } from './deterministic-message.ts';
import { RecordChangedSchema, RecordStateSchema } from './gen/kempt/connector/v1/record_pb.ts';
import { IdAliasedSchema } from './gen/kempt/dedupe/v1/cluster_pb.ts';
import { fromPlainValue } from './typed-value.ts';

describe('ordering the maps of a message', () => {
  test('makes equal content equal bytes, whatever the order of insertion', () => {
    const entries = fc.uniqueArray(fc.tuple(fc.string(), fc.string()), { selector: ([key]) => key });
    fc.assert(
      fc.property(entries, fc.nat(), (list, seed) => {
        const shuffled = [...list]
          .sort(([a], [b]) => ((a.length * 31 + seed) % 7) - ((b.length * 31 + seed) % 7))
          .reverse();
        const bytes = [list, shuffled].map((some) => {
          const fields = Object.fromEntries(some.map(([key, text]) => [key, fromPlainValue(text)]));
          const message = create(RecordChangedSchema, { version: 1, fields });
          return Buffer.from(toBinary(RecordChangedSchema, withOrderedMaps(RecordChangedSchema, message))).toString(
            'hex',
          );
        });
        expect(bytes[0]).toBe(bytes[1]);
      }),
    );
  });

  test('leaves the message it is given alone', () => {
    const message = create(RecordStateSchema, { fields: { b: fromPlainValue('1'), a: fromPlainValue('2') } });
    const ordered = withOrderedMaps(RecordStateSchema, message);
    expect(Object.keys(message.fields)).toEqual(['b', 'a']);
    expect(Object.keys(ordered.fields)).toEqual(['a', 'b']);
    expect(ordered).toEqual(message);
  });

  test('hands back a message without maps as it is', () => {
    const message = create(IdAliasedSchema, { alias: 'a' });
    expect(withOrderedMaps(IdAliasedSchema, message)).toBe(message);
  });
});
