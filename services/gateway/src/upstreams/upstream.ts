import { Agent as HttpAgent, request as httpRequest, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream';
import { createPolicy, type Policy, PolicyError, retryAfterMsOf } from '@kempt/resilience';
import { type InternalTokenSigner, type Principal, ProblemError } from '@kempt/service-runtime';
import { injectTrace, type Metrics, withSpan } from '@kempt/telemetry';
import { upstreamTimedOut, upstreamUnavailable, upstreamUnreachable } from '../errors.ts';
import type { GatewayMetrics } from '../metrics.ts';
import type { UpstreamName } from './upstream-table.ts';

export interface UpstreamRequest {
  readonly method: string;
  /** Path and query as they go onto the wire. */
  readonly path: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: Readable | string | Uint8Array;
  readonly principal: Principal;
  /** Names the request in the logs of both sides. */
  readonly requestId: string;
  /** Aborted when the client is gone. Ends the answer too, while it is read. */
  readonly signal: AbortSignal;
}

/** One service behind the gateway. */
export interface Upstream {
  readonly name: UpstreamName;
  readonly url: URL;
  /**
   * Sends a request on behalf of a principal and resolves when the answer begins. GET and HEAD are tried again when that
   * may help; nothing else ever is. Rejects with a `ProblemError`: 502, 503 or 504.
   */
  send(request: UpstreamRequest): Promise<IncomingMessage>;
  /** Reads one of the pages that need no token (`/readyz`, `/openapi.json`), beside policy and breaker. */
  probe(path: string, timeoutMs: number): Promise<{ readonly status: number; readonly body: unknown }>;
  close(): void;
}

export interface UpstreamOptions {
  readonly name: UpstreamName;
  readonly url: URL;
  readonly sign: InternalTokenSigner;
  readonly timeoutMs: number;
  /** An answer that stands still for so long is given up. */
  readonly idleMs: number;
  readonly concurrency: number;
  readonly metrics: Metrics;
  readonly gatewayMetrics: GatewayMetrics;
}

/** The service said itself that it cannot answer now. The answer is kept, since it says more than we could. */
class BusyAnswer extends Error {
  readonly answer: IncomingMessage;
  readonly status: number;
  readonly retryAfterMs: number | undefined;

  constructor(answer: IncomingMessage) {
    super(`answered with status ${answer.statusCode}`);
    this.answer = answer;
    this.status = answer.statusCode ?? 503;
    this.retryAfterMs = retryAfterMsOf(answer.headers['retry-after']);
  }
}

const safeMethods = new Set(['GET', 'HEAD']);
const busyStatuses = new Set([502, 503, 504]);
/** Below the time for which services keep idle connections: a request must not meet one that is just being closed. */
const idleConnectionMs = 60_000;

export function createUpstream(options: UpstreamOptions): Upstream {
  const { name, url, sign, idleMs, gatewayMetrics } = options;
  const isTls = url.protocol === 'https:';
  const agentOptions = { keepAlive: true, timeout: idleConnectionMs, maxFreeSockets: 16 };
  const agent = isTls ? new HttpsAgent(agentOptions) : new HttpAgent(agentOptions);
  const policy = upstreamPolicy(options);

  async function attempt(request: UpstreamRequest, signal: AbortSignal): Promise<IncomingMessage> {
    const token = await sign(request.principal);
    const headers = { ...request.headers, authorization: `Bearer ${token}`, 'x-request-id': request.requestId };
    injectTrace(headers as Record<string, string>);
    const answer = await exchange({ request, headers, signal });
    answer.setTimeout(idleMs, () => answer.destroy(new Error(`${name} stopped in the middle of its answer`)));
    return answer;
  }

  function exchange(call: {
    readonly request: Pick<UpstreamRequest, 'method' | 'path' | 'body'>;
    readonly headers: OutgoingHttpHeaders;
    readonly signal: AbortSignal;
  }): Promise<IncomingMessage> {
    const { method, path, body } = call.request;
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const { hostname, port, protocol } = url;
    // The path is passed on as it came: resolving it against a URL would rewrite dot segments and escapes.
    const outgoing = (isTls ? httpsRequest : httpRequest)({
      agent,
      protocol,
      hostname: hostname.replace(/^\[|\]$/g, ''),
      port,
      method,
      path,
      headers: call.headers,
      signal: call.signal,
    });
    outgoing.on('response', resolve);
    outgoing.on('error', reject);
    if (body === undefined || typeof body === 'string' || body instanceof Uint8Array) outgoing.end(body);
    else pipeline(body, outgoing, (error) => error && reject(error));
    return promise;
  }

  return {
    name,
    url,
    async send(request) {
      const end = gatewayMetrics.upstreamDuration.startTimer({ upstream: name });
      const span = { name: `${request.method} ${name}`, kind: 'client' } as const;
      const retry = safeMethods.has(request.method);
      let busy: IncomingMessage | undefined;
      const attemptOnce = async (signal: AbortSignal): Promise<IncomingMessage> => {
        // Another attempt is made, so nobody reads this answer: its connection becomes free when it was thrown away.
        busy?.resume();
        busy = undefined;
        const answer = await attempt(request, AbortSignal.any([signal, request.signal]));
        if (!busyStatuses.has(answer.statusCode ?? 0)) return answer;
        busy = answer;
        throw new BusyAnswer(answer);
      };
      try {
        const answer = await withSpan(span, { 'server.address': name }, () =>
          policy.run(attemptOnce, request.signal, { retry }),
        );
        end({ outcome: `${Math.floor((answer.statusCode ?? 0) / 100)}xx` });
        return answer;
      } catch (error) {
        end({ outcome: outcomeOf(error, request.signal) });
        if (error instanceof BusyAnswer) return error.answer;
        throw problemOf(name, error, request.signal);
      }
    },
    async probe(path, timeoutMs) {
      const signal = AbortSignal.timeout(timeoutMs);
      const answer = await exchange({ request: { method: 'GET', path }, headers: {}, signal });
      const text = (await answer.setEncoding('utf8').toArray()).join('');
      return { status: answer.statusCode ?? 0, body: JSON.parse(text) as unknown };
    },
    close() {
      policy.close();
      agent.destroy();
    },
  };
}

function upstreamPolicy({ name, timeoutMs, concurrency, metrics }: UpstreamOptions): Policy {
  return createPolicy({
    name,
    timeoutMs,
    concurrency,
    maxQueue: concurrency * 4,
    breaker: {
      minimumCalls: 10,
      errorThresholdPercentage: 50,
      resetMs: 5_000,
      // A problem of our own (413, a client that went away) says nothing about the service.
      isFailure: (error) => !(error instanceof ProblemError),
    },
    retry: {
      attempts: 3,
      baseMs: 50,
      maxMs: 500,
      longestRetryAfterMs: 2_000,
      // A timeout was long enough for the client already.
      isRetriable: (error) => !(error instanceof ProblemError) && !(error instanceof PolicyError),
      retryAfterMs: (error) => (error instanceof BusyAnswer ? error.retryAfterMs : undefined),
    },
    metrics,
  });
}

function outcomeOf(error: unknown, signal: AbortSignal): string {
  if (signal.aborted) return 'cancelled';
  if (error instanceof BusyAnswer) return '5xx';
  if (error instanceof PolicyError) return error.code === 'timeout' ? 'timeout' : 'refused';
  return 'unreachable';
}

function problemOf(name: string, error: unknown, signal: AbortSignal): unknown {
  if (signal.aborted || error instanceof ProblemError) return error;
  if (error instanceof PolicyError) {
    if (error.code === 'timeout') return upstreamTimedOut(name, error);
    return upstreamUnavailable(name, error.retryAfterMs, error);
  }
  return upstreamUnreachable(name, error);
}
