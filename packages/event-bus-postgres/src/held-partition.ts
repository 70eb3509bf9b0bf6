import type { Progress } from './group-store.ts';
import type { StoredTopic } from './topic-store.ts';

/** A partition that the consumer owns, and what it does with it. */
export interface HeldPartition {
  readonly topic: StoredTopic;
  readonly partition: number;
  readonly epoch: bigint;
  /** The offset to read next. */
  position: bigint;
  /** `queued` has been read and waits for its turn; `leaving` is on its way to another consumer. */
  state: 'idle' | 'reading' | 'queued' | 'working' | 'pausing' | 'leaving';
  /** There may be something to read. */
  stirred: boolean;
  /** There is more than one chunk to read. */
  behind: boolean;
  /** Another consumer waits for it. */
  wanted: boolean;
  failures: number;
  /** Of the chunk at hand. */
  abort: AbortController | undefined;
}

export function idOf(topicId: number, partition: number): string {
  return `${topicId}/${partition}`;
}

export function progressOf(one: HeldPartition): Progress {
  return { topicId: one.topic.topicId, partition: one.partition, epoch: one.epoch, committed: one.position };
}
