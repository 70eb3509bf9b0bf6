import { createMatcher, type Explanation, type MatchModel, type ResolvedEdge } from '@kempt/entity-resolution';
import type { Assignment } from './resolve-assignments.ts';

interface RecordName {
  readonly source: string;
  readonly id: string;
}

interface ExplainedPair extends Explanation {
  readonly left: RecordName;
  readonly right: RecordName;
  /** Whether both ended in one cluster. */
  readonly joined: boolean;
}

const pauseEvery = 256;

/** Why every pair that came near a match was one or not: prior and rows add up to the weight. */
export async function* explainPairs(
  edges: readonly ResolvedEdge[],
  {
    assignments,
    model,
    signal,
    onPair,
  }: {
    readonly assignments: readonly Assignment[];
    readonly model: MatchModel;
    readonly signal?: AbortSignal | undefined;
    readonly onPair: (done: number) => void;
  },
): AsyncGenerator<ExplainedPair> {
  const matcher = createMatcher(model);
  const byId = new Map(assignments.map((assignment) => [assignment.record.id, assignment]));
  let done = 0;
  for (const { a, b } of edges) {
    if (done % pauseEvery === 0) {
      await new Promise<void>((resolve) => setImmediate(resolve));
      signal?.throwIfAborted();
      onPair(done);
    }
    const left = byId.get(a) as Assignment;
    const right = byId.get(b) as Assignment;
    const explanation = matcher.explain(matcher.normalise(left.record), matcher.normalise(right.record));
    yield {
      left: { source: left.record.source, id: left.record.localId },
      right: { source: right.record.source, id: right.record.localId },
      joined: left.clusterId === right.clusterId,
      ...explanation,
    };
    done += 1;
  }
}
