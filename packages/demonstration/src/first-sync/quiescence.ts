/** Each counts events that are on their way: published by nobody yet, handled by nobody yet, or waiting to be tried again. */
const underway = ['kempt_outbox_rows', 'kempt_consumer_lag_records', 'kempt_parked_event_rows'];

/**
 * Whether everything that was published has been taken in: no outbox holds a row, no consumer group lags, no event is parked.
 * Read from the metrics of the services, as any operator would.
 */
export async function isQuiet(metricsUrls: readonly string[]): Promise<boolean> {
  const texts = await Promise.all(
    metricsUrls.map(async (url) => {
      const response = await fetch(url, { signal: AbortSignal.timeout(10_000) });
      return response.text();
    }),
  );
  return texts.every((text) => underway.every((metric) => sumOf(text, metric) === 0));
}

/** Sum over all series of a metric in the Prometheus text format; 0 when there is none. */
export function sumOf(text: string, metric: string): number {
  let sum = 0;
  for (const line of text.split('\n')) {
    if (!line.startsWith(metric)) continue;
    const next = line[metric.length];
    if (next === '{' || next === ' ') sum += Number(line.slice(line.lastIndexOf(' ') + 1));
  }
  return sum;
}
