import { lowerBound, successesMissing } from './binomial-bound.ts';

/** One-sided confidence of the bound. */
export const gateConfidence = 0.95;

export interface GateLimits {
  /** Precision that automatic merges must have. */
  readonly precisionTarget: number;
  /** Match probability that every two records of an automatic merge must have. */
  readonly probabilityMin: number;
}

/** What people said of pairs that the model is as sure of as automatic merges need. */
export interface GateVerdicts {
  readonly same: number;
  readonly different: number;
  readonly unsure: number;
}

/** Whether merges may go through without a look, and why. */
export interface Gate {
  readonly open: boolean;
  readonly verdicts: GateVerdicts;
  /** Share of `same`; null without verdicts. */
  readonly precision: number | null;
  readonly lowerBound: number;
  /** How many verdicts in a row that say `same` would open it; 0 when it is open. */
  readonly verdictsMissing: number;
  /** For people. */
  readonly reason: string;
}

/**
 * The gate is open when the lower confidence bound of the precision is at or above the target. What a reviewer could not tell counts
 * against it: nobody could stand up for that merge.
 */
export function judgeGate(
  verdicts: GateVerdicts,
  limits: GateLimits,
  state: { readonly isRescoring: boolean } = { isRescoring: false },
): Gate {
  const trials = { successes: verdicts.same, failures: verdicts.different + verdicts.unsure };
  const count = trials.successes + trials.failures;
  const bound = lowerBound(trials, gateConfidence);
  const reaches = bound >= limits.precisionTarget;
  const measured = `${verdicts.same} of ${count} pairs with a match probability of at least ${limits.probabilityMin} were found to be the same, so their precision is at least ${bound.toFixed(4)}`;
  const missing = successesMissing(trials, { target: limits.precisionTarget, confidence: gateConfidence });
  return {
    open: reaches && !state.isRescoring,
    verdicts,
    precision: count === 0 ? null : verdicts.same / count,
    lowerBound: bound,
    verdictsMissing: missing,
    reason: state.isRescoring
      ? 'another model was promoted and the records are still being scored anew'
      : reaches
        ? `${measured}; the target is ${limits.precisionTarget}`
        : `${measured}; the target is ${limits.precisionTarget}, which ${missing} more verdicts would show if all of them said the same`,
  };
}
