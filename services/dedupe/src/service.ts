import { topics } from '@kempt/contracts';
import { canarySubscription, createConsumer } from '@kempt/outbox';
import type { Component, Runtime } from '@kempt/service-runtime';
import { createClusterEvents } from './clusters/cluster-events.ts';
import { registerClusterRoutes } from './clusters/cluster-routes.ts';
import type { DedupeConfig } from './config.ts';
import { createMatchCheck } from './match-check/match-check.ts';
import { registerMatchRoutes } from './match-check/match-routes.ts';
import { createChangeLocks } from './matching/change-lock.ts';
import { createChangeResolution } from './matching/change-resolution.ts';
import { createKindMemories } from './matching/kind-memories.ts';
import { createRecordConsumer } from './matching/record-consumer.ts';
import { createRecordShelves } from './matching/record-shelves.ts';
import { createShelfWarming } from './matching/shelf-warming.ts';
import { createDedupeMetrics } from './metrics.ts';
import { createCandidateTraining } from './models/candidate-training.ts';
import { createDecidingModels } from './models/deciding-model.ts';
import { createFirstResolution } from './models/first-resolution.ts';
import { createModelPromotions } from './models/model-promotions.ts';
import { registerModelRoutes } from './models/model-routes.ts';
import { createModelWork } from './models/model-work.ts';
import { createRescoring } from './models/rescoring.ts';
import { createGateKeeper } from './proposals/gate-keeper.ts';
import { createProposalEvents } from './proposals/proposal-events.ts';
import { createProposalRefresh } from './proposals/proposal-refresh.ts';
import { registerProposalRoutes } from './proposals/proposal-routes.ts';
import { createProposalWriter } from './proposals/proposal-writer.ts';
import { createBulkReviews } from './reviews/bulk-reviews.ts';
import { registerBulkRoutes } from './reviews/bulk-routes.ts';
import { createReviewEvents } from './reviews/review-events.ts';
import { registerReviewRoutes } from './reviews/review-routes.ts';
import { toldApart, toldSame } from './reviews/review-store.ts';
import { createReviews } from './reviews/reviews.ts';

/** Explanations and clusters look at few records at a time: what a matcher prepares for them is not kept long. */
const preparedRecordsMax = 20_000;

/** Wires the service: what it listens to, what it looks after, what it answers. */
export async function buildDedupe(runtime: Runtime<DedupeConfig>): Promise<readonly Component[]> {
  const { records, firstResolution, modelWork, warming } = assembleDedupe(runtime);
  const consumer = createConsumer({
    database: runtime.database,
    bus: runtime.bus,
    group: 'dedupe',
    subscriptions: [
      { topic: topics.recordState, handle: records.recordState, joint: true },
      { topic: topics.connectionChanged, handle: records.connectionChanged },
      { topic: topics.syncRunFinished, handle: records.syncRunFinished },
      canarySubscription({ group: 'dedupe', metrics: runtime.metrics }),
    ],
    logger: runtime.logger,
    metrics: runtime.metrics,
  });
  return [firstResolution, modelWork, warming, consumer];
}

/** Everything but the way in from the bus. Registers the routes. */
export function assembleDedupe(runtime: Omit<Runtime<DedupeConfig>, 'bus'>) {
  const { database, http, logger, cursors } = runtime;
  const { dedupe } = runtime.config;
  const metrics = createDedupeMetrics(runtime.metrics);
  const now = () => new Date();
  const models = createDecidingModels({ recordsMax: preparedRecordsMax });
  const proposals = createProposalWriter({
    events: createProposalEvents(runtime.wireFormat, now),
    limits: {
      recordsMax: dedupe.proposalRecordsMax,
      probabilityMin: dedupe.proposalProbabilityMin,
      automaticProbabilityMin: dedupe.automaticProbabilityMin,
    },
    metrics,
    toldApart,
    toldSame,
  });
  const gateLimits = {
    precisionTarget: dedupe.automaticPrecisionTarget,
    probabilityMin: dedupe.automaticProbabilityMin,
  };
  const gate = createGateKeeper(gateLimits);
  const outlets = { events: createClusterEvents(runtime.wireFormat, now), proposals };
  const shelves = createRecordShelves(dedupe.cachedRecords);
  metrics.watchShelves(shelves.rows);
  const memories = createKindMemories(dedupe.cachedRecords);
  const locks = createChangeLocks(memories);
  const changes = createChangeResolution(outlets, shelves);
  const firstResolution = createFirstResolution({
    database,
    outlets,
    changes,
    locks,
    models,
    metrics,
    logger,
    patienceMs: dedupe.firstResolutionPatienceMs,
    intervalMs: dedupe.firstResolutionIntervalMs,
    onResolved: () => warming.wake(),
  });
  const records = createRecordConsumer({ changes, locks, models, metrics, firstResolution });
  registerClusterRoutes({ http, database, models, cursors });
  const modelWork = createModelWork({
    database,
    training: createCandidateTraining({ database, models, metrics, now }),
    rescoring: createRescoring({
      database,
      changes,
      locks,
      models,
      metrics,
      stepRecords: dedupe.rescoringStepRecords,
      pauseMs: dedupe.rescoringPauseMs,
      onScored: gate.look,
    }),
    proposals: createProposalRefresh({
      database,
      proposals,
      stepClusters: dedupe.rescoringStepRecords,
      pauseMs: dedupe.rescoringPauseMs,
    }),
    schedule: { intervalHours: dedupe.modelTrainingIntervalHours, growthMax: dedupe.modelGrowthMax },
    logger,
    intervalMs: dedupe.modelWorkIntervalMs,
    now,
  });
  const promotions = createModelPromotions({
    database,
    models,
    metrics,
    limits: { clustersChangedMax: dedupe.modelClustersChangedMax },
    onPromoted: gate.look,
    wake: () => {
      modelWork.wake();
      warming.wake();
    },
  });
  registerModelRoutes({ http, database, promotions, wake: modelWork.wake });
  registerProposalRoutes({ http, database, models, cursors, gate, gateLimits });
  registerMatchRoutes({ http, database, check: createMatchCheck({ database, models, shelves }) });
  const reviewEvents = createReviewEvents(runtime.wireFormat, now);
  const reviews = createReviews({ database, changes, models, events: reviewEvents, gate, metrics, now });
  registerReviewRoutes({ http, database, reviews, models, cursors, gateProbabilityMin: gateLimits.probabilityMin });
  registerBulkRoutes({ http, bulk: createBulkReviews({ database, models, reviews }) });
  const warming = createShelfWarming({
    database,
    models,
    shelves,
    memories,
    locks,
    recordsMax: dedupe.cachedRecords,
    logger,
  });
  return { records, firstResolution, modelWork, warming };
}
