import { topics } from '@kempt/contracts';
import { canarySubscription, createConsumer } from '@kempt/outbox';
import type { ServiceDefinition } from '@kempt/service-runtime';
import { registerUserRoutes } from './access/user-routes.ts';
import { createAssessmentTurns } from './accounts/assessment-turns.ts';
import { createAuditConsumer } from './audit-records/audit-consumer.ts';
import { type IntegrationAuditConfig, integrationAuditConfigSchema } from './config.ts';
import { attestChangeSets, attestReviews, attestTasks } from './evidence/evidence-consumers.ts';
import { createEvidenceRecorder } from './evidence/evidence-recorder.ts';
import { registerEvidenceRoutes } from './evidence/evidence-routes.ts';
import { createAccountAssessor } from './findings/account-assessor.ts';
import { createFindingEvents } from './findings/finding-events.ts';
import { registerFindingRoutes } from './findings/finding-routes.ts';
import { countOpen } from './findings/finding-store.ts';
import { createIntegrationConsumer } from './integrations/integration-consumer.ts';
import { registerIntegrationRoutes } from './integrations/integration-routes.ts';
import { createIntegrationAuditMetrics } from './metrics.ts';
import { registerSetupChangeRoutes } from './setup-changes/setup-change-routes.ts';

/** What the service listens to and what it answers. */
export const integrationAuditService: ServiceDefinition<IntegrationAuditConfig> = {
  name: 'integration-audit',
  description: 'Who and what has access to the connected CRMs, what somebody should act on, and the evidence chain.',
  configSchema: integrationAuditConfigSchema,
  build({ database, bus, http, logger, metrics: registry, cursors, config, wireFormat }) {
    const settings = config.integrationAudit;
    const now = (): Date => new Date();
    const metrics = createIntegrationAuditMetrics(registry, () =>
      database.systemTransaction(countOpen, { readOnly: true }),
    );
    const record = createEvidenceRecorder({ wireFormat, metrics, now });
    const events = createFindingEvents(wireFormat, now);
    const consumer = createConsumer({
      database,
      bus,
      group: 'integration-audit',
      subscriptions: [
        { topic: topics.connectionChanged, handle: createIntegrationConsumer(metrics, now) },
        {
          topic: topics.auditRecordChanged,
          handle: createAuditConsumer({ settleMs: settings.settleMs, metrics, now }),
        },
        { topic: topics.changeSetChanged, handle: attestChangeSets(record) },
        { topic: topics.matchDecided, handle: attestReviews(record) },
        { topic: topics.maintenanceTaskFinished, handle: attestTasks(record) },
        canarySubscription({ group: 'integration-audit', metrics: registry }),
      ],
      maxChunkRecords: settings.chunkRecords,
      logger,
      metrics: registry,
    });
    const turns = createAssessmentTurns({
      database,
      logger,
      pollIntervalMs: settings.pollIntervalMs,
      assessIntervalMs: settings.assessIntervalMs,
      now,
      assess: createAccountAssessor({
        thresholds: settings,
        historyDays: settings.historyDays,
        events,
        metrics,
        now,
      }),
    });
    registerIntegrationRoutes({ http, database, cursors });
    registerUserRoutes({ http, database, cursors, now });
    registerSetupChangeRoutes({ http, database, cursors, historyDays: settings.historyDays, now });
    registerFindingRoutes({ http, database, cursors, thresholds: settings, events, record, metrics, now });
    registerEvidenceRoutes({ http, database });
    return [consumer, turns];
  },
};
