import type { MatchModel } from '@kempt/entity-resolution';

/** What a model says of two records on which a verdict stands. */
export interface JudgedPair {
  readonly isSame: boolean;
  /** Match probability; 0 when the two can never be one. */
  readonly probability: number;
  /** Whether the model would join the two: it compares them at all, and finds them probable enough. */
  readonly joins: boolean;
}

/** How well a model agrees with the verdicts that stand. */
export interface VerdictScore {
  readonly verdicts: number;
  /** Share of the verdicts that the model decides alike; null without verdicts. */
  readonly agreement: number | null;
  /** Mean of the negative logarithm of the probability that the model gives to what people said, in nats. */
  readonly logLoss: number | null;
}

/** No model is so sure that one verdict may cost more than this: 13.8 nats. */
const probabilityFloor = 1e-6;

export function scoreOnVerdicts(pairs: readonly JudgedPair[]): VerdictScore {
  if (pairs.length === 0) return { verdicts: 0, agreement: null, logLoss: null };
  let alike = 0;
  let loss = 0;
  for (const { isSame, probability, joins } of pairs) {
    if (isSame === joins) alike += 1;
    const given = isSame ? probability : 1 - probability;
    loss -= Math.log(Math.min(1, Math.max(probabilityFloor, given)));
  }
  return { verdicts: pairs.length, agreement: alike / pairs.length, logLoss: loss / pairs.length };
}

/** How a comparison's levels are spread now against before. */
export interface LevelShift {
  readonly column: string;
  /**
   * Population stability index, the sum over the levels of (after - before) ln(after / before): below 0.1 little changed,
   * above 0.25 the population is another one. Null when the two models do not have the same levels.
   */
  readonly matches: number | null;
  /** The same among records of different entities. */
  readonly others: number | null;
}

const shareFloor = 1e-4;

/** How the populations shifted from which two models learned, comparison by comparison. */
export function levelShifts(before: MatchModel, after: MatchModel): LevelShift[] {
  const known = new Map(before.features.map((feature) => [feature.name, feature]));
  return after.features.map((feature) => {
    const earlier = known.get(feature.name);
    const labels = feature.levels.map((level) => level.label).join('\n');
    if (earlier === undefined || earlier.levels.map((level) => level.label).join('\n') !== labels) {
      return { column: feature.name, matches: null, others: null };
    }
    return {
      column: feature.name,
      matches: stabilityIndex(
        earlier.levels.map((level) => level.m),
        feature.levels.map((level) => level.m),
      ),
      others: stabilityIndex(
        earlier.levels.map((level) => level.u),
        feature.levels.map((level) => level.u),
      ),
    };
  });
}

function stabilityIndex(before: readonly number[], after: readonly number[]): number {
  return before.reduce((sum, share, level) => {
    const earlier = Math.max(shareFloor, share);
    const later = Math.max(shareFloor, after[level] ?? 0);
    return sum + (later - earlier) * Math.log(later / earlier);
  }, 0);
}

/** What would become of the clusters of today. */
export interface ClusterDrift {
  readonly clusters: number;
  /** Clusters that would not have the same records any more. */
  readonly changed: number;
  readonly share: number;
}

/**
 * @param before the cluster of each record today; a record that is in none is left out
 * @param after every record, by cluster
 */
export function clusterDrift(before: ReadonlyMap<string, string>, after: readonly (readonly string[])[]): ClusterDrift {
  const placeOf = new Map<string, number>();
  after.forEach((members, index) => {
    for (const ref of members) placeOf.set(ref, index);
  });
  const clusters = new Map<string, { place: number | undefined; size: number; isWhole: boolean }>();
  for (const [ref, goldenId] of before) {
    const place = placeOf.get(ref);
    const cluster = clusters.get(goldenId);
    if (cluster === undefined) {
      clusters.set(goldenId, { place, size: 1, isWhole: true });
    } else {
      cluster.size += 1;
      if (cluster.place !== place) cluster.isWhole = false;
    }
  }
  let changed = 0;
  for (const { place, size, isWhole } of clusters.values()) {
    if (!isWhole || place === undefined || after[place]?.length !== size) changed += 1;
  }
  return { clusters: clusters.size, changed, share: clusters.size === 0 ? 0 : changed / clusters.size };
}

/** How a model compares with the one that decides. */
export interface ModelComparison {
  /** The version that decided when they were compared. */
  readonly comparedWith: string;
  /** ISO 8601. */
  readonly comparedAt: string;
  readonly verdicts: { readonly deciding: VerdictScore; readonly candidate: VerdictScore };
  readonly clusters: ClusterDrift;
  readonly levels: readonly LevelShift[];
}

export interface PromotionLimits {
  /** Share of the clusters that a promotion may change without somebody insisting. */
  readonly clustersChangedMax: number;
}

/** How much worse the log loss may be before it counts: what a handful of verdicts moves by chance. */
const logLossTolerance = 0.01;

/** What speaks against letting a model decide, for people; empty when nothing does. */
export function objections(comparison: ModelComparison | undefined, limits: PromotionLimits): string[] {
  if (comparison === undefined) return ['It was never compared with the model that decides.'];
  const found: string[] = [];
  const { deciding, candidate } = comparison.verdicts;
  if (deciding.agreement !== null && candidate.agreement !== null && candidate.agreement < deciding.agreement) {
    found.push(
      `It agrees with ${percent(candidate.agreement)} of ${candidate.verdicts} verdicts, the model that decides with ${percent(deciding.agreement)}.`,
    );
  }
  if (
    deciding.logLoss !== null &&
    candidate.logLoss !== null &&
    candidate.logLoss > deciding.logLoss + logLossTolerance
  ) {
    found.push(
      `Its log loss on ${candidate.verdicts} verdicts is ${candidate.logLoss.toFixed(3)} nats, that of the model that decides ${deciding.logLoss.toFixed(3)}.`,
    );
  }
  const { share, changed, clusters } = comparison.clusters;
  if (share > limits.clustersChangedMax) {
    found.push(
      `It would change ${changed} of ${clusters} clusters (${percent(share)}); up to ${percent(limits.clustersChangedMax)} pass without a look.`,
    );
  }
  return found;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
