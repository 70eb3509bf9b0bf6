import type { PositionedRecord } from '@kempt/contracts';
import type { EventBus, Subscription } from '@kempt/event-bus';

/** A consumer that keeps what it gets. */
export interface Collector {
  readonly received: PositionedRecord[];
  readonly errors: unknown[];
  readonly subscription: Subscription;
}

export interface CollectOptions {
  readonly group: string;
  readonly topics: readonly string[];
  readonly from?: 'earliest' | 'latest';
}

export async function collect(bus: EventBus, options: CollectOptions): Promise<Collector> {
  const received: PositionedRecord[] = [];
  const errors: unknown[] = [];
  const subscription = await bus.subscribe({
    ...options,
    onError: (error) => errors.push(error),
    eachChunk: async ({ records }) => void received.push(...records),
  });
  return { received, errors, subscription };
}

/** Waits for something that must come true; the error names it. */
export async function until(
  what: string,
  isTrue: () => boolean | Promise<boolean>,
  { timeoutMs = 30_000 } = {},
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await isTrue())) {
    if (performance.now() > deadline) throw new Error(`Waited ${timeoutMs} ms in vain for: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
