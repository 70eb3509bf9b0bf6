import type { DescMessage } from '@bufbuild/protobuf';

/** Which road an event takes out of the outbox: a backfill must not delay a single live change. */
export type Lane = 'live' | 'bulk';

/** What a bus must know to create a topic. */
export interface TopicDeclaration {
  /** `kempt.<owner>.<noun>-<past participle>.v<major>`, without the configured prefix. */
  readonly name: string;
  /** Never changes for a keyed topic: another count would move keys and break their order. */
  readonly partitions: number;
  /** `compact` keeps the newest event of each key for ever; `delete` drops events older than `retentionMs`. */
  readonly cleanup: 'compact' | 'delete';
  /** Of a compacted topic: how long a tombstone stays readable, so that every consumer has time to see it. */
  readonly retentionMs: number;
}

/** A topic of the catalogue: the declaration and what people and generators need beside it. */
export interface Topic<Desc extends DescMessage = DescMessage> extends TopicDeclaration {
  /** The one service that may write the topic. */
  readonly owner: string;
  readonly message: Desc;
  /** How the key is made, for people: `tenant:account:object:recordId`. */
  readonly keyPattern: string;
  readonly classification: 'public' | 'internal' | 'confidential';
  readonly description: string;
  /**
   * What was seen or done at a moment that the event names, such as a probe, a measurement or a step of a change set. Events of every other topic follow from the content of
   * the CRMs and from what people did: two deployments over the same ones publish the same events.
   */
  readonly momentary?: true;
}
