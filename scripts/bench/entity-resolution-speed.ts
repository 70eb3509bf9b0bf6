/**
 * Speed, memory and accuracy on generated contacts of two CRMs, beside Splink 5 and GoldenMatch 3 on the same file in the same run.
 * Usage: scripts/bench/run entity-resolution-speed [ROWS ...] [--only kempt,splink,goldenmatch] [--seed TEXT] [--most-seconds N]
 *   scripts/bench/run entity-resolution-speed
 * ROWS are 100000 and 1000000 by default. Every engine is a whole process: it reads the CSV file, learns, resolves and writes the clusters.
 * Kempt and GoldenMatch decide by themselves; Splink is set up by hand for these columns (peers/splink_contacts.py) and shown at the
 * best of three thresholds, which takes the labels to know. Memory is the highest resident set of the process and its children,
 * looked at every 100 ms. The truth is read by the scorer only. Prints a table and writes bench-results/entity-resolution-speed.json.
 * What it said last, on two cores, stands in packages/entity-resolution/README.md: a million rows take Kempt as long as Splink, with three
 * quarters of its processor time and half of its memory; at 100,000 rows Splink takes 4.4 s and Kempt 6.5 s. Kempt finds more at both.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { clusterPairScores, type Scores } from './entity-resolution-scores.ts';
import { measure } from './measured-process.ts';
import { peerEnvironment, peerPython } from './peer-environment.ts';

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    only: { type: 'string' },
    seed: { type: 'string', default: 'bench' },
    'most-seconds': { type: 'string', default: '900' },
  },
});

const node = [process.execPath, '--conditions=source', '--disable-warning=ExperimentalWarning'] as const;

interface Engine {
  readonly name: string;
  command(records: string, clusters: string): readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** Endings of further files with clusters at other thresholds. */
  readonly further: readonly string[];
}

const engines: readonly Engine[] = [
  {
    name: 'kempt',
    // As the first line of the command's file starts it.
    command: (records, clusters) => [
      ...node,
      '--max-semi-space-size=8',
      'packages/cli/src/main.ts',
      'resolve',
      records,
      '--out',
      clusters,
    ],
    further: [],
  },
  {
    name: 'splink',
    command: (records, clusters) => [peerPython(), 'scripts/bench/peers/splink_contacts.py', records, clusters],
    env: peerEnvironment(),
    further: ['.0.95', '.0.999'],
  },
  {
    name: 'goldenmatch',
    command: (records, clusters) => [peerPython(), 'scripts/bench/peers/goldenmatch_contacts.py', records, clusters],
    env: peerEnvironment(),
    further: [],
  },
];

/** The two named columns of a file whose values need no quotes. */
function columns(file: string, from: string, to: string): Map<string, string> {
  const [header = '', ...lines] = readFileSync(file, 'utf8').replaceAll('"', '').trimEnd().split(/\r?\n/);
  const names = header.split(',');
  const [key, value] = [names.indexOf(from), names.indexOf(to)];
  return new Map(
    lines.map((line) => {
      const cells = line.split(',');
      return [cells[key] as string, cells[value] as string];
    }),
  );
}

function score(file: string, truth: ReadonlyMap<string, string>): Scores {
  const clusters = Map.groupBy(columns(file, 'id', 'cluster_id'), ([, cluster]) => cluster);
  return clusterPairScores(
    [...clusters.values()].map((members) => members.map(([id]) => id)),
    truth,
  );
}

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
  for (const { name, command, env, further } of engines) {
    if (!wanted.includes(name)) continue;
    const clusters = join(folder, `${name}.csv`);
    const files = ['', ...further].map((ending) => `${clusters}${ending}`);
    for (const file of files) rmSync(file, { force: true });
    const [program = '', ...args] = command(join(folder, 'records.csv'), clusters);
    const run = await measure(program, args, {
      ...(env !== undefined && { env }),
      mostSeconds: Number(flags['most-seconds']),
    });
    const scored = run.failure === null ? files.map((file) => score(file, truth)) : [];
    const best = scored.toSorted((a, b) => b.f1 - a.f1)[0];
    results.push({ rows, engine: name, ...run, clusterPairs: best ?? null, atEveryThreshold: scored });
    const accuracy =
      best === undefined
        ? `failed: ${run.failure?.slice(-300)}`
        : `P ${best.precision.toFixed(4)} R ${best.recall.toFixed(4)} F1 ${best.f1.toFixed(4)}`;
    process.stdout.write(
      `${String(rows).padStart(8)}  ${name.padEnd(12)} ${run.seconds.toFixed(1).padStart(7)} s  cpu ${run.cpuSeconds.toFixed(1).padStart(7)} s  ${(run.peakBytes / 1e6).toFixed(0).padStart(6)} MB  ${accuracy}\n`,
    );
  }
}
mkdirSync('bench-results', { recursive: true });
writeFileSync(
  'bench-results/entity-resolution-speed.json',
  `${JSON.stringify({ machine: cpus().map(({ model }) => model), results }, null, 2)}\n`,
);
