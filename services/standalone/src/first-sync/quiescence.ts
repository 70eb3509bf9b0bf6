import type { Platform } from '../platform/platform.ts';

/**
 * Whether everything that was published has been taken in: no outbox holds a row and no consumer group lags. Read from
 * the metrics of the services, as any operator would.
 */
export async function isQuiet(platform: Pick<Platform, 'services'>): Promise<boolean> {
  const texts = await Promise.all(
    platform.services.map(async (service) => {
      const response = await fetch(new URL('/metrics', service.url), { signal: AbortSignal.timeout(10_000) });
      return response.text();
    }),
  );
  return texts.every(
    (text) => sumOf(text, 'kempt_outbox_rows') === 0 && sumOf(text, 'kempt_consumer_lag_records') === 0,
  );
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
