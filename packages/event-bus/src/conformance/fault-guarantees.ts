import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import type { EventRecord } from '@kempt/contracts';
import { type ConformanceRun, keysNamed, numbered, numberedRange, watchOrder } from './conformance-run.ts';
import type { ConsumerMessage, ConsumerTask } from './consumer-child.ts';

const killTitle = 'every event is handled at least once and in order although its consumer is killed again and again';

/** What holds when processes and brokers die. */
export function testFaultGuarantees(run: ConformanceRun): void {
  const { childBus, killConsumer, restartBroker } = run.harness;
  if (childBus) {
    test(killTitle, async () => {
      const folder = await mkdtemp(join(tmpdir(), 'kempt-bus-'));
      const journal = join(folder, 'journal');
      await writeFile(journal, '');
      const publisher = await run.bus();
      const topic = await run.topic(publisher);
      const keys = keysNamed('key', 20);
      const task = { bus: await childBus(), group: run.groupName(), topic, journal, hangInChunk: null };
      const readJournal = async (): Promise<readonly EventRecord[]> =>
        (await readFile(journal, 'utf8'))
          .split('\n')
          .filter(Boolean)
          .map((line) => JSON.parse(line) as EventRecord);

      const rounds = 5;
      for (let round = 1; round <= rounds; round += 1) {
        await publisher.publish(numberedRange(topic, keys, [round * 10 - 9, round * 10]));
        // Half of them die in the middle of a chunk, the others wherever they are.
        const hangs = round % 2 === 1;
        const child = startConsumer({ ...task, hangInChunk: hangs ? 2 : null });
        await messageOf(child, hangs ? 'hanging' : 'chunk', run.patienceMs);
        if (!hangs) await delay(Math.random() * 60);
        child.kill('SIGKILL');
        await once(child, 'exit');
      }

      const last = startConsumer(task);
      const complete = (order: ReturnType<typeof watchOrder>) =>
        keys.every((key) => order.highest(key) === rounds * 10);
      let order = watchOrder();
      await run.until('every event in the journal', async () => {
        order = watchOrder();
        (await readJournal()).forEach(order.see);
        return complete(order);
      });
      await run.until('everything committed', async () =>
        (await publisher.lag(task.group)).every(({ records }) => records === 0n),
      );
      last.send({ type: 'stop' });
      const [exitCode] = await once(last, 'exit');
      expect(exitCode).toBe(0);
      expect(order.faults).toEqual([]);
      expect(new Set((await readJournal()).map(({ headers }) => headers['ce_id'])).size).toBe(
        keys.length * rounds * 10,
      );
      expect(order.seen).toBeGreaterThan(keys.length * rounds * 10);
      await rm(folder, { recursive: true });
    });
  } else if (killConsumer) {
    test(killTitle, async () => {
      const publisher = await run.bus();
      const topic = await run.topic(publisher);
      const group = run.groupName();
      const keys = keysNamed('key', 20);
      const order = watchOrder();
      const rounds = 5;
      for (let round = 1; round <= rounds; round += 1) {
        await publisher.publish(numberedRange(topic, keys, [round * 10 - 9, round * 10]));
        const victim = await run.bus();
        let chunks = 0;
        let hanging = false;
        await victim.subscribe({
          group,
          topics: [topic],
          maxChunkRecords: 16,
          eachChunk: async ({ records }) => {
            chunks += 1;
            const hangs = chunks >= 2;
            records.slice(0, hangs ? records.length / 2 : records.length).forEach(order.see);
            if (hangs) {
              hanging = true;
              await new Promise(() => {});
            }
          },
        });
        await run.until('a chunk in the middle', () => hanging);
        await killConsumer(victim);
      }
      await (await run.bus()).subscribe({
        group,
        topics: [topic],
        eachChunk: async ({ records }) => records.forEach(order.see),
      });
      await run.until('every event', () => keys.every((key) => order.highest(key) === rounds * 10));
      await run.until('everything committed', async () =>
        (await publisher.lag(group)).every(({ records }) => records === 0n),
      );
      expect(order.faults).toEqual([]);
      expect(order.seen).toBeGreaterThan(keys.length * rounds * 10);
    });
  }

  if (restartBroker) {
    test('a broker that restarts loses nothing: publish rejects or is durable, and consumers go on', async () => {
      const [publisher, reader] = await Promise.all([run.bus(), run.bus()]);
      const topic = await run.topic(publisher);
      const group = run.groupName();
      const received = new Set<string>();
      const errors: unknown[] = [];
      const subscription = await reader.subscribe({
        group,
        topics: [topic],
        onError: (error) => errors.push(error),
        eachChunk: async ({ records }) => {
          for (const { headers } of records) received.add(headers['ce_id'] ?? '');
          await delay(2);
        },
      });
      const keys = keysNamed('key', 8);
      const resolved: string[] = [];
      let sequence = 0;
      let publishing = true;
      const publishes = (async () => {
        while (publishing) {
          sequence += 1;
          const events = keys.map((key) => numbered(topic, key, sequence));
          try {
            await publisher.publish(events);
            resolved.push(...events.map(({ headers }) => headers['ce_id'] ?? ''));
          } catch (error) {
            expect(error).toMatchObject({ retriable: true });
            await delay(20);
          }
        }
      })();
      await run.until('the first events', () => received.size > 0);
      await restartBroker();
      const atRestart = resolved.length;
      await run.until('publishing to go on', () => resolved.length > atRestart + 40);
      publishing = false;
      await publishes;
      await run.until('every acknowledged event', () => resolved.every((id) => received.has(id)));
      await run.until('a healthy subscription', () => subscription.healthy());
      await run.until('a reachable bus', () =>
        reader.ping().then(
          () => true,
          () => false,
        ),
      );
    });
  }
}

function startConsumer(task: ConsumerTask): ChildProcess {
  const entry = fileURLToPath(new URL('./consumer-child.ts', import.meta.url));
  return fork(entry, [JSON.stringify(task)], {
    execArgv: ['--conditions=source', '--disable-warning=ExperimentalWarning'],
    env: { ...process.env, NODE_OPTIONS: '' },
  });
}

async function messageOf(child: ChildProcess, type: ConsumerMessage['type'], timeoutMs: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`No "${type}" from the consumer within ${timeoutMs} ms`)),
      timeoutMs,
    );
    child.on('message', (message: ConsumerMessage) => {
      if (message.type !== type) return;
      clearTimeout(timer);
      resolve();
    });
    child.once('exit', (code) => {
      clearTimeout(timer);
      reject(new Error(`The consumer ended by itself with code ${code}`));
    });
  });
}
