import type { DescMessage } from '@bufbuild/protobuf';

/**
 * The frame of a Confluent schema registry, version 0: a zero byte, the schema id as four bytes (big-endian), where the
 * message stands in its .proto file, then the message.
 */
export function frameConfluent(message: DescMessage, schemaId: number, payload: Uint8Array): Uint8Array {
  if (!Number.isInteger(schemaId) || schemaId < 0 || schemaId > 0x7fff_ffff) {
    throw new RangeError(`Schema id ${schemaId} of ${message.typeName} is not a 32-bit number`);
  }
  const indexes = messageIndexes(message);
  const framed = new Uint8Array(5 + indexes.length + payload.length);
  new DataView(framed.buffer).setInt32(1, schemaId);
  framed.set(indexes, 5);
  framed.set(payload, 5 + indexes.length);
  return framed;
}

/** Takes the frame off. Throws when there is none, or when it announces another message. */
export function unframeConfluent(message: DescMessage, framed: Uint8Array): Uint8Array {
  if (framed.length < 6 || framed[0] !== 0)
    throw new Error('The value does not begin with the frame of a schema registry');
  const indexes = messageIndexes(message);
  // The list of a file's first message may be written in full or as a single zero.
  const full = indexes.length === 1 ? [2, 0] : indexes;
  for (const expected of [indexes, full]) {
    if (expected.every((byte, position) => framed[5 + position] === byte)) return framed.subarray(5 + expected.length);
  }
  throw new Error(`The value is framed as another message than ${message.typeName}`);
}

function messageIndexes(message: DescMessage): readonly number[] {
  const path: number[] = [];
  for (let current: DescMessage | undefined = message; current !== undefined; current = current.parent) {
    const siblings: readonly DescMessage[] = current.parent?.nestedMessages ?? current.file.messages;
    path.unshift(siblings.indexOf(current));
  }
  return path.length === 1 && path[0] === 0 ? [0] : [path.length, ...path].flatMap(zigZagVarint);
}

function zigZagVarint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value * 2;
  for (; rest > 0x7f; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  return [...bytes, rest];
}
