export { createKafkaEventBus } from './kafka-event-bus.ts';
export type { BusLogger, CompactionSettings, KafkaEventBusOptions, KafkaSasl } from './kafka-options.ts';
