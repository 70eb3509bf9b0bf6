import { topics } from '@kempt/contracts';
import { createConsumer } from '@kempt/outbox';
import type { ServiceDefinition } from '@kempt/service-runtime';
import { type MetricsConfig, metricsConfigSchema } from './config.ts';
import { createSyncFreshness } from './kpis/sync-freshness.ts';
import { createSyncKpiConsumer } from './kpis/sync-kpi-consumer.ts';
import { registerSyncKpiRoutes } from './kpis/sync-kpi-routes.ts';
import { createKpiMetrics } from './metrics.ts';

/** What the service listens to and what it answers. */
export const metricsService: ServiceDefinition<MetricsConfig> = {
  name: 'metrics',
  description: 'Key figures of CRM maintenance.',
  configSchema: metricsConfigSchema,
  build({ database, bus, http, logger, metrics, cursors, config }) {
    const kpiMetrics = createKpiMetrics(metrics);
    const freshness = createSyncFreshness({ database, gauge: kpiMetrics.lastSuccess });
    const consumer = createConsumer({
      database,
      bus,
      group: 'metrics',
      subscriptions: [
        { topic: topics.syncRunFinished, handle: createSyncKpiConsumer({ metrics: kpiMetrics, freshness }) },
      ],
      maxChunkRecords: config.metrics.chunkRecords,
      logger,
      metrics,
    });
    registerSyncKpiRoutes({ http, database, cursors });
    return [freshness, consumer];
  },
};
