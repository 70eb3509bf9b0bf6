import { anyScope, type HttpServer } from '@kempt/service-runtime';
import { type Static, Type } from 'typebox';
import type { GatewayMetrics } from '../metrics.ts';
import type { Upstream } from './upstream.ts';

const ServiceStatusSchema = Type.Object({
  name: Type.String(),
  isReady: Type.Boolean(),
  version: Type.Optional(Type.String()),
  reasons: Type.Optional(
    Type.Record(Type.String(), Type.String(), {
      description: 'By component, why the service is not ready; only for callers with the scope admin',
    }),
  ),
});

const StatusSchema = Type.Object({
  status: Type.Enum(['ok', 'degraded'], { description: 'ok when every service is ready' }),
  version: Type.String(),
  services: Type.Array(ServiceStatusSchema),
});

type ServiceStatus = Static<typeof ServiceStatusSchema>;

export interface StatusRoutesOptions {
  readonly http: HttpServer;
  readonly upstreams: readonly Upstream[];
  readonly version: string;
  readonly metrics: GatewayMetrics;
  /** Default 2,500. */
  readonly timeoutMs?: number;
}

interface ReadinessBody {
  readonly version?: string;
  readonly checks?: Readonly<Record<string, string>>;
}

/** How the installation is, asked of every service at this moment. */
export function addStatusRoutes({ http, upstreams, version, metrics, timeoutMs = 2_500 }: StatusRoutesOptions): void {
  async function statusOf(upstream: Upstream): Promise<ServiceStatus> {
    const status = await ask(upstream);
    metrics.upstreamReady.set({ upstream: upstream.name }, status.isReady ? 1 : 0);
    return status;
  }

  async function ask({ name, probe }: Upstream): Promise<ServiceStatus> {
    try {
      const { status, body } = await probe('/readyz', timeoutMs);
      const { version: running, checks = {} } = body as ReadinessBody;
      const reasons = Object.fromEntries(Object.entries(checks).filter(([, answer]) => answer !== 'ok'));
      return { name, isReady: status === 200, ...(running !== undefined && { version: running }), reasons };
    } catch (error) {
      return { name, isReady: false, reasons: { service: error instanceof Error ? error.message : String(error) } };
    }
  }

  http.get(
    '/v1/status',
    {
      config: { scope: anyScope },
      schema: {
        tags: ['status'],
        operationId: 'showStatus',
        summary: 'Whether every service is ready, and which version runs',
        response: { 200: StatusSchema },
      },
    },
    async (request) => {
      const mayKnowWhy = request.principal?.scopes.has('admin') === true;
      const services = await Promise.all(upstreams.map(statusOf));
      return {
        status: services.every((service) => service.isReady) ? ('ok' as const) : ('degraded' as const),
        version,
        // Reasons name hosts and ports.
        services: services.map(({ reasons, ...service }) =>
          mayKnowWhy && reasons !== undefined && !service.isReady ? { ...service, reasons } : service,
        ),
      };
    },
  );
}
