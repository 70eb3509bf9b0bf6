import type { EventRecord } from '@kempt/contracts';
import { EventBusError, partitionOf } from '@kempt/event-bus';
import type { Connections } from './connections.ts';
import { appendStatement, type PlacedRecord, type TopicBatch } from './event-store.ts';
import type { StoredTopic, TopicStore } from './topic-store.ts';

export interface Publisher {
  publish(records: readonly EventRecord[]): Promise<void>;
  /** Takes nothing new and resolves when everything that was taken is done. */
  close(): Promise<void>;
}

export interface PublisherOptions {
  readonly connections: Connections;
  readonly topics: TopicStore;
  /** The channel on which listeners wait. */
  readonly channel: string;
  readonly maxRecordBytes: number;
}

interface Request {
  readonly records: readonly EventRecord[];
  readonly bytes: number;
  resolve(): void;
  reject(error: unknown): void;
}

/** Above these a transaction takes no further request; a single request may be larger. */
const maxTransactionRecords = 1_000;
const maxTransactionBytes = 8_388_608;

/**
 * Writes one transaction at a time. Calls that come meanwhile wait and then share the next transaction, so that many
 * small publishes cost one flush to disk together, and calls keep the order in which they were made.
 */
export function createPublisher({ connections, topics, channel, maxRecordBytes }: PublisherOptions): Publisher {
  const waiting: Request[] = [];
  let writing: Promise<void> | undefined;
  let closed = false;

  function nextTransaction(): Request[] {
    const requests: Request[] = [];
    let records = 0;
    let bytes = 0;
    for (const request of waiting) {
      records += request.records.length;
      bytes += request.bytes;
      if (requests.length > 0 && (records > maxTransactionRecords || bytes > maxTransactionBytes)) break;
      requests.push(request);
    }
    waiting.splice(0, requests.length);
    return requests;
  }

  /** Groups by topic, in ascending order of the topic: the order in which every writer takes its locks. */
  async function batchesOf(requests: readonly Request[]): Promise<TopicBatch[]> {
    const batches = new Map<number, { readonly topic: StoredTopic; readonly records: PlacedRecord[] }>();
    for (const request of requests) {
      const found = await topics.find(request.records.map(({ topic }) => topic)).catch((error: unknown) => {
        request.reject(error);
        return [];
      });
      for (const [index, topic] of found.entries()) {
        const record = request.records[index] as EventRecord;
        let batch = batches.get(topic.topicId);
        if (!batch) {
          batch = { topic, records: [] };
          batches.set(topic.topicId, batch);
        }
        batch.records.push({ record, partition: partitionOf(record.key, topic.partitions) });
      }
    }
    return [...batches.values()].sort((a, b) => a.topic.topicId - b.topic.topicId);
  }

  async function write(requests: readonly Request[]): Promise<void> {
    const batches = await batchesOf(requests);
    const [only] = batches;
    if (only && batches.length === 1) {
      await connections.run(appendStatement(only, channel));
    } else if (batches.length > 1) {
      await connections.transaction(async (queries) => {
        for (const batch of batches) await queries.run(appendStatement(batch, channel));
      });
    }
  }

  async function drain(): Promise<void> {
    while (waiting.length > 0) {
      const requests = nextTransaction();
      try {
        await write(requests);
        for (const request of requests) request.resolve();
      } catch (error) {
        for (const request of requests) request.reject(error);
      }
    }
    writing = undefined;
  }

  return {
    async publish(records) {
      if (closed) throw closedError();
      if (records.length === 0) return;
      const bytes = records.reduce((sum, record) => sum + checkedSize(record, maxRecordBytes), 0);
      await new Promise<void>((resolve, reject) => {
        waiting.push({ records, bytes, resolve, reject });
        writing ??= drain();
      });
    },
    async close() {
      closed = true;
      await writing;
    },
  };
}

function checkedSize(record: EventRecord, maxRecordBytes: number): number {
  let bytes = record.key.length + (record.value?.length ?? 0);
  for (const [name, value] of Object.entries(record.headers)) bytes += name.length + value.length;
  if (bytes > maxRecordBytes) {
    throw new EventBusError(
      'record-too-large',
      `Event of ${bytes} bytes for topic "${record.topic}": at most ${maxRecordBytes}. Put its content behind a claim check.`,
    );
  }
  if (record.key.includes('\0')) {
    throw new EventBusError('invalid-record', `The key of an event for topic "${record.topic}" holds a NUL character.`);
  }
  return bytes;
}

export function closedError(): EventBusError {
  return new EventBusError('bus-closed', 'This bus was closed; open another one.');
}
