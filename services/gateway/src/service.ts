import { type Component, createInternalTokenSigner, type Runtime } from '@kempt/service-runtime';
import { createApiKeyAuthenticator } from './auth/api-key-authenticator.ts';
import { createApiKeyCache } from './auth/api-key-cache.ts';
import { addApiKeyRoutes } from './auth/api-key-routes.ts';
import { findApiKeys, noteUses } from './auth/api-key-store.ts';
import { createApiKeyUsage } from './auth/api-key-usage.ts';
import { ensureBootstrapKey } from './auth/bootstrap-key.ts';
import { limitRequestRate } from './auth/rate-limit.ts';
import type { GatewayConfig } from './config.ts';
import { createGatewayMetrics } from './metrics.ts';
import { addDeadLetterRoutes } from './upstreams/dead-letter-routes.ts';
import { createMergedDescription } from './upstreams/merged-description.ts';
import { addProxyRoutes } from './upstreams/proxy-routes.ts';
import { addStatusRoutes } from './upstreams/status-routes.ts';
import { createTokenCache } from './upstreams/token-cache.ts';
import { createUpstream, type Upstream } from './upstreams/upstream.ts';
import { type UpstreamName, upstreamUrls } from './upstreams/upstream-table.ts';

/** Wires the service: who may call, what it passes on, what it answers itself. */
export async function buildGateway(runtime: Runtime<GatewayConfig>): Promise<readonly Component[]> {
  const { config, database, http, logger, cursors, version } = runtime;
  const { gateway } = config;
  const metrics = createGatewayMetrics(runtime.metrics);

  const keys = createApiKeyCache({
    load: (id) => findApiKeys(database, id),
    freshMs: gateway.keyCacheMs,
    now: () => performance.now(),
  });
  const usage = createApiKeyUsage({ write: (uses) => noteUses(database, uses), logger });
  runtime.authenticateBy(createApiKeyAuthenticator({ keys, onUse: usage.note, metrics }));
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
  addApiKeyRoutes({ http, database, keys, cursors, environment: gateway.keyEnvironment });
  addDeadLetterRoutes({ http, upstreams, cursors });
  addStatusRoutes({ http, upstreams: all, version, metrics });
  await addProxyRoutes({ http, upstreams, bodyLimitBytes: config.http.bodyLimitBytes });
  runtime.describeBy(createMergedDescription({ upstreams: all, logger }));
  return [usage];
}

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
