/**
 * The Kafka bus against kafkajs itself, on the same broker in the same run: same acks, same batches, no linger, the same
 * events. Then what an idle producer with an idle consumer costs.
 *
 *     node --conditions=source scripts/bench/bus-kafka.ts [events]
 *
 * Uses the broker of KAFKA_BROKERS, or starts one. Writes bench-results/bus-kafka.json; exits with 1 when a figure is
 * worse than what is promised.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { EventRecord } from '@kempt/contracts';
import { createKafkaEventBus } from '@kempt/event-bus-kafka';
import { startTestKafka } from '@kempt/event-bus-kafka/testing';
import kafkajs from 'kafkajs';

const events = Number(process.argv[2] ?? 30_000);
const batchSize = 500;
const partitions = 6;
const rounds = 5;
const idleMs = 10_000;
const promisedShare = 0.8;
const promisedIdleShare = 0.01;
const run = Date.now().toString(36);

const kafka = await startTestKafka();
if (!kafka.available) {
  console.error(`The benchmark needs a Kafka broker: ${kafka.reason}.`);
  process.exit(1);
}
const loadAtStart = loadavg();
const silent = { debug: () => {}, info: () => {}, warn: () => {} };
const value = new Uint8Array(800).map((_, index) => (index * 31) & 0xff);
const raw = new kafkajs.Kafka({
  brokers: [...kafka.brokers],
  clientId: 'bench-raw',
  logLevel: kafkajs.logLevel.NOTHING,
});
const bus = createKafkaEventBus({ brokers: kafka.brokers, clientId: 'bench-bus', logger: silent });

function eventOf(topic: string, index: number): EventRecord {
  return {
    topic,
    key: `default:sf:00D5g0000000001:Contact:003${String(index % 5_000).padStart(12, '0')}`,
    headers: {
      'content-type': 'application/protobuf',
      ce_specversion: '1.0',
      ce_id: `0191d3a0-0000-7000-8000-${String(index).padStart(12, '0')}`,
      ce_source: '/kempt/connector',
      ce_type: topic,
      ce_subject: `salesforce/Contact/003${String(index % 5_000).padStart(12, '0')}`,
      ce_time: '2026-01-01T00:00:00.000Z',
      ce_recordedtime: '2026-01-01T00:00:01.000Z',
      ce_tenantid: 'default',
      ce_sequence: String(index),
    },
    value,
  };
}

function batchesOf(topic: string): EventRecord[][] {
  const batches: EventRecord[][] = [];
  for (let from = 0; from < events; from += batchSize) {
    const size = Math.min(batchSize, events - from);
    batches.push(Array.from({ length: size }, (_, index) => eventOf(topic, from + index)));
  }
  return batches;
}

/** Events per second of both, batch by batch in turns, so that whatever else the machine does hits both alike. */
async function produceInTurns(rawTopic: string, busTopic: string): Promise<{ raw: number; bus: number }> {
  const producer = raw.producer({ idempotent: true, createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
  await producer.connect();
  const sendRaw = async (batch: readonly EventRecord[]): Promise<void> => {
    const messages = batch.map((record) => ({
      key: record.key,
      value: record.value === null ? null : Buffer.from(record.value),
      headers: record.headers,
    }));
    await producer.send({ topic: rawTopic, acks: -1, messages });
  };
  const spentMs = { raw: 0, bus: 0 };
  const timed = async (who: 'raw' | 'bus', work: () => Promise<void>): Promise<void> => {
    const startMs = performance.now();
    await work();
    spentMs[who] += performance.now() - startMs;
  };
  const [rawBatches, busBatches] = [batchesOf(rawTopic), batchesOf(busTopic)];
  for (const [index, rawBatch] of rawBatches.entries()) {
    const busBatch = busBatches[index] ?? [];
    const turns = [() => timed('raw', () => sendRaw(rawBatch)), () => timed('bus', () => bus.publish(busBatch))];
    for (const turn of index % 2 === 0 ? turns : turns.toReversed()) await turn();
  }
  await producer.disconnect();
  return { raw: events / (spentMs.raw / 1_000), bus: events / (spentMs.bus / 1_000) };
}

/** From the first chunk to the last, since joining a group takes its time whoever does it. */
function stopwatch() {
  const done = Promise.withResolvers<number>();
  let startMs = 0;
  let counted = 0;
  return {
    rate: done.promise,
    count(received: number) {
      if (startMs === 0) startMs = performance.now();
      counted += received;
      if (counted >= events) done.resolve(events / ((performance.now() - startMs) / 1_000));
    },
  };
}

async function consumeRaw(topic: string, group: string): Promise<number> {
  const watch = stopwatch();
  const consumer = raw.consumer({ groupId: group, maxWaitTimeInMs: 500 });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await consumer.run({
    eachBatchAutoResolve: false,
    partitionsConsumedConcurrently: 4,
    eachBatch: async ({ batch, commitOffsetsIfNecessary, resolveOffset, heartbeat }) => {
      for (let at = 0; at < batch.messages.length; at += batchSize) {
        const chunk = batch.messages.slice(at, at + batchSize);
        const last = chunk.at(-1);
        if (!last) return;
        watch.count(chunk.length);
        const offset = String(BigInt(last.offset) + 1n);
        await commitOffsetsIfNecessary({ topics: [{ topic, partitions: [{ partition: batch.partition, offset }] }] });
        resolveOffset(last.offset);
        await heartbeat();
      }
    },
  });
  const rate = await watch.rate;
  await consumer.disconnect();
  return rate;
}

async function consumeBus(topic: string, group: string): Promise<number> {
  const watch = stopwatch();
  const subscription = await bus.subscribe({
    group,
    topics: [topic],
    maxChunkRecords: batchSize,
    eachChunk: async ({ records }) => watch.count(records.length),
  });
  const rate = await watch.rate;
  await subscription.stop();
  return rate;
}

async function idleShare(topic: string): Promise<number> {
  const subscription = await bus.subscribe({
    group: `bench.${run}.idle`,
    topics: [topic],
    from: 'latest',
    eachChunk: async () => {},
  });
  await bus.publish([eventOf(topic, 0)]);
  await sleep(2_000);
  const before = process.cpuUsage();
  await sleep(idleMs);
  const { user, system } = process.cpuUsage(before);
  await subscription.stop();
  return (user + system) / 1_000 / idleMs;
}

const figures: Record<'produceRaw' | 'produceBus' | 'consumeRaw' | 'consumeBus', number[]> = {
  produceRaw: [],
  produceBus: [],
  consumeRaw: [],
  consumeBus: [],
};
const topicOf = (round: number, who: string) => `bench.${run}.${who}-${round}`;
const topics = Array.from({ length: rounds + 1 }, (_, round) => [topicOf(round, 'raw'), topicOf(round, 'bus')]).flat();
await bus.ensureTopics(topics.map((name) => ({ name, partitions, cleanup: 'delete', retentionMs: 3_600_000 })));

// The first round warms both up and does not count. Who consumes first changes from round to round.
for (let round = 0; round <= rounds; round += 1) {
  const [rawTopic, busTopic] = [topicOf(round, 'raw'), topicOf(round, 'bus')];
  const produced = await produceInTurns(rawTopic, busTopic);
  figures.produceRaw.push(produced.raw);
  figures.produceBus.push(produced.bus);
  const steps = [
    async () => figures.consumeRaw.push(await consumeRaw(rawTopic, `${rawTopic}.group`)),
    async () => figures.consumeBus.push(await consumeBus(busTopic, `${busTopic}.group`)),
  ];
  for (const step of round % 2 === 0 ? steps : steps.toReversed()) await step();
}
const median = (values: readonly number[]) => values.slice(1).sort((a, b) => a - b)[Math.floor(rounds / 2)] ?? 0;
/** Of each round, since a round has the same company for both. */
const shareOf = (ofBus: readonly number[], ofRaw: readonly number[]) =>
  median(ofBus.map((rate, round) => rate / (ofRaw[round] ?? 1)));
const idle = await idleShare(topicOf(0, 'bus'));
await bus.close();
await kafka.stop();

const rows = (['produce', 'consume'] as const).map((what) => {
  const [ofRaw, ofBus] = [figures[`${what}Raw`], figures[`${what}Bus`]];
  return {
    what,
    rawPerSecond: Math.round(median(ofRaw)),
    busPerSecond: Math.round(median(ofBus)),
    share: shareOf(ofBus, ofRaw),
  };
});
const passed = rows.every(({ share }) => share >= promisedShare) && idle < promisedIdleShare;
console.log(
  `Kafka bus against raw kafkajs: ${events} events of ${value.length} bytes, batches of ${batchSize}, acks all`,
);
console.log(
  `load average at start ${loadAtStart.map((load) => load.toFixed(2)).join(' ')}, broker from ${kafka.origin}\n`,
);
console.log('          raw kafkajs/s   Kafka bus/s   share   promised');
for (const { what, rawPerSecond, busPerSecond, share } of rows) {
  const cells = [what.padEnd(8), String(rawPerSecond).padStart(14), String(busPerSecond).padStart(13)];
  console.log(`${cells.join(' ')} ${`${(share * 100).toFixed(0)} %`.padStart(7)}     >= ${promisedShare * 100} %`);
}
console.log(`idle CPU of a producer and a consumer: ${(idle * 100).toFixed(2)} % of a core, promised < 1 %`);
await mkdir('bench-results', { recursive: true });
const result = {
  events,
  batchSize,
  partitions,
  valueBytes: value.length,
  loadAtStart,
  rows,
  rounds: figures,
  idleShare: idle,
  passed,
};
await writeFile('bench-results/bus-kafka.json', `${JSON.stringify(result, undefined, 2)}\n`);
process.exitCode = passed ? 0 : 1;
