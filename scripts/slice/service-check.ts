import { sumOf } from '@kempt/demonstration';
import { type Deployment, type ServiceName, serviceNames } from './deployment.ts';
import type { RecordedEvent } from './recorded-event.ts';
import { createRestClient } from './rest-dump.ts';

/** What shows that a service did its own part: a list that it answers from a table of its own, and a metric that counts it. */
const parts: Readonly<Record<ServiceName, { readonly route: string; readonly metric: string }>> = {
  connector: { route: '/v1/records', metric: 'kempt_records_read_total' },
  dedupe: { route: '/v1/clusters?minSize=2', metric: 'kempt_dedupe_proposals_total' },
  'data-quality': { route: '/v1/data-quality/issues', metric: 'kempt_data_quality_issue_changes_total' },
  'integration-audit': { route: '/v1/findings', metric: 'kempt_findings_open' },
  metrics: { route: '/v1/kpis', metric: 'kempt_kpi_value' },
  gateway: { route: '/v1/api-keys', metric: 'kempt_gateway_stream_events_total' },
};

/**
 * Holds that every service took in events, published events of its own (the gateway publishes none: its way out is the event
 * stream, which the metric counts), answers a route from its tables, and counts what it did. @returns one line
 */
export async function checkServices(deployment: Deployment, events: readonly RecordedEvent[]): Promise<string> {
  const client = createRestClient(deployment.apiUrl, deployment.apiKey);
  const texts = await Promise.all(deployment.metricsUrls().map(async (url) => (await fetch(url)).text()));
  const missing: string[] = [];
  const expect = (service: ServiceName, what: string, count: number): void => {
    if (!(count > 0)) missing.push(`${service}: ${what}`);
  };
  for (const service of serviceNames) {
    const { route, metric } = parts[service];
    // The gateway keeps its stream by a consumer of its own: the metric below counts what it took in and offers.
    if (service !== 'gateway')
      expect(service, 'no event was taken in', sum(texts, 'kempt_consumer_events_total', `group="${service}`));
    expect(service, `metric ${metric} counts nothing`, sum(texts, metric));
    const { items } = (await client.get(route)) as { readonly items: readonly unknown[] };
    expect(service, `${route} answers nothing`, items.length);
    if (service === 'gateway') continue;
    expect(service, 'no event was published', events.filter(({ topic }) => topic.split('.')[1] === service).length);
  }
  if (missing.length > 0) throw new Error(['services did not do their part:', ...missing].join('\n  '));
  return `all ${serviceNames.length} services took in and gave out events, answer from their tables and count what they do`;
}

function sum(texts: readonly string[], metric: string, label = ''): number {
  const lines = texts.map((text) =>
    text
      .split('\n')
      .filter((line) => line.includes(label))
      .join('\n'),
  );
  return lines.reduce((total, text) => total + sumOf(text, metric), 0);
}
