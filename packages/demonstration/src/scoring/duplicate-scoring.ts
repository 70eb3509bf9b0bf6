import { Worker } from 'node:worker_threads';
import type { ApiClient } from '../first-sync/api-client.ts';
import { type PairScore, scoreLinks, scorePairs } from './pair-score.ts';
import type { TruthMessage, TruthRow } from './truth-worker.ts';

/** How well the duplicates of one part of the load were found. */
export interface DuplicateScore {
  readonly what: string;
  readonly score: PairScore;
}

/**
 * Scores what the API says against the truth of the simulated CRMs: persons, organisations, both together, and each
 * published data set by itself; and of the pairs that the native sync has linked whether those that are the same are together. Records that a user of the CRM has changed since are scored as they were made.
 */
export async function scoreDuplicates(options: {
  readonly api: ApiClient;
  readonly seed: string;
}): Promise<DuplicateScore[]> {
  const [truth, persons, organisations] = await Promise.all([
    readTruth(options.seed),
    clustersOf(options.api, 'person'),
    clustersOf(options.api, 'organisation'),
  ]);
  const clusters = [...persons, ...organisations];
  const known = new Set(clusters.flat());
  // A record that was deleted since is in no cluster, and cannot be found any more.
  const rows = [...truth.persons, ...truth.organisations].filter(([record]) => known.has(record));
  const isPerson = new Set(truth.persons.map(([record]) => record));
  const score = (what: string, part: readonly TruthRow[]): DuplicateScore => ({
    what,
    score: scorePairs(clusters, new Map(part.map(([record, entity]) => [record, entity]))),
  });
  const sets = [...new Set(rows.map(([, , dataSet]) => dataSet))].toSorted();
  return [
    score('everything', rows),
    score(
      'persons',
      rows.filter(([record]) => isPerson.has(record)),
    ),
    score(
      'organisations',
      rows.filter(([record]) => !isPerson.has(record)),
    ),
    ...sets.map((set) =>
      score(
        `  ${set}`,
        rows.filter(([, , dataSet]) => dataSet === set),
      ),
    ),
    {
      what: '  links of the native sync',
      score: scoreLinks(
        clusters,
        truth.links.filter(([record, to]) => known.has(record) && known.has(to)),
      ),
    },
  ];
}

async function clustersOf(api: ApiClient, entityKind: string): Promise<string[][]> {
  const clusters: string[][] = [];
  const pages = api.list<{ readonly members: string[] }>('/v1/clusters', { entityKind, limit: 200 });
  for await (const { members } of pages) clusters.push(members);
  return clusters;
}

async function readTruth(seed: string): Promise<TruthMessage> {
  const file = import.meta.url.endsWith('.ts') ? './truth-worker.ts' : './truth-worker.js';
  const worker = new Worker(new URL(file, import.meta.url), { workerData: { seed } });
  try {
    return await new Promise<TruthMessage>((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
    });
  } finally {
    await worker.terminate();
  }
}
