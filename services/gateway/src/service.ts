import { type Component, createInternalTokenSigner, type Runtime } from '@kempt/service-runtime';
import { createApiKeyAuthenticator } from './auth/api-key-authenticator.ts';
import { createApiKeyCache } from './auth/api-key-cache.ts';
import { addApiKeyRoutes } from './auth/api-key-routes.ts';
import { findApiKeys, noteUses } from './auth/api-key-store.ts';
import { createApiKeyUsage } from './auth/api-key-usage.ts';
import { ensureBootstrapKey } from './auth/bootstrap-key.ts';
import { limitRequestRate } from './auth/rate-limit.ts';
import { addSessionRoutes } from './auth/session-routes.ts';
import type { GatewayConfig } from './config.ts';
import { loadConsole } from './console/console-bundle.ts';
import { addConsoleRoutes } from './console/console-routes.ts';
import { addEventRoutes } from './events/event-routes.ts';
import { readStream } from './events/stream-event-store.ts';
import { createStreamFeed } from './events/stream-feed.ts';
import { createStreamRecorder } from './events/stream-recorder.ts';
import { createStreamRetention } from './events/stream-retention.ts';
import { createStreamWakeUp } from './events/stream-wake-up.ts';
import { createGatewayMetrics } from './metrics.ts';
import { addDeadLetterRoutes } from './upstreams/dead-letter-routes.ts';
import { createMergedDescription } from './upstreams/merged-description.ts';
import { addProxyRoutes } from './upstreams/proxy-routes.ts';
import { addStatusRoutes } from './upstreams/status-routes.ts';
import { createTokenCache } from './upstreams/token-cache.ts';
import { createUpstream, type Upstream } from './upstreams/upstream.ts';
import { type UpstreamName, upstreamUrls } from './upstreams/upstream-table.ts';
import { findTenantOfConnection } from './webhooks/known-connection-store.ts';
import { addWebhookRoutes } from './webhooks/webhook-routes.ts';

/** Wires the service: who may call, what it passes on, what it answers itself. */
export async function buildGateway(runtime: Runtime<GatewayConfig>): Promise<readonly Component[]> {
  const { bus, config, database, http, logger, cursors, version } = runtime;
  const { gateway } = config;
  const metrics = createGatewayMetrics(runtime.metrics);

  const keys = createApiKeyCache({
    load: (id) => findApiKeys(database, id),
    freshMs: gateway.keyCacheMs,
    now: () => performance.now(),
  });
  const usage = createApiKeyUsage({ write: (uses) => noteUses(database, uses), logger });
  const authenticate = createApiKeyAuthenticator({ keys, onUse: usage.note, metrics });
  runtime.authenticateBy(authenticate);
  if (gateway.bootstrapApiKey !== undefined) {
    await ensureBootstrapKey({
      database,
      key: gateway.bootstrapApiKey,
      tenantId: gateway.bootstrapTenant,
      logger,
    });
  }

  const upstreams = openUpstreams(runtime, metrics);
  const all = [...upstreams.values()];
  runtime.onShutdown(() => {
    for (const upstream of all) upstream.close();
  });

  await limitRequestRate({ http, ...gateway.rateLimit, metrics });
  addSessionRoutes(http);
  addApiKeyRoutes({ http, database, keys, cursors, environment: gateway.keyEnvironment });
  addDeadLetterRoutes({ http, upstreams, cursors });
  addStatusRoutes({ http, upstreams: all, version, metrics });

  const recorder = createStreamRecorder({
    database,
    bus,
    ensureTopics: config.ensureTopics,
    retentionMs: streamRetentionMs,
    logger,
    metrics,
    registry: runtime.metrics,
  });
  const feed = createStreamFeed({ read: (tenantId, page) => readStream(database, tenantId, page) });
  addEventRoutes({ http, feed, authenticate, ...gateway.events, metrics, stopping: runtime.signal });
  await addWebhookRoutes({
    http,
    connector: upstreams.get('connector'),
    findTenant: (connection) => findTenantOfConnection(database, connection),
    isUpToDate: recorder.isConnected,
    ...gateway.webhooks,
    metrics,
  });
  addConsoleRoutes({ http, load: loadConsole });
  await addProxyRoutes({ http, upstreams, bodyLimitBytes: config.http.bodyLimitBytes });
  runtime.describeBy(createMergedDescription({ upstreams: all, logger }));
  return [
    usage,
    createStreamWakeUp(database, feed),
    recorder,
    createStreamRetention({ database, maxEvents: mostStreamEvents, retentionMs: streamRetentionMs, logger }),
  ];
}

/** What a client that comes back can still be told. */
const streamRetentionMs = 86_400_000;
const mostStreamEvents = 100_000;

function openUpstreams(
  { config: { gateway }, metrics }: Runtime<GatewayConfig>,
  gatewayMetrics: ReturnType<typeof createGatewayMetrics>,
): ReadonlyMap<UpstreamName, Upstream> {
  const sign = createTokenCache({ sign: createInternalTokenSigner(gateway.signingKey), now: () => performance.now() });
  const upstreams = new Map<UpstreamName, Upstream>();
  for (const [name, url] of upstreamUrls(gateway.upstreams)) {
    upstreams.set(
      name,
      createUpstream({
        name,
        url,
        sign,
        timeoutMs: gateway.upstreamTimeoutMs,
        idleMs: gateway.upstreamIdleMs,
        concurrency: gateway.upstreamConcurrency,
        metrics,
        gatewayMetrics,
      }),
    );
  }
  return upstreams;
}
