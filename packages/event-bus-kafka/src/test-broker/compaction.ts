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
    while (!(await isCompact(kafka, topic, partitions))) {
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

async function isCompact(kafka: Kafka, topic: string, partitions: readonly number[]): Promise<boolean> {
  const keys = new Set<string>();
  let superseded = false;
  const passed = new Set<number>();
  const consumer = kafka.consumer({ groupId: `compaction-${topic}`, maxWaitTimeInMs: 100 });
  const admin = kafka.admin();
  await Promise.all([consumer.connect(), admin.connect()]);
  const ends = new Map((await admin.fetchTopicOffsets(topic)).map(({ partition, high }) => [partition, BigInt(high)]));
  await admin.disconnect();
  const done = Promise.withResolvers<void>();
  consumer.on(consumer.events.END_BATCH_PROCESS, ({ payload }) => {
    if (BigInt(payload.lastOffset) + 1n >= (ends.get(payload.partition) ?? 0n)) passed.add(payload.partition);
    if (partitions.every((partition) => passed.has(partition) || ends.get(partition) === 0n)) done.resolve();
  });
  await consumer.subscribe({ topic, fromBeginning: true });
  await consumer.run({
    autoCommit: false,
    eachBatch: async ({ batch }) => {
      for (const { key, value } of batch.messages) {
        const text = String(key);
        if (value === null || keys.has(text)) superseded = true;
        keys.add(text);
      }
    },
  });
  await done.promise;
  await consumer.disconnect();
  return !superseded;
}
