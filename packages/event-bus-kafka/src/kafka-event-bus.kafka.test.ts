import { describeEventBusConformance } from '@kempt/event-bus/conformance';
import { createKafkaEventBus } from './kafka-event-bus.ts';
import { compactTopic } from './test-broker/compaction.ts';
import { quickOptions } from './test-broker/conformance-child.ts';
import { describeWithKafka } from './testing.ts';

await describeWithKafka('Kafka event bus', { own: true }, (kafka) => {
  const options = quickOptions(kafka.brokers);

  describeEventBusConformance('kafka', {
    topicPrefix: 'conformance.',
    sessionTimeoutMs: 2_000,
    stopTimeoutMs: 6_000,
    createBus: async () => createKafkaEventBus(options),
    childBus: async () => ({
      module: new URL('./test-broker/conformance-child.ts', import.meta.url).href,
      options: { brokers: kafka.brokers },
    }),
    restartBroker: () => kafka.control.restart(),
    compact: (topic) => compactTopic(kafka.brokers, topic),
  });
});
