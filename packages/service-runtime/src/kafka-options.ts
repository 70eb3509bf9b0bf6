import type { KafkaEventBusOptions } from '@kempt/event-bus-kafka';
import type { RuntimeConfig } from './runtime-config.ts';

/** What the settings `KEMPT_KAFKA_*` mean to the Kafka adapter. */
export function kafkaOptionsOf({
  kafka,
  topicPrefix,
}: Pick<RuntimeConfig, 'kafka' | 'topicPrefix'>): Omit<KafkaEventBusOptions, 'clientId' | 'logger'> {
  const { tls, tlsCa, tlsCertificate, tlsKey, saslMechanism, saslUsername, saslPassword, replicationFactor } = kafka;
  return {
    brokers: kafka.brokers ?? [],
    topicPrefix,
    ...(tls && {
      tls: {
        ...(tlsCa !== undefined && { ca: tlsCa }),
        ...(tlsCertificate !== undefined && { cert: tlsCertificate }),
        ...(tlsKey !== undefined && { key: tlsKey }),
      },
    }),
    ...(saslMechanism !== undefined && {
      sasl: { mechanism: saslMechanism, username: saslUsername ?? '', password: saslPassword ?? '' },
    }),
    ...(replicationFactor !== undefined && { replicationFactor }),
  };
}
