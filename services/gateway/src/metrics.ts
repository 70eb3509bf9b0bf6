import type { Counter, Gauge, Histogram, Metrics } from '@kempt/telemetry';

export interface GatewayMetrics {
  /** outcome: ok, missing, unknown, expired, revoked, store_away. */
  readonly authentications: Counter<'outcome'>;
  readonly rateLimited: Counter;
  /** outcome: the class of the status (2xx to 5xx), unreachable, timeout, refused, cancelled. */
  readonly upstreamDuration: Histogram<'upstream' | 'outcome'>;
  readonly upstreamReady: Gauge<'upstream'>;
}

export function createGatewayMetrics(metrics: Metrics): GatewayMetrics {
  return {
    authentications: metrics.counter(
      'kempt_gateway_authentications_total',
      'Requests by what became of their API key.',
      ['outcome'],
    ),
    rateLimited: metrics.counter(
      'kempt_gateway_rate_limited_total',
      'Requests refused because their key sent too many.',
    ),
    upstreamDuration: metrics.histogram(
      'kempt_gateway_upstream_duration_seconds',
      'Time until a service began to answer, retries and waiting included.',
      { labels: ['upstream', 'outcome'], buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30] },
    ),
    upstreamReady: metrics.gauge(
      'kempt_gateway_upstream_ready',
      '1 while the service said at the last look that it is ready.',
      ['upstream'],
    ),
  };
}
