import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Metrics } from '@kempt/telemetry';
import { ProblemError, problemContentType } from './problem.ts';
import type { Readiness } from './readiness.ts';

/**
 * The port of a service. It listens before anything else works, so that probes and scrapes see a service that still waits
 * for its dependencies; everything else is answered with 503 until the routes are attached.
 */
export interface FrontServer {
  readonly server: Server;
  /** `http://host:port` once it listens. */
  url(): string;
  listen(address: { readonly host: string; readonly port: number }): Promise<void>;
  /** From now on every other request goes to the routes. */
  serve(): void;
  /** Where the HTTP framework hangs its listener. */
  attach(listener: RequestListener): Server;
  /** Takes no new connection, lets requests finish, then resolves. Connections without a request are closed at once. */
  close(): Promise<void>;
  /** Closes connections in the middle of their requests. */
  abort(): void;
}

/** Thrown when the port cannot be taken. */
export class ListenError extends Error {
  readonly code = 'listen-failed';
  readonly retriable = false;

  constructor(address: { readonly host: string; readonly port: number }, cause: NodeJS.ErrnoException) {
    const where = `${address.host}:${address.port}`;
    const reasons: Readonly<Record<string, string>> = {
      EADDRINUSE: `Another program listens on ${where}. Stop it, or set KEMPT_HTTP_PORT to another port.`,
      EACCES: `Listening on ${where} is not permitted. Set KEMPT_HTTP_PORT to a port above 1023.`,
      EADDRNOTAVAIL: `This machine does not have the address ${address.host}. Correct KEMPT_HTTP_HOST.`,
      ENOTFOUND: `The name ${address.host} is not known. Correct KEMPT_HTTP_HOST.`,
    };
    super(reasons[cause.code ?? ''] ?? `Listening on ${where} failed: ${cause.message}`, { cause });
    this.name = 'ListenError';
  }
}

export function createFrontServer(options: { readonly readiness: Readiness; readonly metrics: Metrics }): FrontServer {
  const { readiness, metrics } = options;
  let routes: RequestListener | undefined;
  let serving = false;
  let closing = false;

  /** Open connections, with how many of their requests are under way. */
  const underWay = new Map<Socket, number>();

  const server = createServer((request, response) => {
    const { socket } = request;
    underWay.set(socket, (underWay.get(socket) ?? 0) + 1);
    response.once('close', () => {
      underWay.set(socket, (underWay.get(socket) ?? 1) - 1);
      closeWhenIdle(socket);
    });
    if (closing) response.setHeader('connection', 'close');
    const path = (request.url ?? '').split('?')[0];
    if (request.method === 'GET' || request.method === 'HEAD') {
      if (path === '/livez') return sendJson(response, 200, { status: 'alive' });
      if (path === '/readyz') return void sendReadiness(response, readiness);
      if (path === '/metrics') return void sendMetrics(response, metrics);
    }
    if (serving && routes !== undefined) return routes(request, response);
    const problem = new ProblemError({
      status: 503,
      code: 'starting',
      detail: 'The service is starting. Try again soon; /readyz says what it waits for.',
    });
    response.setHeader('retry-after', '1');
    sendJson(response, 503, problem.toProblem(), problemContentType);
  });

  server.on('connection', (socket: Socket) => {
    underWay.set(socket, 0);
    socket.once('close', () => underWay.delete(socket));
  });

  /** Node's own closeIdleConnections spares connections that never sent anything, which would hold up every drain. */
  function closeWhenIdle(socket: Socket): void {
    if (closing && underWay.get(socket) === 0) socket.destroySoon();
  }

  return {
    server,
    url() {
      const address = server.address() as AddressInfo | null;
      if (address === null) throw new Error('The server does not listen.');
      const host = address.family === 'IPv6' ? `[${address.address}]` : address.address;
      return `http://${host}:${address.port}`;
    },
    listen(address) {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const fail = (error: Error): void => reject(new ListenError(address, error));
      server.once('error', fail);
      server.listen({ host: address.host, port: address.port }, () => {
        server.off('error', fail);
        resolve();
      });
      return promise;
    },
    serve() {
      serving = true;
    },
    attach(listener) {
      routes = listener;
      return server;
    },
    async close() {
      closing = true;
      if (!server.listening) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      server.close(() => resolve());
      for (const socket of underWay.keys()) closeWhenIdle(socket);
      await promise;
    },
    abort() {
      server.closeAllConnections();
    },
  };
}

type Response = Parameters<RequestListener>[1];

async function sendReadiness(response: Response, readiness: Readiness): Promise<void> {
  const { ready, ...report } = await readiness.report();
  sendJson(response, ready ? 200 : 503, { status: ready ? 'ready' : 'not ready', ...report });
}

async function sendMetrics(response: Response, metrics: Metrics): Promise<void> {
  try {
    const text = await metrics.registry.metrics();
    response.writeHead(200, { 'content-type': metrics.registry.contentType }).end(text);
  } catch (error) {
    response.writeHead(500, { 'content-type': 'text/plain' }).end(error instanceof Error ? error.message : '');
  }
}

function sendJson(
  response: Response,
  status: number,
  body: object,
  contentType = 'application/json; charset=utf-8',
): void {
  response
    .writeHead(status, {
      'content-type': contentType,
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    })
    .end(JSON.stringify(body));
}
