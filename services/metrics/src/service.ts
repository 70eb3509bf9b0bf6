import { topics } from '@kempt/contracts';
import { canarySubscription, createConsumer } from '@kempt/outbox';
import type { ServiceDefinition } from '@kempt/service-runtime';
import { createCalendar } from './calendar/calendar.ts';
import { registerCalendarRoutes } from './calendar/calendar-routes.ts';
import { createRunEvents } from './calendar/run-events.ts';
import { maintenanceTasks } from './calendar/task.ts';
import { createCanarySender } from './canary/canary-sender.ts';
import { type MetricsConfig, metricsConfigSchema, probeTargetsOf } from './config.ts';
import {
  takeAuditRecords,
  takeCompleteness,
  takeConnections,
  takeDecisions,
  takeProbes,
  takeProposals,
  takeRecords,
  takeScores,
} from './facts/fact-consumers.ts';
import { registerFeedbackRoutes } from './feedback/feedback-routes.ts';
import { createKpiEvents } from './kpis/kpi-events.ts';
import { createKpiMeter } from './kpis/kpi-meter.ts';
import { registerKpiRoutes } from './kpis/kpi-routes.ts';
import { createSyncFreshness } from './kpis/sync-freshness.ts';
import { createSyncKpiConsumer } from './kpis/sync-kpi-consumer.ts';
import { registerSyncKpiRoutes } from './kpis/sync-kpi-routes.ts';
import { createKpiMetrics } from './metrics.ts';
import { createTenantTurns } from './tenants/tenant-turns.ts';
import { createServiceProbes } from './uptime/service-probes.ts';

/** What the service listens to and what it answers. */
export const metricsService: ServiceDefinition<MetricsConfig> = {
  name: 'metrics',
  description: 'Key figures of CRM maintenance, their targets, and the maintenance calendar.',
  configSchema: metricsConfigSchema,
  build({ database, bus, http, logger, metrics, cursors, config, wireFormat }) {
    const settings = config.metrics;
    const now = (): Date => new Date();
    const kpiMetrics = createKpiMetrics(metrics);
    const freshness = createSyncFreshness({ database, gauge: kpiMetrics.lastSuccess });
    const consumer = createConsumer({
      database,
      bus,
      group: 'metrics',
      subscriptions: [
        { topic: topics.syncRunFinished, handle: createSyncKpiConsumer({ metrics: kpiMetrics, freshness }) },
        { topic: topics.recordState, handle: takeRecords },
        { topic: topics.scoreMeasured, handle: takeScores },
        { topic: topics.crmProbed, handle: takeProbes },
        { topic: topics.auditRecordChanged, handle: takeAuditRecords },
        { topic: topics.connectionChanged, handle: takeConnections },
        { topic: topics.completenessMeasured, handle: takeCompleteness },
        { topic: topics.mergeProposed, handle: takeProposals },
        { topic: topics.matchDecided, handle: takeDecisions },
        canarySubscription({ group: 'metrics', metrics }),
      ],
      maxChunkRecords: settings.chunkRecords,
      logger,
      metrics,
    });
    const probes = createServiceProbes({
      database,
      targets: probeTargetsOf(settings.probeTargets),
      metrics: kpiMetrics,
      logger,
      intervalMs: settings.probeIntervalMs,
      timeoutMs: settings.probeTimeoutMs,
      fetch,
      now: Date.now,
    });
    const meter = createKpiMeter({
      database,
      events: createKpiEvents(wireFormat),
      metrics: kpiMetrics,
      logger,
      intervalMs: settings.kpiIntervalMs,
      shownTenants: settings.kpiTenants,
      baselineAfterMs: settings.baselineAfterMs,
      now,
    });
    const calendar = createCalendar({
      tasks: maintenanceTasks,
      events: createRunEvents(wireFormat),
      metrics: kpiMetrics,
      now,
    });
    const calendarTurns = createTenantTurns({
      name: 'maintenance-calendar',
      work: 'calendar',
      database,
      logger,
      intervalMs: settings.calendarIntervalMs,
      now,
      turn: calendar.turn,
    });
    const canaries = createCanarySender({
      database,
      wireFormat,
      sent: kpiMetrics.canariesSent,
      logger,
      intervalMs: settings.canaryIntervalMs,
      now,
    });
    registerSyncKpiRoutes({ http, database, cursors });
    registerKpiRoutes({ http, database, cursors, now });
    registerFeedbackRoutes({ http, database, now });
    registerCalendarRoutes({ http, database, cursors, calendar, tasks: maintenanceTasks, now });
    return [freshness, consumer, probes, meter, calendarTurns, canaries];
  },
};
