import { setTimeout as sleep } from 'node:timers/promises';
import { Kafka, logLevel } from 'kafkajs';

const timeoutMs = 30_000;
const pollMs = 250;

/**
 * Resolves when each key of a compacted topic has at most one event and no tombstone is left, which takes a topic made
 * with low compaction settings. The broker never compacts the segment that it appends to, so transactions that are
 * aborted push the log on: consumers never see anything of them.
 */
export async function compactTopic(brokers: readonly string[], topic: string): Promise<void> {
  const kafka = new Kafka({ brokers: [...brokers], clientId: 'kempt-compaction', logLevel: logLevel.NOTHING });
  const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1, transactionalId: `compaction-${topic}` });
  const admin = kafka.admin();
  await Promise.all([producer.connect(), admin.connect()]);
  try {
    const partitions = (await admin.fetchTopicOffsets(topic)).map(({ partition }) => partition);
    const deadline = Date.now() + timeoutMs;
    while (!(await isCompact(kafka, topic))) {
      if (Date.now() > deadline) throw new Error(`Topic ${topic} was not compacted within ${timeoutMs} ms`);
      const transaction = await producer.transaction();
      await transaction.send({ topic, messages: partitions.map((partition) => ({ partition, key: 'x', value: 'x' })) });
      await transaction.abort();
      await sleep(pollMs);
    }
  } finally {
    await Promise.all([producer.disconnect(), admin.disconnect()]);
  }
}

/** Reads the topic from its beginning until there is nothing more to come. */
async function isCompact(kafka: Kafka, topic: string): Promise<boolean> {
  const keys = new Set<string>();
  let superseded = false;
  let fetchesWithoutEvents = 0;
  const end = Promise.withResolvers<void>();
  const consumer = kafka.consumer({
    groupId: `compaction-${topic}`,
    maxWaitTimeInMs: 100,
    retry: { retries: 2, restartOnFailure: async () => false },
  });
  // Not by offsets: what is left at the end of a compacted partition may be nothing that a consumer is shown.
  consumer.on(consumer.events.FETCH, () => {
    fetchesWithoutEvents += 1;
    if (fetchesWithoutEvents === 4) end.resolve();
  });
  consumer.on(consumer.events.CRASH, ({ payload }) => end.reject(payload.error));
  try {
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      eachBatch: async ({ batch }) => {
        fetchesWithoutEvents = 0;
        for (const { key, value } of batch.messages) {
          const text = String(key);
          if (value === null || keys.has(text)) superseded = true;
          keys.add(text);
        }
      },
    });
    await end.promise;
  } finally {
    await consumer.disconnect();
  }
  return !superseded;
}
