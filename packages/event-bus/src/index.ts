export type { Chunk, EventBus, PartitionLag, SubscribeOptions, Subscription } from './event-bus.ts';
