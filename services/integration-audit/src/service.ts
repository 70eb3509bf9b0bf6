import { topics } from '@kempt/contracts';
import { createConsumer } from '@kempt/outbox';
import type { ServiceDefinition } from '@kempt/service-runtime';
import { type IntegrationAuditConfig, integrationAuditConfigSchema } from './config.ts';
import { createIntegrationConsumer } from './integrations/integration-consumer.ts';
import { registerIntegrationRoutes } from './integrations/integration-routes.ts';
import { createIntegrationAuditMetrics } from './metrics.ts';

/** What the service listens to and what it answers. */
export const integrationAuditService: ServiceDefinition<IntegrationAuditConfig> = {
  name: 'integration-audit',
  description: 'What has access to the connected CRMs.',
  configSchema: integrationAuditConfigSchema,
  build({ database, bus, http, logger, metrics, cursors, config }) {
    const consumer = createConsumer({
      database,
      bus,
      group: 'integration-audit',
      subscriptions: [
        { topic: topics.connectionChanged, handle: createIntegrationConsumer(createIntegrationAuditMetrics(metrics)) },
      ],
      maxChunkRecords: config.integrationAudit.chunkRecords,
      logger,
      metrics,
    });
    registerIntegrationRoutes({ http, database, cursors });
    return [consumer];
  },
};
