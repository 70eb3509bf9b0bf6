/**
 * Lower confidence bound of a proportion by Clopper and Pearson (Biometrika 26, 1934): the smallest proportion that would give at least so
 * many successes with a probability of 1 - confidence. One-sided and exact: the true proportion is lower in at most that
 * share of all cases, however few trials there are. The normal approximation and Wilson's interval promise this on
 * average only, and not where nearly every trial succeeds.
 */
export function lowerBound(
  trials: { readonly successes: number; readonly failures: number },
  confidence: number,
): number {
  const { successes, failures } = trials;
  if (successes === 0) return 0;
  let [low, high] = [0, 1];
  for (let step = 0; step < 60; step += 1) {
    const middle = (low + high) / 2;
    if (isRarer(1 - confidence, { successes, failures, proportion: middle })) low = middle;
    else high = middle;
  }
  return low;
}

/** Whether so many successes or more have a lower probability than `share` when each of the trials succeeds with `proportion`. */
function isRarer(
  share: number,
  trial: { readonly successes: number; readonly failures: number; readonly proportion: number },
): boolean {
  const { failures, proportion } = trial;
  const count = trial.successes + failures;
  // By logarithms, since the powers of many trials leave the range of numbers; one failure more at a time.
  const odds = Math.log1p(-proportion) - Math.log(proportion);
  let term = count * Math.log(proportion);
  let sum = Math.exp(term);
  for (let failed = 1; failed <= failures && sum < share; failed += 1) {
    term += odds + Math.log((count - failed + 1) / failed);
    sum += Math.exp(term);
  }
  return sum < share;
}

/** How many more successes in a row bring the bound up to the target. */
export function successesMissing(
  trials: { readonly successes: number; readonly failures: number },
  { target, confidence }: { readonly target: number; readonly confidence: number },
): number {
  const reaches = (more: number) =>
    lowerBound({ successes: trials.successes + more, failures: trials.failures }, confidence) >= target;
  if (reaches(0)) return 0;
  let high = 1;
  while (!reaches(high)) high *= 2;
  let low = high / 2;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (reaches(middle)) high = middle;
    else low = middle;
  }
  return high;
}
