import { topics } from '@kempt/contracts';
import { canarySubscription, createConsumer } from '@kempt/outbox';
import type { ServiceDefinition } from '@kempt/service-runtime';
import { createFixEvents } from './cleanup/fix-events.ts';
import { registerFixRoutes } from './cleanup/fix-routes.ts';
import { standards } from './cleanup/standards.ts';
import { type DataQualityConfig, dataQualityConfigSchema } from './config.ts';
import { createDuplicateConsumer } from './issues/duplicate-consumer.ts';
import { createIssueEvents } from './issues/issue-events.ts';
import { registerIssueRoutes } from './issues/issue-routes.ts';
import { createReassessment } from './issues/reassessment.ts';
import { createRecordAssessor } from './issues/record-assessor.ts';
import { createDataQualityMetrics } from './metrics.ts';
import { createProfileConsumer } from './profiles/profile-consumer.ts';
import { registerProfileRoutes } from './profiles/profile-routes.ts';
import { createRecordConsumer } from './record-consumer.ts';
import { registerRuleRoutes } from './rules/rule-routes.ts';
import { createScoreEvents } from './scores/score-events.ts';
import { createScoreMeter } from './scores/score-meter.ts';
import { registerScoreRoutes } from './scores/score-routes.ts';

/** What the service listens to and what it answers. */
export const dataQualityService: ServiceDefinition<DataQualityConfig> = {
  name: 'data-quality',
  description: 'How good the records of the connected CRMs are: issues, scores, and standard ways of writing.',
  configSchema: dataQualityConfigSchema,
  build({ database, bus, http, logger, metrics: registry, cursors, config, wireFormat }) {
    const settings = config.dataQuality;
    const now = (): Date => new Date();
    const metrics = createDataQualityMetrics(registry);
    const assessor = createRecordAssessor({ events: createIssueEvents(wireFormat, now), metrics, now });
    const consumer = createConsumer({
      database,
      bus,
      group: 'data-quality',
      subscriptions: [
        {
          topic: topics.recordState,
          handle: createRecordConsumer({ profiles: createProfileConsumer(metrics), assessor, standards }),
        },
        { topic: topics.clusterChanged, handle: createDuplicateConsumer(assessor) },
        canarySubscription({ group: 'data-quality', metrics: registry }),
      ],
      maxChunkRecords: settings.chunkRecords,
      logger,
      metrics: registry,
    });
    const reassessment = createReassessment({
      database,
      assessor,
      logger,
      intervalMs: settings.reassessmentIntervalMs,
      now,
    });
    const meter = createScoreMeter({
      database,
      events: createScoreEvents(wireFormat),
      metrics,
      logger,
      intervalMs: settings.scoreIntervalMs,
      now,
    });
    registerProfileRoutes({ http, database, cursors });
    registerRuleRoutes({
      http,
      database,
      standardIds: new Set(standards.map(({ id }) => id)),
      onChanged: () => reassessment.wake(),
    });
    registerIssueRoutes({ http, database, cursors });
    registerScoreRoutes({ http, database, cursors });
    registerFixRoutes({ http, database, cursors, standards, events: createFixEvents(wireFormat, now), now });
    return [consumer, reassessment, meter];
  },
};
