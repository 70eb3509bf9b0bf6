/**
 * An event as it travels: the key decides the partition and the order, the headers are the CloudEvents attributes, the
 * value is the encoded message. A bus carries it without looking inside.
 */
export interface EventRecord {
  /** Topic name without the configured prefix, for example `kempt.connector.record-changed.v1`. */
  readonly topic: string;
  /** Events of one key keep their order. */
  readonly key: string;
  /** Header names in lower case; values are UTF-8 text. */
  readonly headers: Readonly<Record<string, string>>;
  /** `null` is a tombstone: on a compacted topic it removes the key. */
  readonly value: Uint8Array | null;
}

/** An event that a bus delivered, with its place in the topic. */
export interface PositionedRecord extends EventRecord {
  readonly partition: number;
  readonly offset: bigint;
  /** When the bus took the event, in milliseconds since 1970. */
  readonly timestampMs: number;
}
