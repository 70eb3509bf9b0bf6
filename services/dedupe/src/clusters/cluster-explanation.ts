import {
  areCandidates,
  type ClusterStep,
  clusterComponent,
  decisionThreshold,
  type Matcher,
  type NormalRecord,
  weightOf,
} from '@kempt/entity-resolution';
import { originsIn } from '../matching/record-scorer.ts';

/** Verdicts by references. */
export interface Links {
  readonly mustLink: readonly (readonly [string, string])[];
  readonly cannotLink: readonly (readonly [string, string])[];
}

/**
 * How the records of one cluster came together: its merges in order. They are found by clustering these records once more; records outside
 * have no part in it, since they never joined.
 */
export function stepsOf(matcher: Matcher, normals: ReadonlyMap<string, NormalRecord>, links: Links): ClusterStep[] {
  const steps: ClusterStep[] = [];
  const minimumWeight = weightOf(decisionThreshold(matcher.model));
  const score = (a: string, b: string) => matcher.score(normals.get(a) as NormalRecord, normals.get(b) as NormalRecord);
  const refs = [...normals.keys()].toSorted();
  // Only pairs that share enough are compared by the stream; the others count in means, but start no merge.
  const edges = refs.flatMap((a, at) =>
    refs
      .slice(at + 1)
      .filter((b) => areCandidates(matcher, normals.get(a) as NormalRecord, normals.get(b) as NormalRecord))
      .map((b) => ({ a, b, weight: score(a, b).weight })),
  );
  clusterComponent(refs, edges, score, {
    ...links,
    minimumWeight,
    origins: originsIn(matcher.model),
    onStep: (step) => steps.push(step),
  });
  return steps.filter(({ joined }) => joined);
}
