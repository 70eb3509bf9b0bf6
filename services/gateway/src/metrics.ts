import type { Counter, Gauge, Histogram, Metrics } from '@kempt/telemetry';

export interface GatewayMetrics {
  /** outcome: ok, missing, unknown, expired, revoked, store_away. */
  readonly authentications: Counter<'outcome'>;
  readonly rateLimited: Counter;
  /** outcome: the class of the status (2xx to 5xx), unreachable, timeout, refused, cancelled. */
  readonly upstreamDuration: Histogram<'upstream' | 'outcome'>;
  readonly upstreamReady: Gauge<'upstream'>;
  /** outcome: stored, left_out (repeated, old, or no change), unreadable. Events that are never looked into are not counted. */
  readonly streamEvents: Counter<'topic' | 'outcome'>;
  readonly streamClients: Gauge;
  /** reason: gone, slow, stopping, unauthorised, failed. */
  readonly streamsEnded: Counter<'reason'>;
  /** outcome: passed, refused (by the connector), unknown (connection), too_large, rate_limited, unavailable. */
  readonly webhooks: Counter<'outcome'>;
  /** Tells at each scrape whether the stream hears the bus. */
  watchStream(isConnected: () => boolean): void;
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
    streamEvents: metrics.counter(
      'kempt_gateway_stream_events_total',
      'Events of the bus that the event stream looked into, by what became of them.',
      ['topic', 'outcome'],
    ),
    streamClients: metrics.gauge('kempt_gateway_stream_clients', 'Clients that follow an event stream.'),
    streamsEnded: metrics.counter('kempt_gateway_streams_ended_total', 'Event streams that ended, by reason.', [
      'reason',
    ]),
    webhooks: metrics.counter('kempt_gateway_webhooks_total', 'Calls of CRMs by what became of them.', ['outcome']),
    watchStream(isConnected) {
      const connected: Gauge = metrics.gauge(
        'kempt_gateway_stream_connected',
        '1 while the event stream hears the bus.',
        { collect: (): void => connected.set(isConnected() ? 1 : 0) },
      );
    },
  };
}
