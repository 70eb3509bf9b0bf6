import { describe, expect, test } from '@jest/globals';
import type { Chunk } from '@kempt/event-bus';
import type { EachBatchPayload } from 'kafkajs';
import { createChunkWorker } from './chunk-worker.ts';
import { type KafkaEventBusOptions, settingsOf } from './kafka-options.ts';
import { createNaming } from './record-mapping.ts';

function workerFor(eachChunk: (chunk: Chunk) => Promise<void>, options: Partial<KafkaEventBusOptions> = {}) {
  const errors: unknown[] = [];
  const worker = createChunkWorker({
    options: { group: 'group', topics: ['t'], maxChunkRecords: 2, eachChunk },
    settings: settingsOf({
      brokers: ['localhost:1'],
      clientId: 'test',
      logger: { debug: () => {}, info: () => {}, warn: () => {} },
      sessionTimeoutMs: 400,
      heartbeatIntervalMs: 20,
      rebalanceTimeoutMs: 500,
      redeliveryBaseMs: 40,
      random: () => 1,
      ...options,
    }),
    naming: createNaming('acme.'),
    onError: (error) => errors.push(error),
  });
  return { worker, errors };
}

/** A batch as kafkajs hands it over, and what was done with it. */
function batchOf(count: number, heartbeat: () => Promise<void> = async () => {}) {
  const log: string[] = [];
  let beats = 0;
  const payload = {
    batch: {
      topic: 'acme.t',
      partition: 3,
      messages: Array.from({ length: count }, (_, index) => ({
        offset: String(10 + index),
        timestamp: '1000',
        key: Buffer.from('key'),
        value: null,
        headers: { ce_id: Buffer.from(String(index)) },
      })),
    },
    isRunning: () => true,
    isStale: () => false,
    heartbeat: async () => {
      beats += 1;
      await heartbeat();
    },
    resolveOffset: (offset: string) => void log.push(`resolve ${offset}`),
    commitOffsetsIfNecessary: async (offsets: { topics: { partitions: { offset: string }[] }[] }) => {
      log.push(`commit ${offsets.topics[0]?.partitions[0]?.offset}`);
    },
    pause: () => {
      log.push('pause');
      return () => log.push('resume');
    },
  } as unknown as EachBatchPayload;
  return { payload, log, beats: () => beats };
}

const groupError = (type: string) => Object.assign(new Error(type), { type });
const sleep = (durationMs: number) => new Promise<void>((resolve) => setTimeout(resolve, durationMs));

async function until(what: string, isTrue: () => boolean): Promise<void> {
  const deadline = performance.now() + 5_000;
  while (!isTrue()) {
    if (performance.now() > deadline) throw new Error(`Waited in vain for: ${what}`);
    await sleep(2);
  }
}

