import { readFileSync, rmSync } from 'node:fs';
import { clusterPairScores, type Scores, type Truth } from './entity-resolution-scores.ts';
import { type MeasuredRun, measure } from './measured-process.ts';
import { peerEnvironment, peerPython } from './peer-environment.ts';

/** A matcher as a whole process: it reads CSV files, one a source, learns, resolves and writes the clusters. */
export interface Engine {
  readonly name: string;
  command(records: readonly string[], clusters: string): readonly [string, ...string[]];
  readonly env?: NodeJS.ProcessEnv;
  /** Endings of further files with clusters at other thresholds. */
  readonly further: readonly string[];
}

export const node = [process.execPath, '--conditions=source', '--disable-warning=ExperimentalWarning'] as const;

export const kemptEngine: Engine = {
  name: 'kempt',
  // As the first line of the command's file starts it.
  command: (records, clusters) => [
    ...node,
    '--max-semi-space-size=8',
    'packages/cli/src/main.ts',
    'resolve',
    ...records,
    '--out',
    clusters,
  ],
  further: [],
};

/** Kempt, told that no file has anybody twice. */
export const kemptLink: Engine = {
  ...kemptEngine,
  name: 'kempt --link',
  command: (records, clusters) => [...kemptEngine.command(records, clusters), '--link'],
};

export const goldenMatchEngine: Engine = {
  name: 'goldenmatch',
  command: (records, clusters) => [peerPython(), 'scripts/bench/peers/goldenmatch_files.py', clusters, ...records],
  env: peerEnvironment(),
  further: [],
};

export const splinkContacts: Engine = {
  name: 'splink',
  command: (records, clusters) => [
    peerPython(),
    'scripts/bench/peers/splink_contacts.py',
    ...records.slice(0, 1),
    clusters,
  ],
  env: peerEnvironment(),
  further: ['.0.95', '.0.999'],
};

/** Splink as it is set up for one of the labelled sets. */
export function splinkSet(set: string): Engine {
  return {
    name: 'splink',
    command: (records, clusters) => [peerPython(), 'scripts/bench/peers/splink_sets.py', set, clusters, ...records],
    env: peerEnvironment(),
    further: ['.0.5', '.0.8', '.0.9', '.0.95', '.0.999'],
  };
}

/** What an engine made of some files. */
export interface EngineRun extends MeasuredRun {
  /** At the threshold that does best, which takes the truth to know; null where the engine failed. */
  readonly clusterPairs: Scores | null;
  readonly atEveryThreshold: readonly Scores[];
}

export async function runEngine(
  engine: Engine,
  files: { readonly records: readonly string[]; readonly clusters: string },
  { truth, mostSeconds }: { readonly truth: Truth; readonly mostSeconds: number },
): Promise<EngineRun> {
  const written = ['', ...engine.further].map((ending) => `${files.clusters}${ending}`);
  for (const file of written) rmSync(file, { force: true });
  const [program, ...args] = engine.command(files.records, files.clusters);
  const run = await measure(program, args, { ...(engine.env !== undefined && { env: engine.env }), mostSeconds });
  const scored = run.failure === null ? written.map((file) => score(file, truth)) : [];
  const best = scored.toSorted((a, b) => b.f1 - a.f1)[0];
  return { ...run, clusterPairs: best ?? null, atEveryThreshold: scored };
}

/** The accuracy of a run, or why there is none, as a line says it. */
export function accuracyOf({ clusterPairs, failure }: EngineRun): string {
  if (clusterPairs === null) return `failed: ${failure?.slice(-300)}`;
  const { precision, recall, f1 } = clusterPairs;
  return `P ${precision.toFixed(4)} R ${recall.toFixed(4)} F1 ${f1.toFixed(4)}`;
}

/** What a run took, as a line says it. */
export function costOf({ seconds, cpuSeconds, peakBytes }: EngineRun): string {
  return `${seconds.toFixed(1).padStart(7)} s  cpu ${cpuSeconds.toFixed(1).padStart(7)} s  ${(peakBytes / 1e6).toFixed(0).padStart(6)} MB`;
}

/** The two named columns of a file whose values need no quotes. */
export function columns(file: string, from: string, to: string): Map<string, string> {
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

function score(file: string, truth: Truth): Scores {
  const clusters = Map.groupBy(columns(file, 'id', 'cluster_id'), ([, cluster]) => cluster);
  return clusterPairScores(
    [...clusters.values()].map((members) => members.map(([id]) => id)),
    truth,
  );
}
