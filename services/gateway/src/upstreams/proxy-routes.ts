import { pipeline, type Readable } from 'node:stream';
import { anyScope, type HttpServer, type Principal } from '@kempt/service-runtime';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { bodyTooLarge, malformedPath, notInstalled } from '../errors.ts';
import { createBoundedBody } from './bounded-body.ts';
import { requestHeadersFrom, responseHeadersFrom } from './proxy-headers.ts';
import type { Upstream } from './upstream.ts';
import { type UpstreamName, upstreamNames, upstreamPrefixes } from './upstream-table.ts';

export interface ProxyRoutesOptions {
  readonly http: HttpServer;
  readonly upstreams: ReadonlyMap<UpstreamName, Upstream>;
  readonly bodyLimitBytes: number;
}

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'];

/**
 * Hands requests through to the service that answers their path, and its answers back, both as streams. The gateway says
 * who calls and for which tenant; what the caller may do there is the service's to decide.
 */
export async function addProxyRoutes({ http, upstreams, bodyLimitBytes }: ProxyRoutesOptions): Promise<void> {
  await http.register(async (scope) => {
    // Bodies are not looked into, whatever they are.
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
    for (const name of upstreamNames) {
      for (const prefix of upstreamPrefixes[name]) {
        for (const url of [prefix, `${prefix}/*`]) {
          scope.route({
            method: methods,
            url,
            exposeHeadRoute: false,
            // The stream is counted while it passes.
            bodyLimit: Number.MAX_SAFE_INTEGER,
            config: { scope: anyScope },
            schema: { hide: true },
            handler: (request, reply) =>
              passOn({ request, reply, name, upstream: upstreams.get(name), bodyLimitBytes }),
          });
        }
      }
    }
  });
}

interface Passage {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly name: UpstreamName;
  readonly upstream: Upstream | undefined;
  readonly bodyLimitBytes: number;
}

async function passOn({ request, reply, name, upstream, bodyLimitBytes }: Passage): Promise<FastifyReply> {
  if (upstream === undefined) throw notInstalled(name);
  const path = request.raw.url ?? '';
  if (!isPlainPath(path)) throw malformedPath();
  const answer = await upstream.send({
    method: request.method,
    path,
    headers: requestHeadersFrom(request.headers),
    ...bodyOf(request, bodyLimitBytes),
    principal: request.principal as Principal,
    requestId: request.id,
    signal: goneSignal(reply),
  });
  return reply
    .code(answer.statusCode ?? 502)
    .headers(responseHeadersFrom(answer.headers, upstream.url))
    .send(answer);
}

/** A path that every server on the way reads in the same way. */
function isPlainPath(url: string): boolean {
  const [path = ''] = url.split('?', 1);
  return !path.includes('\\') && !/\/\/|\/(\.|%2e){1,2}(\/|$)/i.test(path);
}

function bodyOf(request: FastifyRequest, limitBytes: number): { readonly body?: Readable } {
  const declaredBytes = Number(request.headers['content-length'] ?? 0);
  if (declaredBytes > limitBytes) throw bodyTooLarge(limitBytes);
  const hasBody = declaredBytes > 0 || request.headers['transfer-encoding'] !== undefined;
  if (!hasBody) return {};
  const bounded = createBoundedBody(limitBytes);
  // Whoever reads the bounded stream is told of its errors.
  pipeline(request.raw, bounded, () => undefined);
  return { body: bounded };
}

/** Aborted when the client closes the connection before it has the whole answer. */
function goneSignal(reply: FastifyReply): AbortSignal {
  const gone = new AbortController();
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) gone.abort(new Error('the client closed the connection'));
  });
  return gone.signal;
}
