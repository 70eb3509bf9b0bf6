import { type Dimension, dimensions, type Rule } from '../rules/rule.ts';

/** How often a rule was checked on the records at hand, and how often it failed. */
export interface RuleCount {
  readonly ruleId: string;
  readonly checked: number;
  readonly failed: number;
}

export interface DimensionScore {
  readonly dimension: Dimension;
  /** 0 to 100. */
  readonly score: number;
  /** Share of the whole score; the shares of all dimensions that were checked sum to 1. */
  readonly weight: number;
  readonly checked: number;
  readonly failed: number;
}

/** What a rule takes away from the score. */
export interface ScoreLoss extends RuleCount {
  readonly dimension: Dimension;
  /** Points out of 100. */
  readonly points: number;
}

export interface Score {
  /** 0 to 100; null when no rule applied to any record. */
  readonly score: number | null;
  readonly dimensions: readonly DimensionScore[];
  /** Most points first. They sum to what is missing to 100. */
  readonly losses: readonly ScoreLoss[];
}

/** How much each dimension counts when all of them were checked. What is missing and wrong hurts daily work most. */
export const dimensionWeights: Readonly<Record<Dimension, number>> = {
  completeness: 0.35,
  validity: 0.25,
  uniqueness: 0.2,
  freshness: 0.1,
  consistency: 0.1,
};

/**
 * The score of a set of records. Within a dimension, each rule counts by its weight and by how often it applied:
 * 100 x (1 - sum(weight x failed) / sum(weight x checked)). Dimensions are averaged by their weights; one in which
 * nothing was checked is left out, so that it is neither rewarded nor punished.
 */
export function scoreOf(counts: readonly RuleCount[], rules: readonly Rule[]): Score {
  const rulesById = new Map(rules.map((rule) => [rule.id, rule]));
  const weighted = counts.flatMap((count) => {
    const rule = rulesById.get(count.ruleId);
    return rule === undefined || !rule.enabled || count.checked === 0 ? [] : [{ ...count, rule }];
  });
  const present = dimensions.filter((dimension) => weighted.some(({ rule }) => rule.dimension === dimension));
  const allWeights = present.reduce((sum, dimension) => sum + dimensionWeights[dimension], 0);
  const losses: ScoreLoss[] = [];
  const scores = present.map((dimension): DimensionScore => {
    const own = weighted.filter(({ rule }) => rule.dimension === dimension);
    const weight = dimensionWeights[dimension] / allWeights;
    const checkedWeight = own.reduce((sum, { rule, checked }) => sum + rule.weight * checked, 0);
    for (const { ruleId, checked, failed, rule } of own) {
      if (failed === 0) continue;
      losses.push({
        ruleId,
        checked,
        failed,
        dimension,
        points: (100 * weight * rule.weight * failed) / checkedWeight,
      });
    }
    const failedWeight = own.reduce((sum, { rule, failed }) => sum + rule.weight * failed, 0);
    return {
      dimension,
      score: 100 * (1 - failedWeight / checkedWeight),
      weight,
      checked: own.reduce((sum, { checked }) => sum + checked, 0),
      failed: own.reduce((sum, { failed }) => sum + failed, 0),
    };
  });
  return {
    score: present.length === 0 ? null : scores.reduce((sum, { score, weight }) => sum + weight * score, 0),
    dimensions: scores,
    losses: losses.sort((a, b) => b.points - a.points || (a.ruleId < b.ruleId ? -1 : 1)),
  };
}
