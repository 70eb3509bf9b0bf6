import type { EventRecord, PositionedRecord } from '@kempt/contracts';
import type { IHeaders, KafkaMessage, Message } from 'kafkajs';

/** How topics and groups are called on the cluster, and back. */
export interface Naming {
  topicOnCluster(topic: string): string;
  topicOfCluster(name: string): string;
  groupOnCluster(group: string): string;
}

export function createNaming(prefix: string): Naming {
  return {
    topicOnCluster: (topic) => prefix + topic,
    topicOfCluster: (name) => (name.startsWith(prefix) ? name.slice(prefix.length) : name),
    groupOnCluster: (group) => prefix + group,
  };
}

/** A message that surely has a key. */
export type KeyedMessage = Message & { readonly key: string };

export function messageOf(record: EventRecord): KeyedMessage {
  return {
    key: record.key,
    value: record.value === null ? null : bufferOf(record.value),
    headers: record.headers,
  };
}

/** About what the event takes in a request: its parts and the lengths between them. */
export function sizeOf(record: EventRecord): number {
  let bytes = 40 + Buffer.byteLength(record.key) + (record.value?.length ?? 0);
  for (const name in record.headers) bytes += 6 + name.length + Buffer.byteLength(record.headers[name] ?? '');
  return bytes;
}

/** `topic` as services call it. A record of somebody else that has no key gets the empty one. */
export function positionedRecordOf(topic: string, partition: number, message: KafkaMessage): PositionedRecord {
  return {
    topic,
    partition,
    offset: BigInt(message.offset),
    timestampMs: Number(message.timestamp),
    key: message.key?.toString('utf8') ?? '',
    headers: headersOf(message.headers),
    value: message.value,
  };
}

/** The first value counts where a name comes twice, since ours come once. */
function headersOf(headers: IHeaders | undefined): Record<string, string> {
  const texts: Record<string, string> = {};
  for (const name in headers) {
    const value = headers[name];
    const first = Array.isArray(value) ? value[0] : value;
    if (first !== undefined && first !== null) texts[name] = typeof first === 'string' ? first : first.toString('utf8');
  }
  return texts;
}

/** The same bytes; kafkajs takes nothing but its own kind of them. */
function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
