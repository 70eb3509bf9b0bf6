import { topics } from '@kempt/contracts';
import { createConsumer } from '@kempt/outbox';
import type { Component, Runtime } from '@kempt/service-runtime';
import { createClusterEvents } from './clusters/cluster-events.ts';
import { registerClusterRoutes } from './clusters/cluster-routes.ts';
import type { DedupeConfig } from './config.ts';
import { createChangeResolution } from './matching/change-resolution.ts';
import { createRecordConsumer } from './matching/record-consumer.ts';
import { createNormalCache } from './matching/record-scorer.ts';
import { createDedupeMetrics } from './metrics.ts';
import { createDecidingModels } from './models/deciding-model.ts';
import { createFirstResolution } from './models/first-resolution.ts';
import { registerModelRoutes } from './models/model-routes.ts';

/** Wires the service: what it listens to, what it looks after, what it answers. */
export async function buildDedupe(runtime: Runtime<DedupeConfig>): Promise<readonly Component[]> {
  const { database, bus, http, logger } = runtime;
  const metrics = createDedupeMetrics(runtime.metrics);
  const events = createClusterEvents(runtime.wireFormat, () => new Date());
  const models = createDecidingModels();
  const changes = createChangeResolution(events, createNormalCache());
  const firstResolution = createFirstResolution({
    database,
    events,
    changes,
    models,
    metrics,
    logger,
    patienceMs: runtime.config.dedupe.firstResolutionPatienceMs,
    intervalMs: runtime.config.dedupe.firstResolutionIntervalMs,
  });
  const records = createRecordConsumer({ changes, models, metrics, firstResolution });
  const consumer = createConsumer({
    database,
    bus,
    group: 'dedupe',
    subscriptions: [
      { topic: topics.recordState, handle: records.recordState },
      { topic: topics.connectionChanged, handle: records.connectionChanged },
      { topic: topics.syncRunFinished, handle: records.syncRunFinished },
    ],
    logger,
    metrics: runtime.metrics,
  });
  registerClusterRoutes({ http, database, models, cursors: runtime.cursors });
  registerModelRoutes({ http, database });
  return [firstResolution, consumer];
}
