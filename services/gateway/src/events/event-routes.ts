import {
  type Authenticator,
  type HttpServer,
  type Principal,
  ProblemError,
  requireScope,
} from '@kempt/service-runtime';
import { Type } from 'typebox';
import type { GatewayMetrics } from '../metrics.ts';
import { sendEventStream } from './event-stream.ts';
import { followedTopics } from './followed-topic.ts';
import type { StreamFeed } from './stream-feed.ts';

export interface EventRoutesOptions {
  readonly http: HttpServer;
  readonly feed: StreamFeed;
  readonly authenticate: Authenticator;
  readonly heartbeatMs: number;
  readonly slowClientMs: number;
  /** Streams open at the same time in this replica. */
  readonly maxStreams: number;
  readonly metrics: GatewayMetrics;
  /** Aborted when the service stops. */
  readonly stopping: AbortSignal;
}

const scope = 'events:read';
const topicNames = followedTopics.map(({ name }) => name);

/** `GET /v1/events`: what happens in the tenant, as it happens. */
export function addEventRoutes(options: EventRoutesOptions): void {
  const { http, feed, authenticate, maxStreams, metrics } = options;
  let open = 0;

  http.get(
    '/v1/events',
    {
      config: { scope },
      schema: {
        tags: ['events'],
        operationId: 'followEvents',
        summary: 'Follow what happens, as server-sent events',
        description: [
          'Events of the last 24 hours, at most 100,000, are kept. `Last-Event-ID` goes on where a connection ended; without',
          'it the stream begins with what happens next. `reset` says that events in between are gone, `closed` why the',
          'stream ends. Without `topics` everything comes that the scopes of the key allow.',
        ].join(' '),
        querystring: Type.Object({
          topics: Type.Optional(
            Type.String({ maxLength: 1_000, description: `Separated by commas: ${topicNames.join(', ')}` }),
          ),
        }),
        headers: Type.Object({
          'last-event-id': Type.Optional(
            Type.String({ pattern: '^[0-9]{1,15}$', description: 'Id of the last event that the client has' }),
          ),
        }),
        response: {
          200: { description: 'Events', content: { 'text/event-stream': { schema: Type.String() } } },
        },
      },
    },
    async (request, reply) => {
      const principal = request.principal as Principal;
      const topics = wantedTopics(request.query.topics, principal);
      if (open >= maxStreams) {
        throw new ProblemError({
          status: 503,
          code: 'too-many-streams',
          detail: 'This instance of the gateway has as many event streams open as it may. Try again later.',
          retryAfterSeconds: 10,
        });
      }
      open += 1;
      try {
        const last = request.headers['last-event-id'];
        const follower = await feed.follow(principal.tenantId, last === undefined ? undefined : Number(last));
        metrics.streamClients.inc();
        try {
          reply.hijack();
          reply.raw.writeHead(200, {
            ...(reply.getHeaders() as Record<string, string>),
            'content-type': 'text/event-stream; charset=utf-8',
            'cache-control': 'no-store',
            // Proxies that gather answers would keep events back.
            'x-accel-buffering': 'no',
          });
          const reason = await sendEventStream({
            response: reply.raw,
            follower,
            topics,
            heartbeatMs: options.heartbeatMs,
            slowClientMs: options.slowClientMs,
            checkAccess: async () => requireScope(await authenticate(request.headers), scope),
            onHeartbeat: () => feed.wake(principal.tenantId),
            stopping: options.stopping,
          });
          metrics.streamsEnded.inc({ reason });
        } finally {
          metrics.streamClients.dec();
          follower.close();
        }
      } finally {
        open -= 1;
      }
      return reply;
    },
  );
}

/** A topic is told to those only who may read what it is about. */
function wantedTopics(asked: string | undefined, principal: Principal): ReadonlySet<string> {
  if (asked === undefined) {
    return new Set(followedTopics.filter((topic) => principal.scopes.has(topic.scope)).map(({ name }) => name));
  }
  const wanted = new Set<string>();
  for (const name of asked.split(',').map((text) => text.trim())) {
    const topic = followedTopics.find((candidate) => candidate.name === name);
    if (topic === undefined) {
      const detail = `is no topic that can be followed. There are: ${topicNames.join(', ')}.`;
      throw new ProblemError({
        status: 400,
        code: 'invalid-request',
        detail: `/querystring/topics: ${name === '' ? 'an empty name' : name} ${detail}`,
        errors: [{ pointer: '/querystring/topics', detail }],
      });
    }
    requireScope(principal, topic.scope);
    wanted.add(name);
  }
  return wanted;
}
