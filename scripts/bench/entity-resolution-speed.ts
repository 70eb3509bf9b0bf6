/**
 * Speed, memory and accuracy on generated contacts of two CRMs, beside Splink 5 and GoldenMatch 3 on the same file in the same run.
 * Usage: scripts/bench/run entity-resolution-speed [ROWS ...] [--only kempt,splink,goldenmatch] [--seed TEXT] [--most-seconds N]
 *   scripts/bench/run entity-resolution-speed
 * ROWS are 100000 and 1000000 by default. Every engine is a whole process: it reads the CSV file, learns, resolves and writes the clusters.
 * Kempt and GoldenMatch decide by themselves; Splink is set up by hand for these columns (peers/splink_contacts.py) and shown at the
 * best of three thresholds, which takes the labels to know. Memory is the highest resident set of the process and its children,
 * looked at every 100 ms. The truth is read by the scorer only. Prints a table and writes bench-results/entity-resolution-speed.json.
 * What it said last, on two cores, stands in packages/entity-resolution/README.md: a million rows take Kempt four fifths of the time that Splink
 * takes, with two fifths of its memory; at 100,000 rows Splink takes 4.9 s and Kempt 6.1 s. Kempt finds more at both.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  accuracyOf,
  columns,
  costOf,
  goldenMatchEngine,
  kemptEngine,
  node,
  runEngine,
  splinkContacts,
} from './entity-resolution-engine.ts';

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    only: { type: 'string' },
    seed: { type: 'string', default: 'bench' },
    'most-seconds': { type: 'string', default: '900' },
  },
});

const engines = [kemptEngine, splinkContacts, goldenMatchEngine];
const wanted = flags.only?.split(',') ?? engines.map(({ name }) => name);
const results: Record<string, unknown>[] = [];
for (const rows of positionals.length > 0 ? positionals.map(Number) : [100_000, 1_000_000]) {
  const folder = join('bench-results', `entity-resolution-${flags.seed}-${rows}`);
  if (!existsSync(join(folder, 'truth.csv'))) {
    const [command, ...args] = [...node, 'scripts/bench/entity-resolution-records.ts', `${rows}`, folder, flags.seed];
    const { status } = spawnSync(command, ['--max-old-space-size=8000', ...args], { stdio: 'inherit' });
    if (status !== 0) throw new Error('the records could not be generated; the reason is above');
  }
  const truth = columns(join(folder, 'truth.csv'), 'id', 'cluster_id');
  for (const engine of engines) {
    if (!wanted.includes(engine.name)) continue;
    const files = { records: [join(folder, 'records.csv')], clusters: join(folder, `${engine.name}.csv`) };
    const run = await runEngine(engine, files, { truth, mostSeconds: Number(flags['most-seconds']) });
    results.push({ rows, engine: engine.name, ...run });
    process.stdout.write(`${String(rows).padStart(8)}  ${engine.name.padEnd(12)} ${costOf(run)}  ${accuracyOf(run)}\n`);
  }
}
mkdirSync('bench-results', { recursive: true });
writeFileSync(
  'bench-results/entity-resolution-speed.json',
  `${JSON.stringify({ machine: cpus().map(({ model }) => model), results }, null, 2)}\n`,
);
