import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { topics } from '@kempt/contracts';
import { canarySubscription, createConsumer } from '@kempt/outbox';
import type { Component, Runtime } from '@kempt/service-runtime';
import { registerAuditRoutes } from './audit/audit-routes.ts';
import { createAuditWork } from './audit/audit-work.ts';
import { type AccountWriters, createAccountWriters } from './changes/account-writers.ts';
import { createChangeRunner } from './changes/change-runner.ts';
import { registerChangeSetRoutes } from './changes/change-set-routes.ts';
import { createChangeSetStates } from './changes/change-set-states.ts';
import { createChangeSets } from './changes/change-sets.ts';
import { createChangeWorker } from './changes/change-worker.ts';
import { createMirrorReadBack } from './changes/mirror-read-back.ts';
import { createProposalConsumers } from './changes/proposal-consumer.ts';
import { registerCompletenessRoutes } from './completeness/completeness-routes.ts';
import { createCompletenessWork } from './completeness/completeness-work.ts';
import { createMaintenanceHandle } from './completeness/maintenance-consumer.ts';
import { createSyncPasses } from './completeness/sync-passes.ts';
import type { ConnectorConfig } from './config.ts';
import { createAllowedHosts } from './connections/allowed-hosts.ts';
import { createConnectionProbe } from './connections/connection-probe.ts';
import { registerConnectionRoutes } from './connections/connection-routes.ts';
import { createConnectionStatuses } from './connections/connection-status.ts';
import { createConnections } from './connections/connections.ts';
import { createCredentialResealing } from './connections/credential-resealing.ts';
import { createDeclaredConnections } from './connections/declared-connections.ts';
import { createConfiguredKeyProvider } from './connections/key-provider.ts';
import { createSealer } from './connections/sealing.ts';
import { createCrmClientFactory } from './crm/crm-client-factory.ts';
import { createErasureWorker } from './erasure/erasure-worker.ts';
import { type ConnectorMetrics, createConnectorMetrics } from './metrics.ts';
import { createFieldMaps, type FieldMapChanges } from './mirror/field-maps.ts';
import { createMirror } from './mirror/mirror.ts';
import { createRecordEvents } from './mirror/record-events.ts';
import { registerRecordRoutes } from './mirror/record-routes.ts';
import { createCrmMeasurement } from './probes/crm-measurement.ts';
import { registerProbeRoutes } from './probes/probe-routes.ts';
import { createProbeWork } from './probes/probe-work.ts';
import { componentsOf } from './role.ts';
import { createSafety } from './safety/safety.ts';
import { registerSafetyRoutes } from './safety/safety-routes.ts';
import { createObjectSync } from './sync/object-sync.ts';
import { createOpenReaders } from './sync/open-readers.ts';
import { registerSyncRoutes } from './sync/sync-run-routes.ts';
import { createSyncRunner } from './sync/sync-runner.ts';
import { createSyncScheduler } from './sync/sync-scheduler.ts';
import { createWatchSchedule, type WatchWork } from './watches/watch-schedule.ts';
import type { WatchKind } from './watches/watch-store.ts';
import { createNoticeWorker } from './webhooks/notice-worker.ts';
import { createWebhookIntake } from './webhooks/webhook-intake.ts';
import { registerWebhookRoutes } from './webhooks/webhook-routes.ts';

/** What tests put between change sets and the CRMs. */
export interface ConnectorSeams {
  readonly writers?: (real: AccountWriters) => AccountWriters;
}

/** How long a count that differs waits for its object to be read again. */
const longestPassMs = 60_000;

