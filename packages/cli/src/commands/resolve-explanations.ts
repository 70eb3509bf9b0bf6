import {
  type ClusterStep,
  createMatcher,
  type Explanation,
  historyOf,
  type InputRecord,
  type Matcher,
  type MatchModel,
  type PairOutcome,
  type Resolution,
  reasonFor,
  sentenceOf,
} from '@kempt/entity-resolution';
import type { LoadedRecord } from './resolve-records.ts';

/** A record and the number of its cluster. */
export interface Assignment {
  readonly record: LoadedRecord;
  readonly clusterId: number;
}

interface RecordName {
  readonly source: string;
  readonly id: string;
}

/** Why a pair that came near a match was one or not: prior and rows add up to the weight. */
export interface ExplainedPair extends Explanation {
  readonly kind: 'pair';
  readonly left: RecordName;
  readonly right: RecordName;
  /** Whether both ended in one cluster. */
  readonly joined: boolean;
  readonly outcome: PairOutcome;
  readonly sharedKeys: readonly string[];
  readonly summary: string;
}

/** How a cluster of several rows was built, and why neighbours stayed outside. */
export interface ExplainedCluster {
  readonly kind: 'cluster';
  readonly clusterId: number;
  readonly members: readonly RecordName[];
  readonly steps: readonly {
    readonly joined: boolean;
    readonly reason: string;
    readonly meanWeight: number | null;
    readonly neededWeight: number | null;
    readonly summary: string;
  }[];
  /** Ids in the library's terms and the steps as they happened, for pictures. */
  readonly traced: { readonly ids: readonly string[]; readonly steps: readonly ClusterStep[] };
}

export interface ExplainOptions {
  readonly assignments: readonly Assignment[];
  readonly resolution: Resolution;
  readonly steps: readonly ClusterStep[];
  readonly model: MatchModel;
  readonly signal?: AbortSignal | undefined;
  readonly onPair: (done: number) => void;
}

const pauseEvery = 256;

/** How a row is called in sentences and pictures. */
function nameOfRow({ record }: Assignment): string {
  return `${record.source} ${record.localId}`;
}

/** Why two records match, or why not, as a line of a file. */
export function explainedPair(
  matcher: Matcher,
  [left, right]: readonly [ExplainedRow, ExplainedRow],
  joined: boolean,
): ExplainedPair {
  const { explanation, outcome, sharedKeys, summary } = reasonFor(
    matcher,
    matcher.normalise(left.record),
    matcher.normalise(right.record),
  );
  return { kind: 'pair', left: left.name, right: right.name, joined, outcome, summary, sharedKeys, ...explanation };
}

interface ExplainedRow {
  readonly record: InputRecord;
  readonly name: RecordName;
}

/** What is written of explanations: all but what pictures need besides. */
export async function* explanationLines(
  explanations: AsyncIterable<ExplainedPair | ExplainedCluster>,
): AsyncGenerator<object> {
  for await (const each of explanations) {
    if (each.kind === 'pair') {
      yield each;
      continue;
    }
    const { traced: _, ...shown } = each;
    yield shown;
  }
}

/** Every pair that came near a match, then every cluster of several rows. */
export async function* explainResolution(options: ExplainOptions): AsyncGenerator<ExplainedPair | ExplainedCluster> {
  const { assignments, resolution, model, signal, onPair } = options;
  const matcher = createMatcher(model);
  const byId = new Map(assignments.map((assignment) => [assignment.record.id, assignment]));
  let done = 0;
  for (const { a, b } of resolution.edges) {
    if (done % pauseEvery === 0) {
      await new Promise<void>((resolve) => setImmediate(resolve));
      signal?.throwIfAborted();
      onPair(done);
    }
    const left = byId.get(a) as Assignment;
    const right = byId.get(b) as Assignment;
    const rows = [
      { record: left.record, name: rowName(left) },
      { record: right.record, name: rowName(right) },
    ] as const;
    yield explainedPair(matcher, rows, left.clusterId === right.clusterId);
    done += 1;
  }
  yield* explainClusters(options, byId);
}

function* explainClusters(
  { resolution, steps }: ExplainOptions,
  byId: ReadonlyMap<string, Assignment>,
): Generator<ExplainedCluster> {
  const stepsOf = stepsByCluster(resolution.clusters, steps);
  const nameOf = (id: string): string => nameOfRow(byId.get(id) as Assignment);
  for (const [at, ids] of resolution.clusters.entries()) {
    if (ids.length < 2) continue;
    const { merges, refusals } = historyOf(ids, stepsOf.get(at) ?? []);
    const told = [...merges, ...refusals];
    yield {
      kind: 'cluster',
      clusterId: byId.get(ids[0] as string)?.clusterId as number,
      members: ids.map((id) => rowName(byId.get(id) as Assignment)),
      steps: told.map((step) => ({
        joined: step.joined,
        reason: step.reason,
        meanWeight: step.meanWeight,
        neededWeight: step.neededWeight,
        summary: sentenceOf(step, nameOf),
      })),
      traced: { ids, steps: told },
    };
  }
}

/** Steps by the finished clusters that they touch, so that each cluster need not look at all of them. */
function stepsByCluster(
  clusters: readonly (readonly string[])[],
  steps: readonly ClusterStep[],
): Map<number, ClusterStep[]> {
  const clusterOf = new Map(clusters.flatMap((ids, at) => ids.map((id) => [id, at] as const)));
  const found = new Map<number, ClusterStep[]>();
  for (const step of steps) {
    const touched = new Set([step.left[0], step.right[0]].map((id) => clusterOf.get(id as string) as number));
    for (const at of touched) {
      const known = found.get(at);
      if (known === undefined) found.set(at, [step]);
      else known.push(step);
    }
  }
  return found;
}

function rowName({ record }: Assignment): RecordName {
  return { source: record.source, id: record.localId };
}