describe('chunk worker', () => {
  test('chunks are committed one after the other, each before the next begins, under the name that services use', async () => {
    const chunks: string[] = [];
    const { payload, log } = batchOf(5);
    const { worker } = workerFor(async ({ topic, partition, records }) => {
      chunks.push(`${topic}/${partition} ${records.map(({ offset }) => offset).join()} after ${log.at(-1)}`);
    });
    await worker.eachBatch(payload);
    expect(chunks).toEqual(['t/3 10,11 after undefined', 't/3 12,13 after resolve 11', 't/3 14 after resolve 13']);
    expect(log).toEqual(['commit 12', 'resolve 11', 'commit 14', 'resolve 13', 'commit 15', 'resolve 14']);
  });

  test('heartbeats go on while a chunk is worked on, whether or not it asks for them', async () => {
    const { payload, beats } = batchOf(1);
    const { worker } = workerFor(() => sleep(200));
    await worker.eachBatch(payload);
    expect(beats()).toBeGreaterThan(4);
  });

  test('a chunk that rejects is not committed, its partition pauses longer each time, the batch is given back', async () => {
    const { payload, log } = batchOf(4);
    let failing = true;
    const { worker, errors } = workerFor(async () => {
      if (failing) throw new Error('not yet');
    });
    const pausesMs: number[] = [];
    for (const count of [1, 2, 3]) {
      const before = performance.now();
      await worker.eachBatch(payload);
      await until('resumption', () => log.filter((line) => line === 'resume').length === count);
      pausesMs.push(performance.now() - before);
    }
    expect(log).toEqual(['pause', 'resume', 'pause', 'resume', 'pause', 'resume']);
    expect(errors).toHaveLength(3);
    expect(pausesMs[0]).toBeGreaterThanOrEqual(39);
    expect(pausesMs[2]).toBeGreaterThanOrEqual(159);
    failing = false;
    await worker.eachBatch(payload);
    expect(log.slice(6)).toEqual(['commit 12', 'resolve 11', 'commit 14', 'resolve 13']);
  });

  test('while the group rebalances the chunk at hand is finished and committed, then the consumer joins again', async () => {
    const { payload, log } = batchOf(4, async () => {
      throw groupError('REBALANCE_IN_PROGRESS');
    });
    let aborted: boolean | undefined;
    const { worker } = workerFor(async ({ signal, heartbeat }) => {
      await heartbeat();
      await sleep(50);
      aborted = signal.aborted;
    });
    await expect(worker.eachBatch(payload)).rejects.toMatchObject({ type: 'REBALANCE_IN_PROGRESS' });
    expect(aborted).toBe(false);
    expect(log).toEqual(['commit 12', 'resolve 11']);
  });

  test('a chunk is aborted before the group stops waiting for it', async () => {
    const { payload, log } = batchOf(1, async () => {
      throw groupError('REBALANCE_IN_PROGRESS');
    });
    const startMs = performance.now();
    const { worker, errors } = workerFor(async ({ signal }) => {
      await until('the abort', () => signal.aborted);
      throw signal.reason;
    });
    await expect(worker.eachBatch(payload)).rejects.toMatchObject({ type: 'REBALANCE_IN_PROGRESS' });
    expect(performance.now() - startMs).toBeGreaterThanOrEqual(390);
    expect(log).toEqual([]);
    expect(errors).toEqual([]);
  });

  test('a chunk whose partition is gone is aborted at once, and its heartbeat says so', async () => {
    const { payload, log } = batchOf(1, async () => {
      throw groupError('UNKNOWN_MEMBER_ID');
    });
    const seen: unknown[] = [];
    const { worker } = workerFor(async ({ signal, heartbeat }) => {
      await heartbeat().catch((error: unknown) => seen.push(error));
      seen.push(signal.aborted);
      throw signal.reason;
    });
    await expect(worker.eachBatch(payload)).rejects.toMatchObject({ type: 'UNKNOWN_MEMBER_ID' });
    expect(seen).toEqual([expect.objectContaining({ type: 'UNKNOWN_MEMBER_ID' }), true]);
    expect(log).toEqual([]);
  });

  test('heartbeats that fail for a moment do not disturb a chunk, silence for a whole session ends it', async () => {
    let away = true;
    const passing = batchOf(1, async () => {
      if (away) throw new Error('connection closed');
    });
    const { worker } = workerFor(async ({ signal }) => {
      await sleep(60);
      away = false;
      await sleep(60);
      expect(signal.aborted).toBe(false);
    });
    await worker.eachBatch(passing.payload);
    expect(passing.log).toEqual(['commit 11', 'resolve 10']);

    away = true;
    const lasting = batchOf(1, passing.payload.heartbeat);
    const silent = workerFor(async ({ signal }) => {
      await until('the abort', () => signal.aborted);
      throw signal.reason;
    });
    await expect(silent.worker.eachBatch(lasting.payload)).rejects.toThrow('connection closed');
    expect(lasting.log).toEqual([]);
  });

  test('a chunk that runs too long is reported and aborted, and comes again after a pause', async () => {
    const { payload, log } = batchOf(1);
    const { worker, errors } = workerFor(
      async ({ signal }) => {
        await until('the abort', () => signal.aborted);
        throw signal.reason;
      },
      { chunkTimeoutMs: 50 },
    );
    await worker.eachBatch(payload);
    expect(String(errors[0])).toMatch(/topic "t", partition 3, has run for \d+ ms/);
    expect(log[0]).toBe('pause');
  });

  test('stop finishes the chunk at hand and begins no other', async () => {
    const { payload, log } = batchOf(6);
    const { worker, errors } = workerFor(() => sleep(40));
    const batch = worker.eachBatch(payload);
    await sleep(5);
    await worker.stop(1_000);
    expect(log).toEqual(['commit 12', 'resolve 11']);
    await batch;
    await worker.eachBatch(payload);
    expect(log).toEqual(['commit 12', 'resolve 11']);
    expect(errors).toEqual([]);
  });

  test('stop does not wait for a cluster that takes no offset: the chunk comes again', async () => {
    const { payload, log } = batchOf(2);
    const { worker } = workerFor(async () => {});
    const away = { ...payload, commitOffsetsIfNecessary: () => new Promise<void>(() => {}) };
    const ended = worker.eachBatch(away);
    const startedMs = performance.now();
    await worker.stop(10_000);
    await ended;
    expect(performance.now() - startedMs).toBeLessThan(4_000);
    expect(log).toEqual([]);
    await worker.idle();
  });

  test('stop aborts a chunk after its grace, then goes without it', async () => {
    const { payload, log } = batchOf(1);
    let signal: AbortSignal | undefined;
    const { worker, errors } = workerFor((chunk) => {
      signal = chunk.signal;
      return new Promise(() => {});
    });
    const batch = worker.eachBatch(payload);
    await sleep(5);
    await worker.stop(50);
    expect(signal?.aborted).toBe(true);
    await batch;
    expect(log).toEqual([]);
    expect(errors).toEqual([expect.objectContaining({ code: 'bus-closed' })]);
  });
});
