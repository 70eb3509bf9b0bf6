import type { EventBus } from '@kempt/event-bus';
import { createPostgresEventBus } from './postgres-event-bus.ts';

/** The bus as the conformance suite opens it, in its own process and in children that it kills. */
export async function openBus(options: unknown): Promise<EventBus> {
  const { url } = options as { readonly url: string };
  return openConformanceBus(url);
}

export function openConformanceBus(url: string): ReturnType<typeof createPostgresEventBus> {
  return createPostgresEventBus({
    url,
    applicationName: 'kempt-conformance',
    compactionLagMs: 0,
    tombstoneRetentionMs: 0,
    tuning: { leaseMs: 3_000, missedMs: 300, stopTimeoutMs: 1_000, redeliveryPause: { baseMs: 20, maxMs: 500 } },
  });
}
