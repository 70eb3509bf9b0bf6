import type { KafkaEventBusOptions } from '@kempt/event-bus-kafka';
import { createClientCredentialsToken } from './client-credentials-token.ts';
import type { RuntimeConfig } from './runtime-config.ts';

/** What the settings `KEMPT_KAFKA_*` mean to the Kafka adapter. */
export function kafkaOptionsOf({
  kafka,
  topicPrefix,
}: Pick<RuntimeConfig, 'kafka' | 'topicPrefix'>): Omit<KafkaEventBusOptions, 'clientId' | 'logger'> {
  const { tls, tlsCa, tlsCertificate, tlsKey, saslMechanism, replicationFactor } = kafka;
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
    ...(saslMechanism !== undefined && { sasl: saslOf(saslMechanism, kafka) }),
    ...(replicationFactor !== undefined && { replicationFactor }),
  };
}

function saslOf(
  mechanism: NonNullable<RuntimeConfig['kafka']['saslMechanism']>,
  kafka: RuntimeConfig['kafka'],
): NonNullable<KafkaEventBusOptions['sasl']> {
  if (mechanism !== 'oauthbearer') {
    return { mechanism, username: kafka.saslUsername ?? '', password: kafka.saslPassword ?? '' };
  }
  return {
    mechanism,
    token: createClientCredentialsToken({
      tokenUrl: kafka.oauthTokenUrl ?? '',
      clientId: kafka.oauthClientId ?? '',
      clientSecret: kafka.oauthClientSecret ?? '',
      scope: kafka.oauthScope,
    }),
  };
}
