/**
 * Accuracy and speed of the matching library on labelled sets: one engine, schema inferred, one threshold, no per-set code.
 * Usage: node --conditions=source scripts/bench/entity-resolution.ts FOLDER [--only NAME]
 * Prints a table and writes bench-results/entity-resolution.json.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { decisionThreshold, inferSchema, resolve, trainModel } from '../../packages/entity-resolution/src/index.ts';
import { bCubedScores, clusterPairScores } from './entity-resolution-scores.ts';
import { labelledSets } from './entity-resolution-sets.ts';

const [folder, ...flags] = process.argv.slice(2);
if (folder === undefined) throw new Error('give the folder that holds the labelled sets as the first argument');
const only = flags[0] === '--only' ? flags[1] : undefined;

const results: Record<string, unknown>[] = [];
const shown = (value: number): string => value.toFixed(4);
for (const labelled of labelledSets(folder)) {
  if (only !== undefined && !labelled.name.includes(only)) continue;
  const schema = inferSchema(labelled.rows.map((row) => row.fields));
  const started = performance.now();
  const model = await trainModel(labelled.rows, schema);
  const trained = performance.now();
  const { clusters } = await resolve(labelled.rows, model, { threshold: decisionThreshold(model) });
  const finished = performance.now();
  const pairs = clusterPairScores(clusters, labelled.truth);
  const cubed = bCubedScores(clusters, labelled.truth);
  results.push({
    set: labelled.name,
    records: labelled.rows.length,
    clusterPairs: pairs,
    bCubed: cubed,
    trainMs: Math.round(trained - started),
    resolveMs: Math.round(finished - trained),
    model: model.version,
  });
  process.stdout.write(
    `${labelled.name.padEnd(18)} ${String(labelled.rows.length).padStart(6)}  P ${shown(pairs.precision)} R ${shown(pairs.recall)} F1 ${shown(pairs.f1)}  B3 ${shown(cubed.f1)}  train ${((trained - started) / 1000).toFixed(2)} s  resolve ${((finished - trained) / 1000).toFixed(2)} s\n`,
  );
}
mkdirSync('bench-results', { recursive: true });
writeFileSync('bench-results/entity-resolution.json', `${JSON.stringify(results, null, 2)}\n`);
