import {
  type DescMessage,
  fromBinary,
  fromJsonString,
  type MessageShape,
  toBinary,
  toJsonString,
} from '@bufbuild/protobuf';
import { frameConfluent, unframeConfluent } from './confluent-framing.ts';
import { withOrderedMaps } from './deterministic-message.ts';
import type { Topic } from './topic.ts';

/** How the value of an event is written. Readers understand all three; the choice is for consumers outside of Kempt. */
export type WireFormat =
  /** Plain protobuf: the smallest, and the default. */
  | { readonly name: 'protobuf' }
  /** Protobuf's JSON form, readable with no schema at hand. */
  | { readonly name: 'json' }
  /** Protobuf with the frame of a Confluent schema registry. */
  | { readonly name: 'confluent'; readonly schemaId: (topic: Topic) => number };

export const contentTypes = {
  protobuf: 'application/protobuf',
  json: 'application/json',
  confluent: 'application/protobuf; framing=confluent',
} as const;

/** Equal messages give equal bytes, whatever the order in which map entries were added. */
export function encodeValue<Desc extends DescMessage>(
  topic: Topic<Desc>,
  message: MessageShape<Desc>,
  format: WireFormat,
): Uint8Array {
  const ordered = withOrderedMaps(topic.message, message);
  switch (format.name) {
    case 'protobuf':
      return toBinary(topic.message, ordered);
    case 'json':
      return new TextEncoder().encode(toJsonString(topic.message, ordered));
    case 'confluent':
      return frameConfluent(topic.message, format.schemaId(topic), toBinary(topic.message, ordered));
  }
}

/** Reads a value by its content type; `undefined` when the content type is none of ours. Throws on a malformed value. */
export function decodeValue<Desc extends DescMessage>(
  message: Desc,
  value: Uint8Array,
  contentType: string,
): MessageShape<Desc> | undefined {
  switch (contentType) {
    case contentTypes.protobuf:
      return fromBinary(message, value);
    case contentTypes.json:
      // A newer release may have added fields.
      return fromJsonString(message, new TextDecoder('utf-8', { fatal: true }).decode(value), {
        ignoreUnknownFields: true,
      });
    case contentTypes.confluent:
      return fromBinary(message, unframeConfluent(message, value));
    default:
      return undefined;
  }
}
