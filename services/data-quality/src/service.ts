import { topics } from '@kempt/contracts';
import { createConsumer } from '@kempt/outbox';
import type { ServiceDefinition } from '@kempt/service-runtime';
import { type DataQualityConfig, dataQualityConfigSchema } from './config.ts';
import { createDataQualityMetrics } from './metrics.ts';
import { createProfileConsumer } from './profiles/profile-consumer.ts';
import { registerProfileRoutes } from './profiles/profile-routes.ts';

/** What the service listens to and what it answers. */
export const dataQualityService: ServiceDefinition<DataQualityConfig> = {
  name: 'data-quality',
  description: 'How complete the records of the connected CRMs are.',
  configSchema: dataQualityConfigSchema,
  build({ database, bus, http, logger, metrics, cursors, config }) {
    const consumer = createConsumer({
      database,
      bus,
      group: 'data-quality',
      subscriptions: [{ topic: topics.recordState, handle: createProfileConsumer(createDataQualityMetrics(metrics)) }],
      maxChunkRecords: config.dataQuality.chunkRecords,
      logger,
      metrics,
    });
    registerProfileRoutes({ http, database, cursors });
    return [consumer];
  },
};
