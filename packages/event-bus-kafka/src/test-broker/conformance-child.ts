import type { EventBus } from '@kempt/event-bus';
import { createKafkaEventBus } from '../kafka-event-bus.ts';
import type { KafkaEventBusOptions } from '../kafka-options.ts';

const silent = { debug: () => {}, info: () => {}, warn: () => {} };

/** Timeouts that let a suite see in seconds what takes minutes otherwise. The brokers of tests admit them. */
export function quickOptions(brokers: readonly string[]): KafkaEventBusOptions {
  return {
    brokers,
    clientId: 'kempt-test',
    logger: silent,
    sessionTimeoutMs: 2_000,
    rebalanceTimeoutMs: 20_000,
    heartbeatIntervalMs: 200,
    redeliveryBaseMs: 50,
    redeliveryMaxMs: 500,
    stopTimeoutMs: 1_000,
    publishTimeoutMs: 10_000,
    requestTimeoutMs: 3_000,
    connectTimeoutMs: 1_000,
    adminTimeoutMs: 15_000,
    compaction: {
      segmentMs: 100,
      minCompactionLagMs: 0,
      maxCompactionLagMs: 200,
      deleteRetentionMs: 100,
      minCleanableDirtyRatio: 0.01,
    },
  };
}

/** What the conformance suite calls in a process of its own. */
export async function openBus(options: unknown): Promise<EventBus> {
  const { brokers } = options as { readonly brokers: readonly string[] };
  return createKafkaEventBus(quickOptions(brokers));
}
