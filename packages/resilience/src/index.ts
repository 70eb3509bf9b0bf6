export { type BreakerOptions, type BreakerState, isDependencyFailure } from './breaker.ts';
export { type Clock, systemClock } from './clock.ts';
export { createManualClock, type ManualClock } from './manual-clock.ts';
export { createPolicy, type Policy, type PolicyOptions, type RetryOptions, type RunOptions } from './policy.ts';
export { PolicyError, type PolicyErrorCode } from './policy-error.ts';
export { retryAfterMsOf } from './retry-after.ts';
export type { RateOptions } from './token-bucket.ts';
