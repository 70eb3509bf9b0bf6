import rateLimit from '@fastify/rate-limit';
import type { HttpServer } from '@kempt/service-runtime';
import { tooManyRequests } from '../errors.ts';
import type { GatewayMetrics } from '../metrics.ts';

export interface RateLimitOptions {
  readonly http: HttpServer;
  readonly requests: number;
  readonly windowMs: number;
  readonly metrics: GatewayMetrics;
}

/**
 * Counts the requests of each API key in this replica and says in every answer what is left, in the headers of
 * draft-ietf-httpapi-ratelimit-headers-11. The plugin only counts: the headers it knows are of an older draft.
 */
export async function limitRequestRate({ http, requests, windowMs, metrics }: RateLimitOptions): Promise<void> {
  await http.register(rateLimit, { global: false });
  const count = http.createRateLimit({
    max: requests,
    timeWindow: windowMs,
    keyGenerator: (request) => `${request.principal?.tenantId}:${request.principal?.subject}`,
  });
  const policy = `"key";q=${requests};w=${Math.ceil(windowMs / 1_000)}`;

  // Callers are known by now, since they are authenticated when the request comes in.
  http.addHook('preParsing', async (request, reply) => {
    if (request.principal === null) return;
    const counted = await count(request);
    if (counted.isAllowed) return;
    const { remaining, ttlInSeconds, isExceeded } = counted;
    reply.header('ratelimit-policy', policy).header('ratelimit', `"key";r=${remaining};t=${ttlInSeconds}`);
    if (!isExceeded) return;
    metrics.rateLimited.inc();
    throw tooManyRequests(ttlInSeconds);
  });
}
