import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startTestKafka, type TestKafka } from '@kempt/event-bus-kafka/testing';
import { runChaos } from './chaos.ts';
import { runComparison } from './comparison.ts';
import { runConsole } from './console.ts';
import type { Deployment } from './deployment.ts';
import { startDistributed } from './distributed-deployment.ts';
import { startStandalone } from './standalone-deployment.ts';
import { runUndo } from './undo.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    ci: { type: 'boolean', default: false },
    kills: { type: 'string', default: '20' },
    merges: { type: 'string', default: '500' },
    pictures: { type: 'string' },
    shape: { type: 'string', default: 'both' },
    seed: { type: 'string', default: 'kempt' },
    keep: { type: 'boolean', default: false },
  },
});
const command = values.ci ? 'ci' : positionals[0];
const kills = values.ci ? 3 : Number(values.kills);
const seed = values.seed;

if (command !== 'ci' && command !== 'compare' && command !== 'chaos' && command !== 'undo' && command !== 'console') {
  console.error(
    'Usage: scripts/slice/run compare | chaos [--kills N] [--shape standalone|distributed] | undo [--merges N] | console [--pictures FOLDER] | --ci',
  );
  process.exit(2);
}

const folder = await mkdtemp(join(tmpdir(), 'kempt-slice-'));
const outcomes: { readonly what: string; readonly passed: boolean; readonly detail: string }[] = [];
let kafka: TestKafka | undefined;

const shapes: Readonly<Record<Deployment['shape'], (name: string) => Promise<Deployment>>> = {
  standalone: (name) => startStandalone({ folder: join(folder, name), seed, syncIntervalMs: 1_000 }),
  distributed: async (name) =>
    startDistributed({
      folder: join(folder, name),
      brokers: (await requireKafka()).brokers,
      seed,
      topicPrefix: `${name}-${process.pid}.`,
      syncIntervalMs: 1_000,
    }),
};

async function requireKafka(): Promise<TestKafka> {
  if (kafka !== undefined) return kafka;
  const started = await startTestKafka();
  if (!started.available) throw new Error(`The distributed shape needs a Kafka: ${started.reason}`);
  kafka = started;
  return started;
}

async function note(what: string, run: () => Promise<string>): Promise<void> {
  console.log(`\n-- ${what}`);
  try {
    const detail = await run();
    outcomes.push({ what, passed: true, detail });
    console.log(detail);
  } catch (error) {
    const detail =
      error instanceof Error
        ? `${error.message}${error.cause instanceof Error ? `: ${error.cause.message}` : ''}`
        : String(error);
    outcomes.push({ what, passed: false, detail });
    console.log(`FAILED ${detail}`);
  }
}

try {
  if (command === 'compare' || command === 'ci') {
    await note('Both shapes give the same events and the same answers', () => runComparison(shapes, seed));
  }
  if (command === 'chaos' || command === 'ci') {
    for (const shape of ['standalone', 'distributed'] as const) {
      if (values.shape !== 'both' && values.shape !== shape) continue;
      await note(`Nothing is lost or doubled after ${kills} kills of each service: ${shape}`, () =>
        runChaos({ start: () => shapes[shape](`chaos-${shape}`), kills, seed }),
      );
    }
  }
  if (command === 'undo') {
    await note(`${values.merges} merges in each CRM can be taken back`, () =>
      runUndo({ merges: Number(values.merges) }),
    );
  }
  if (command === 'console') {
    await note('A steward does the work in the console', () =>
      runConsole({ start: () => shapes.standalone('console'), picturesFolder: values.pictures }),
    );
  }
} finally {
  await kafka?.stop();
  const failed = outcomes.filter((outcome) => !outcome.passed);
  if (failed.length === 0 && !values.keep) await rm(folder, { recursive: true, force: true });
  else console.log(`\nLogs are in ${folder}`);
}

console.log();
for (const { what, passed } of outcomes) console.log(`${passed ? 'passed' : 'FAILED'}  ${what}`);
const passed = outcomes.filter((outcome) => outcome.passed).length;
console.log(`${passed} passed, ${outcomes.length - passed} failed`);
process.exit(passed === outcomes.length ? 0 : 1);
