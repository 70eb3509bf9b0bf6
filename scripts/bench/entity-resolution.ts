/**
 * Accuracy and speed of the matching library: one engine, one label-free threshold, no per-set code.
 * Usage:
 *   scripts/bench/run entity-resolution [FOLDER] [--further] [--only NAME] [--crm] [--seed TEXT] [--peers]
 * FOLDER holds labelled sets, whose schema is inferred; --further adds published sets that come with Python packages, --crm the simulators'
 * contacts and companies of both CRMs. With --peers the labelled sets also go through `kempt resolve`, Splink 5 and GoldenMatch 3, as
 * processes of their own that read the same files.
 * Prints tables and writes bench-results/entity-resolution.json, and the peers' part to bench-results/entity-resolution-peers.json.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import {
  decisionThreshold,
  type InputRecord,
  inferSchema,
  resolve,
  type Schema,
  trainModel,
} from '../../packages/entity-resolution/src/index.ts';
import { type CrmPopulation, crmOrganisations, crmPersons } from './entity-resolution-crm.ts';
import { type ComparedSet, compareWithPeers, comparisonTable } from './entity-resolution-peers.ts';
import { bCubedScores, clusterPairScores } from './entity-resolution-scores.ts';
import { labelledSets } from './entity-resolution-sets.ts';
import { furtherSets } from './further-sets.ts';

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    only: { type: 'string' },
    crm: { type: 'boolean' },
    further: { type: 'boolean' },
    seed: { type: 'string' },
    peers: { type: 'boolean' },
  },
});

interface BenchSet {
  readonly name: string;
  readonly schema: Schema;
  readonly rows: readonly InputRecord[];
  readonly truth: ReadonlyMap<string, string>;
}

const published = [...positionals, ...(flags.further === true ? [furtherSets()] : [])].flatMap(labelledSets);

async function* benchSets(): AsyncGenerator<BenchSet> {
  for (const { name, rows, truth } of published)
    yield { name, rows, truth, schema: inferSchema(rows.map((row) => row.fields)) };
  if (flags.crm === true) {
    const { createPopulation } = (await import('../../packages/crm-simulators/src/population/population.ts')) as {
      createPopulation(options: { seed?: string }): CrmPopulation;
    };
    const population = createPopulation(flags.seed === undefined ? {} : { seed: flags.seed });
    yield crmPersons(population);
    yield crmOrganisations(population);
  }
}

function cpuSeconds(since: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1e6;
}

const results: Record<string, unknown>[] = [];
const shown = (value: number): string => value.toFixed(4);
for await (const labelled of benchSets()) {
  if (flags.only !== undefined && !labelled.name.includes(flags.only)) continue;
  globalThis.gc?.();
  const before = process.memoryUsage().rss;
  const started = process.cpuUsage();
  const startedAt = performance.now();
  const model = await trainModel(labelled.rows, labelled.schema);
  const trainSeconds = cpuSeconds(started);
  const { clusters } = await resolve(labelled.rows, model, { threshold: decisionThreshold(model) });
  const cpu = cpuSeconds(started);
  const wall = (performance.now() - startedAt) / 1000;
  const memoryMb = (process.memoryUsage().rss - before) / 1e6;
  const pairs = clusterPairScores(clusters, labelled.truth);
  const cubed = bCubedScores(clusters, labelled.truth);
  results.push({
    set: labelled.name,
    records: labelled.rows.length,
    clusterPairs: pairs,
    bCubed: cubed,
    trainCpuSeconds: trainSeconds,
    resolveCpuSeconds: cpu - trainSeconds,
    wallSeconds: wall,
    memoryMb,
    model: model.version,
  });
  process.stdout.write(
    `${labelled.name.padEnd(18)} ${String(labelled.rows.length).padStart(6)}  P ${shown(pairs.precision)} R ${shown(pairs.recall)} F1 ${shown(pairs.f1)}  B3 ${shown(cubed.f1)}  cpu: train ${trainSeconds.toFixed(2)} s, resolve ${(cpu - trainSeconds).toFixed(2)} s  wall ${wall.toFixed(1)} s  +${memoryMb.toFixed(0)} MB\n`,
  );
}
mkdirSync('bench-results', { recursive: true });
writeFileSync('bench-results/entity-resolution.json', `${JSON.stringify(results, null, 2)}\n`);
if (flags.peers === true) {
  const compared: ComparedSet[] = [];
  for (const set of published) {
    if (flags.only !== undefined && !set.name.includes(flags.only)) continue;
    compared.push(await compareWithPeers(set, (line) => process.stdout.write(`${line}\n`)));
  }
  writeFileSync('bench-results/entity-resolution-peers.json', `${JSON.stringify(compared, null, 2)}\n`);
  process.stdout.write(comparisonTable(compared));
}
