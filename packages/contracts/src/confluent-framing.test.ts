import { DescriptorProto_ExtensionRangeSchema } from '@bufbuild/protobuf/wkt';
import { describe, expect, test } from '@jest/globals';
import { frameConfluent, unframeConfluent } from './confluent-framing.ts';
import { RecordChangedSchema, RecordStateSchema } from './gen/kempt/connector/v1/record_pb.ts';
import { ConnectionChangedSchema } from './gen/kempt/connector/v1/sync_pb.ts';

const payload = new Uint8Array([1, 2, 3]);

describe('the frame of a schema registry', () => {
  test('writes the first message of a file as a single zero', () => {
    expect([...frameConfluent(RecordChangedSchema, 1, payload)]).toEqual([0, 0, 0, 0, 1, 0, 1, 2, 3]);
  });

  test('writes every other message as a counted path in zig-zag numbers', () => {
    expect([...frameConfluent(RecordStateSchema, 0x01020304, payload)]).toEqual([0, 1, 2, 3, 4, 2, 2, 1, 2, 3]);
    expect([...frameConfluent(DescriptorProto_ExtensionRangeSchema, 5, payload)]).toEqual([
      0, 0, 0, 0, 5, 4, 4, 0, 1, 2, 3,
    ]);
  });

  test.each([RecordChangedSchema, RecordStateSchema, ConnectionChangedSchema])(
    'comes off again: $typeName',
    (message) => {
      expect([...unframeConfluent(message, frameConfluent(message, 9, payload))]).toEqual([1, 2, 3]);
    },
  );

  test('comes off where the first message was written in full', () => {
    expect([...unframeConfluent(RecordChangedSchema, new Uint8Array([0, 0, 0, 0, 1, 2, 0, 7]))]).toEqual([7]);
  });

  test('announces one message only', () => {
    const framed = frameConfluent(RecordStateSchema, 1, payload);
    expect(() => unframeConfluent(RecordChangedSchema, framed)).toThrow(/another message/);
    expect(() => unframeConfluent(RecordChangedSchema, new Uint8Array([8, 1, 2, 3, 4, 5]))).toThrow(/does not begin/);
    expect(() => unframeConfluent(RecordChangedSchema, new Uint8Array([0, 1]))).toThrow(/does not begin/);
  });

  test.each([-1, 1.5, 2 ** 31])('takes no schema id like %d', (schemaId) => {
    expect(() => frameConfluent(RecordChangedSchema, schemaId, payload)).toThrow(RangeError);
  });
});
