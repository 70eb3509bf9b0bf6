import type { SimulatorClock } from '../clock.ts';
import { SalesforceError } from './salesforce-error.ts';

const windowMs = 86_400_000;
const bucketMs = 900_000;

/** Calls in the rolling 24 hours, counted per quarter of an hour. */
export interface ApiUsage {
  /** Counts a call, or throws REQUEST_LIMIT_EXCEEDED. */
  count(): void;
  used(): number;
  readonly limit: number;
  setLimit(limit: number): void;
}

export function createApiUsage(clock: SimulatorClock, dailyLimit: number): ApiUsage {
  const buckets = new Map<number, number>();
  let limit = dailyLimit;
  const used = (): number => {
    const oldest = Math.floor((clock.now() - windowMs) / bucketMs);
    let total = 0;
    for (const [bucket, calls] of buckets) {
      if (bucket <= oldest) buckets.delete(bucket);
      else total += calls;
    }
    return total;
  };
  return {
    count() {
      if (used() >= limit) throw new SalesforceError(403, 'REQUEST_LIMIT_EXCEEDED', 'TotalRequests Limit exceeded.');
      const bucket = Math.floor(clock.now() / bucketMs);
      buckets.set(bucket, (buckets.get(bucket) ?? 0) + 1);
    },
    used,
    get limit() {
      return limit;
    },
    setLimit(value) {
      limit = value;
    },
  };
}
