import type { Estimate, Stratum } from './estimation.ts';
import type { ColumnDiagnostics, MatchModel } from './model.ts';
import { probabilityOf, weightOf } from './model.ts';
import { type ComparedPairs, type DrawnPairs, weigherOf } from './pair-sample.ts';
import { PairScorer } from './pair-scorer.ts';
import type { Plan } from './plan.ts';
import type { RecordStore } from './record-store.ts';

/** Pairs that the expected precision is read off. */
const mostPairs = 50_000;
/** A comparison that moves a match by less than this on average, or that fewer records than this share can take part in, is weak. */
const leastBits = 1;
const leastFilled = 0.05;

/** What the model itself knows of its weak points. No label is needed, so none of it is a measurement. */
export function diagnosticsOf({
  plan,
  store,
  fit,
  pairs,
  sample,
  strata,
  threshold,
}: {
  readonly plan: Plan;
  readonly store: RecordStore;
  readonly fit: Estimate;
  readonly pairs: DrawnPairs;
  readonly sample: ComparedPairs;
  readonly strata: readonly Stratum[];
  readonly threshold: number;
}): MatchModel['diagnostics'] {
  const columns = columnsOf(plan, store, fit);
  return {
    records: store.rows,
    candidatePairs: pairs.candidates,
    expectedMatches: Math.round(fit.expectedMatches),
    expectedPrecision: expectedPrecision(new PairScorer(fit, store), { pairs, sample, strata, threshold }),
    untrainedLevels: fit.features.flatMap((feature) =>
      feature.levels.filter((level) => !level.trained).map((level) => `${feature.name}: ${level.label}`),
    ),
    columns,
    weakColumns: columns.filter(({ bits, filled }) => bits < leastBits || filled < leastFilled).map(({ name }) => name),
    iterations: fit.iterations,
  };
}

function columnsOf(plan: Plan, store: RecordStore, fit: Estimate): ColumnDiagnostics[] {
  const filled = plan.slots.map((_, slot) => {
    let count = 0;
    for (let row = 0; row < store.rows; row += 1) count += store.isFilled(row, slot) ? 1 : 0;
    return store.rows === 0 ? 0 : count / store.rows;
  });
  return fit.features.map((feature) => ({
    name: feature.name,
    filled: short(filled[feature.slot] as number),
    bits: short(feature.levels.reduce((sum, { m, weight }) => sum + m * weight, 0)),
  }));
}

/** The mean match probability of the candidate pairs above the threshold; 1 where there are none. */
function expectedPrecision(
  scorer: PairScorer,
  {
    pairs,
    sample,
    strata,
    threshold,
  }: {
    readonly pairs: DrawnPairs;
    readonly sample: ComparedPairs;
    readonly strata: readonly Stratum[];
    readonly threshold: number;
  },
): number {
  const weigh = weigherOf(scorer, { pairs, sample, strata });
  const least = weightOf(threshold);
  const step = Math.max(1, sample.kept / mostPairs);
  let above = 0;
  let matches = 0;
  for (let at = 0; Math.floor(at) < sample.kept; at += step) {
    const pair = Math.floor(at);
    const weight = weigh(pair);
    if (weight < least) continue;
    const stands = sample.weights[pair] as number;
    above += stands;
    matches += stands * probabilityOf(weight);
  }
  return above === 0 ? 1 : short(matches / above);
}

/** Four digits: more would tell differences that mean nothing, and equal data must give equal text. */
function short(value: number): number {
  return Math.round(value * 10_000) / 10_000;
}
