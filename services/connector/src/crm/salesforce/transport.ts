import { PassThrough } from 'node:stream';
import type { Connection, HttpRequest, HttpResponse } from 'jsforce';

/** An answer as it came, for the error map. */
export interface SalesforceAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

export interface TransportOptions {
  readonly signal: AbortSignal;
  readonly onAnswer: (answer: SalesforceAnswer) => void;
}

type Transport = Connection['_transport'];

/**
 * How jsforce sends one request. Its own transport retries by itself and cannot be stopped, follows redirects with the
 * session in the header, and a body that breaks off is an uncaught exception there, which ends the process.
 * This one does none of that: the caller's policy decides about retries, and a broken body is a rejected promise.
 */
export function createTransport(options: TransportOptions): Transport {
  const send = async (request: HttpRequest): Promise<HttpResponse> => {
    const response = await fetch(request.url, {
      method: request.method,
      headers: request.headers ?? {},
      body: (request.body ?? null) as string | null,
      redirect: 'manual',
      signal: options.signal,
    });
    const body = await response.text();
    options.onAnswer({ status: response.status, headers: response.headers, body });
    return { statusCode: response.status, headers: Object.fromEntries(response.headers), body };
  };
  const httpRequest = (request: HttpRequest) => Object.assign(send(request), { stream: () => new PassThrough() });
  return { httpRequest } as unknown as Transport;
}
