import { type EventBus, registerBusMetrics } from '@kempt/event-bus';
import type { Logger, Metrics } from '@kempt/telemetry';
import { kafkaOptionsOf } from './kafka-options.ts';
import type { RuntimeConfig } from './runtime-config.ts';

export interface OpenEventBusOptions {
  readonly service: string;
  readonly config: RuntimeConfig;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/**
 * Opens the bus that the configuration names. Nothing is connected before the first use. The adapter is loaded only when
 * it is chosen: a service on the Postgres bus never loads a Kafka client. What passes through it is counted, and the lag of
 * the groups that read it is told, in the service's metrics.
 */
export async function openEventBus(options: OpenEventBusOptions): Promise<EventBus> {
  return registerBusMetrics(options.metrics, await openAdapter(options));
}

async function openAdapter({ service, config, logger }: OpenEventBusOptions): Promise<EventBus> {
  if (config.bus === 'kafka') {
    const { createKafkaEventBus } = await import('@kempt/event-bus-kafka');
    return createKafkaEventBus({ clientId: `kempt-${service}`, logger, ...kafkaOptionsOf(config) });
  }
  const { createPostgresEventBus } = await import('@kempt/event-bus-postgres');
  return createPostgresEventBus({
    url: config.busDatabaseUrl ?? config.database.url,
    applicationName: `kempt-${service}-bus`,
    topicPrefix: config.topicPrefix,
    logger,
  });
}
