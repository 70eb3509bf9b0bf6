import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';

/**
 * What of a client's request reaches a service. Everything else stays outside: credentials and cookies, what belongs to
 * one connection only, and whatever claims who the caller is or which way the request came.
 */
const forwardedRequestHeaders = [
  'accept',
  'accept-language',
  'content-encoding',
  'content-language',
  'content-length',
  'content-type',
  'idempotency-key',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-unmodified-since',
  'last-event-id',
  'prefer',
  'range',
  'user-agent',
] as const;

/** Headers of one connection (RFC 9110, section 7.6.1), and those that the gateway says itself. */
const keptResponseHeaders = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'server',
  'x-powered-by',
  'set-cookie',
  'www-authenticate',
  'x-request-id',
  'x-content-type-options',
  'x-frame-options',
  'referrer-policy',
  'content-security-policy',
  'cross-origin-resource-policy',
  'ratelimit',
  'ratelimit-policy',
]);

/** The headers of a client's request that go on to a service. */
export function requestHeadersFrom(client: IncomingHttpHeaders): OutgoingHttpHeaders {
  const headers: Record<string, string | string[]> = {};
  const named = headersNamedBy(client.connection);
  for (const name of forwardedRequestHeaders) {
    const value = client[name];
    if (value !== undefined && !named.has(name)) headers[name] = value;
  }
  return headers;
}

/** The headers of a service's answer that go back to the client. */
export function responseHeadersFrom(service: IncomingHttpHeaders, serviceUrl: URL): OutgoingHttpHeaders {
  const named = headersNamedBy(service.connection);
  const headers: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(service)) {
    if (value === undefined || keptResponseHeaders.has(name) || named.has(name)) continue;
    headers[name] = name === 'location' ? publicLocation(String(value), serviceUrl) : value;
  }
  return headers;
}

/** `Connection` may name further headers that are for this connection only. */
function headersNamedBy(connection: string | undefined): ReadonlySet<string> {
  return new Set((connection ?? '').split(',').map((name) => name.trim().toLowerCase()));
}

/** The address of a service is nobody's business outside, and of no use there. */
function publicLocation(location: string, serviceUrl: URL): string {
  return location.startsWith(`${serviceUrl.origin}/`) ? location.slice(serviceUrl.origin.length) : location;
}
