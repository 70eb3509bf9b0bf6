import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { createPostgresEventBus, migratePostgresEventBus, type PostgresEventBus } from '@kempt/event-bus-postgres';
import type { CrashChildOptions } from './crash-child.ts';
import {
  countRows,
  createOutboxTestBed,
  effectsOf,
  eventually,
  type OutboxTestBed,
  recordTopic,
} from './outbox-test-bed.ts';

let bed: OutboxTestBed;
let bus: PostgresEventBus;
const children = new Set<ChildProcess>();

beforeAll(async () => {
  bed = await createOutboxTestBed();
  await migratePostgresEventBus({ adminUrl: bed.adminUrl, roles: [bed.role] });
  bus = createPostgresEventBus({ url: bed.url, applicationName: 'kempt-test-observer' });
  await bus.ensureTopics([recordTopic]);
});
afterEach(() => {
  for (const child of children) child.kill('SIGKILL');
});
afterAll(async () => {
  await bus.close();
  await bed.close();
});

/** Starts a service process and resolves when it works. `confirmed` is told of each change that it has committed. */
async function startChild(
  options: Omit<CrashChildOptions, 'url'>,
  confirmed: (subject: string, version: number) => void,
): Promise<{ kill(): Promise<void> }> {
  const child = spawn(
    process.execPath,
    [
      '--conditions=source',
      fileURLToPath(new URL('crash-child.ts', import.meta.url)),
      JSON.stringify({ ...options, url: bed.url }),
    ],
    { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, NODE_OPTIONS: '' } },
  );
  children.add(child);
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => {
      children.delete(child);
      resolve();
    });
  });
  await new Promise<void>((resolve, reject) => {
    let rest = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        if (line === 'ready') resolve();
        const [subject, version] = line.split(' ');
        if (subject !== undefined && version !== undefined) confirmed(subject, Number(version));
      }
    });
    void exited.then(() => reject(new Error(`Process ${options.name} ended before it was ready`)));
  });
  return {
    kill: async () => {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

test('two service processes that are killed again and again lose nothing, repeat nothing and keep the order', async () => {
  const confirmed = new Map<string, number>();
  const note = (subject: string, version: number): void => {
    confirmed.set(subject, Math.max(version, confirmed.get(subject) ?? 0));
  };
  const liveAndDie = async (name: string): Promise<void> => {
    for (let life = 1; life <= 4; life += 1) {
      const child = await startChild({ name: `${name}-${life}`, writes: true }, note);
      await new Promise((resolve) => setTimeout(resolve, 100 + Math.random() * 700));
      await child.kill();
    }
  };
  await Promise.all([liveAndDie('a'), liveAndDie('b')]);
  const last = await startChild({ name: 'last', writes: false }, note);
  await eventually(
    'everything that was changed is published',
    async () => (await countRows(bed.database, 'outbox')) === 0,
  );
  await eventually('everything is read', async () => (await bus.lag('reader')).every(({ records }) => records === 0n));
  await eventually('nothing waits', async () => (await countRows(bed.database, 'parked_key')) === 0);
  await last.kill();

  const subjects = await bed.database.transaction('acme', (tx) =>
    tx.query<{ id: string; version: number }>('select id, version from subject'),
  );
  const effects = await effectsOf(bed.database, 'acme');
  expect(subjects.length).toBeGreaterThan(5);
  for (const { id, version } of subjects) {
    expect(version).toBeGreaterThanOrEqual(confirmed.get(id) ?? 0);
    expect({ id, effects: effects[id] }).toEqual({ id, effects: Array.from({ length: version }, (_, at) => at + 1) });
  }
  expect(await countRows(bed.database, 'dead_letter')).toBe(0);
}, 120_000);
