import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  accuracyOf,
  costOf,
  type EngineRun,
  goldenMatchEngine,
  kemptEngine,
  kemptLink,
  runEngine,
  splinkSet,
} from './entity-resolution-engine.ts';
import type { LabelledSet } from './entity-resolution-sets.ts';

const mostSeconds = 600;

/** Two lists that have nobody twice, which Splink's set-up makes use of. */
const oneToOne: ReadonlySet<string> = new Set(['fodors_zagats', 'febrl4']);

export interface ComparedSet {
  readonly set: string;
  readonly records: number;
  readonly engines: Readonly<Record<string, EngineRun>>;
}

/**
 * Runs Kempt, Splink and GoldenMatch on the same files of a set, one file a source, each as a process of its own. Kempt and GoldenMatch are
 * told nothing, or once more that no list has anybody twice where Splink is told so, too. Splink is set up by hand for the set (peers/splink_sets.py) and shown at the best of its thresholds.
 */
export async function compareWithPeers(set: LabelledSet, say: (line: string) => void): Promise<ComparedSet> {
  const folder = join('bench-results', 'entity-resolution-sets', set.name.replaceAll(' ', '_'));
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const records = writeSources(set, folder);
  const engines: Record<string, EngineRun> = {};
  const knowing = oneToOne.has(set.name) ? [kemptLink] : [];
  for (const engine of [kemptEngine, ...knowing, splinkSet(set.name), goldenMatchEngine]) {
    const clusters = join(folder, `clusters-${engine.name.replaceAll(' ', '')}.csv`);
    const run = await runEngine(engine, { records, clusters }, { truth: set.truth, mostSeconds });
    engines[engine.name] = run;
    say(`${set.name.padEnd(18)} ${engine.name.padEnd(12)} ${costOf(run)}  ${accuracyOf(run)}`);
  }
  return { set: set.name, records: set.rows.length, engines };
}

function writeSources(set: LabelledSet, folder: string): string[] {
  return [...Map.groupBy(set.rows, ({ source }) => source)].map(([source, rows]) => {
    const names = [...new Set(rows.flatMap(({ fields }) => Object.keys(fields)))];
    const lines = rows.map(({ id, fields }) => [id, ...names.map((name) => fields[name] ?? '')].map(cell).join(','));
    const file = join(folder, `${source}.csv`);
    writeFileSync(file, `${[['id', ...names].map(cell).join(','), ...lines].join('\n')}\n`);
    return file;
  });
}

function cell(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** A line a set and engine, as a table of a page. */
export function comparisonTable(sets: readonly ComparedSet[]): string {
  const lines = sets.flatMap(({ set, records, engines }) =>
    Object.entries(engines).map(([engine, run]) => {
      const { precision, recall, f1 } = run.clusterPairs ?? {};
      const scores = [precision, recall, f1].map((score) => score?.toFixed(3) ?? 'failed');
      const cost = [`${run.cpuSeconds.toFixed(1)} s`, `${(run.peakBytes / 1e6).toFixed(0)} MB`];
      return `| ${[set, records, engine, ...scores, ...cost].join(' | ')} |`;
    }),
  );
  return `${['| set | records | engine | precision | recall | F1 | processor time | memory |', '|---|---|---|---|---|---|---|---|', ...lines].join('\n')}\n`;
}
