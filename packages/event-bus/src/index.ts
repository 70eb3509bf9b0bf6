export { registerBusMetrics } from './bus-metrics.ts';
export type { Chunk, EventBus, PartitionLag, SubscribeOptions, Subscription } from './event-bus.ts';
export { EventBusError, type EventBusErrorCode } from './event-bus-error.ts';
export { createFakeBroker, type FakeBroker, type FakeBrokerOptions } from './fake-broker.ts';
export { createFakeEventBus, type FakeEventBus, type FakeEventBusOptions } from './fake-event-bus.ts';
export { murmur2, partitionOf } from './partition.ts';