/** Puts the connector together. */
export async function buildConnector(
  runtime: Runtime<ConnectorConfig>,
  seams: ConnectorSeams = {},
): Promise<readonly Component[]> {
  const { database, bus, http, cursors, logger, wireFormat } = runtime;
  const settings = runtime.config.connector;
  const now = Date.now;
  const measurement = createCrmMeasurement({
    database,
    metrics: () => metrics,
    staleAfterMs: settings.staleAfterMs,
    logger,
  });
  const metrics: ConnectorMetrics = createConnectorMetrics(runtime.metrics, measurement.refresh);
  const allowedHosts = createAllowedHosts(settings.allowedHosts);
  const sealer = createSealer(createConfiguredKeyProvider(settings.sealingKey));
  const fieldMaps = createFieldMaps(runtime.config.fieldMaps as FieldMapChanges);
  const clients = createCrmClientFactory({
    salesforceApiVersion: settings.salesforceApiVersion,
    timeoutMs: settings.crmTimeoutMs,
    attempts: settings.crmAttempts,
    retryBaseMs: settings.crmRetryBaseMs,
    pageRecords: settings.pageRecords,
    fieldListCharacters: settings.fieldListCharacters,
    overlapMs: settings.overlapMs,
    refusal: allowedHosts.refusal,
    metrics: runtime.metrics,
    connectorMetrics: metrics,
    now,
  });
  const statuses = createConnectionStatuses({ wireFormat, now });
  const readers = createOpenReaders({ clients, sealer, schemaMaxAgeMs: settings.schemaMaxAgeMs, now });
  const mirror = createMirror({ events: createRecordEvents({ wireFormat, now }) });
  const objectSync = createObjectSync({
    database,
    readers,
    fieldMaps,
    mirror,
    statuses,
    wireFormat,
    metrics,
    logger,
    intervalMs: settings.pollIntervalMs,
    deletedIntervalMs: settings.deletedIntervalMs,
    now,
  });
  const runner = createSyncRunner({
    database,
    objectSync,
    readers,
    statuses,
    wireFormat,
    metrics,
    logger,
    times: {
      intervalMs: settings.pollIntervalMs,
      refusedRetryMs: settings.refusedRetryMs,
      quotaRetryMs: settings.quotaRetryMs,
      longestRetryMs: settings.longestRetryMs,
    },
    leaseMs: settings.leaseMs,
    now,
  });
  const scheduler = createSyncScheduler({
    database,
    runner,
    limits: { total: settings.concurrency, perAccount: settings.concurrencyPerAccount },
    holder: randomUUID(),
    leaseMs: settings.leaseMs,
    pollMs: settings.scheduleMs,
    logger,
  });
  const notices = createNoticeWorker({
    database,
    readers,
    fieldMaps,
    mirror,
    metrics,
    logger,
    holder: randomUUID(),
    leaseMs: settings.leaseMs,
    pollMs: settings.scheduleMs,
    now,
  });
  const intake = createWebhookIntake({
    database,
    sealer,
    publicUrl: settings.publicWebhookUrl,
    metrics,
    now,
    onNotice: notices.wake,
  });
  const watches = createWatchSchedule({
    database,
    work: watchWork(),
    holder: randomUUID(),
    leaseMs: settings.leaseMs,
    pollMs: settings.scheduleMs,
    logger,
  });
  const erasure = createErasureWorker({ database, wireFormat, logger, now, onDue: scheduler.wake });
  const maintenance = createConsumer({
    database,
    bus,
    group: 'connector-maintenance',
    subscriptions: [
      { topic: topics.maintenanceTaskDue, handle: createMaintenanceHandle() },
      canarySubscription({ group: 'connector-maintenance', metrics: runtime.metrics }),
    ],
    logger,
    metrics: runtime.metrics,
  });
  const connections = createConnections({
    database,
    probe: createConnectionProbe({ clients, allowedHosts }),
    sealer,
    wireFormat,
    now,
    onDue: () => {
      scheduler.wake();
      watches.wake();
    },
    onErasure: erasure.wake,
  });
  const declared = createDeclaredConnections({
    declared: runtime.config.connections,
    connections,
    signal: runtime.signal,
    logger,
    retryMs: settings.crmRetryBaseMs * 4,
    patienceMs: settings.declaredPatienceMs,
    now,
  });
  const resealing = createCredentialResealing({ database, sealer, olderSeals: metrics.olderSeals, logger });
  const safety = createSafety({ isReadOnlySet: settings.readOnly, now });
  const realWriters = createAccountWriters({ database, readers });
  const writers = seams.writers?.(realWriters) ?? realWriters;
  const changeStates = createChangeSetStates({ wireFormat, metrics, now });
  const changeWorker = createChangeWorker({
    database,
    runner: createChangeRunner({
      database,
      states: changeStates,
      writers,
      safety,
      mirror: createMirrorReadBack({ mirror, fieldMaps }),
      metrics,
      logger,
      crmTimeoutMs: settings.crmTimeoutMs,
      now,
      wait: (ms, signal) => sleep(ms, undefined, { signal }),
    }),
    concurrency: settings.changeConcurrency,
    holder: randomUUID(),
    leaseMs: settings.leaseMs,
    pollMs: settings.scheduleMs,
    pauses: { firstMs: settings.crmRetryBaseMs, longestMs: settings.longestRetryMs, quotaMs: settings.quotaRetryMs },
    logger,
    clock: () => performance.now(),
  });
  const changeSets = createChangeSets({
    database,
    states: changeStates,
    writers,
    safety,
    now,
    onDue: changeWorker.wake,
  });
  const proposals = createProposalConsumers(changeStates);
  const proposalConsumer = createConsumer({
    database,
    bus: runtime.bus,
    group: 'connector-changes',
    subscriptions: [
      { topic: topics.mergeProposed, handle: proposals.merges },
      { topic: topics.fixProposed, handle: proposals.fixes },
    ],
    logger,
    metrics: runtime.metrics,
  });
  registerChangeSetRoutes({ http, database, changeSets, safety, cursors });
  registerSafetyRoutes({ http, database, safety, logger, now });
  registerConnectionRoutes({ http, database, connections, cursors });
  registerRecordRoutes({ http, database, cursors });
  registerProbeRoutes({ http, database });
  registerCompletenessRoutes({ http, database });
  registerAuditRoutes({ http, database });
  registerSyncRoutes({ http, database, cursors });
  await registerWebhookRoutes({ http, intake });
  runtime.onShutdown(() => readers.close());
  return componentsOf(settings.roles, [
    ['sync', declared],
    ['sync', resealing],
    ['sync', scheduler],
    ['webhooks', notices],
    ['sync', watches],
    ['sync', maintenance],
    ['sync', erasure],
    ['writer', changeWorker],
    ['writer', proposalConsumer],
  ]);

  /** What accounts are looked at for; an interval of 0 leaves a kind out. */
  function watchWork(): Partial<Record<WatchKind, WatchWork>> {
    return {
      ...(settings.probeIntervalMs > 0 && {
        probe: createProbeWork({
          database,
          readers,
          wireFormat,
          metrics,
          intervalMs: settings.probeIntervalMs,
          timeoutMs: settings.probeTimeoutMs,
          allowanceIntervalMs: settings.allowanceIntervalMs,
          now,
          clock: () => performance.now(),
        }),
      }),
      ...(settings.completenessIntervalMs > 0 && {
        completeness: createCompletenessWork({
          database,
          readers,
          passes: createSyncPasses({
            database,
            patienceMs: Math.max(longestPassMs, settings.pollIntervalMs * 2),
            pollMs: settings.scheduleMs,
            onDue: scheduler.wake,
            now,
          }),
          wireFormat,
          logger,
          intervalMs: settings.completenessIntervalMs,
          settleMs: settings.completenessSettleMs,
          notReadyMs: settings.scheduleMs,
          now,
        }),
      }),
      ...(settings.auditIntervalMs > 0 && {
        audit: createAuditWork({
          database,
          readers,
          wireFormat,
          metrics,
          logger,
          intervalMs: settings.auditIntervalMs,
          notReadyMs: settings.scheduleMs,
          now,
        }),
      }),
    };
  }
}
