import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import type { FaultEffect, FaultPlan } from './fault-plan.ts';
import { createOutages, type Outages } from './outages.ts';

export interface SimulatorRequest {
  readonly method: string;
  /** Path without query, without doubled leading slashes and without a trailing slash. */
  readonly path: string;
  /** Path and query as they came. */
  readonly url: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly text: () => string;
  /** The body as JSON; throws SyntaxError. */
  readonly json: () => unknown;
  readonly form: () => URLSearchParams;
}

export interface SimulatorReply {
  readonly status: number;
  /** Names go over the wire exactly as written: some clients depend on capitals. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface HttpServerOptions {
  readonly host: string;
  /** The name by which clients reach the server, where it listens on every address. Default: `host`. */
  readonly publicHost?: string | undefined;
  /** 0 for any free port. */
  readonly port: number;
  readonly faults: FaultPlan;
  readonly handle: (request: SimulatorRequest) => SimulatorReply | Promise<SimulatorReply>;
  /** The vendor's answer to a named fault. */
  readonly namedFault: (name: string, request: SimulatorRequest) => SimulatorReply;
  /** The answer when `handle` throws. */
  readonly onError: (error: unknown, request: SimulatorRequest) => SimulatorReply;
}

export interface HttpServer {
  readonly url: string;
  /** Requests answered so far, by method and first path segments. */
  requestCount(): number;
  /** Makes the whole server unreachable, broken or slow. */
  readonly outages: Outages;
  stop(): Promise<void>;
}

const maxHeaderSizeBytes = 128 * 1024;
const maxBodyBytes = 64 * 1024 * 1024;

async function readBody(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of message) {
    size += (chunk as Buffer).length;
    if (size > maxBodyBytes) throw new RangeError(`The request body is larger than ${maxBodyBytes} bytes.`);
    chunks.push(chunk as Buffer);
  }
  const body = Buffer.concat(chunks);
  return message.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body;
}

function parseRequest(message: IncomingMessage, body: Buffer): SimulatorRequest {
  const url = (message.url ?? '/').replace(/^\/+/, '/');
  const mark = url.indexOf('?');
  const rawPath = mark < 0 ? url : url.slice(0, mark);
  let text: string | undefined;
  const readText = () => {
    text ??= body.toString('utf8');
    return text;
  };
  return {
    method: message.method ?? 'GET',
    path: rawPath.length > 1 ? rawPath.replace(/\/+$/, '') || '/' : rawPath,
    url,
    query: new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1)),
    headers: message.headers,
    text: readText,
    json: () => JSON.parse(readText()) as unknown,
    form: () => new URLSearchParams(readText()),
  };
}

function write(response: ServerResponse, reply: SimulatorReply): void {
  const body = Buffer.from(reply.body ?? '', 'utf8');
  const headers: Record<string, string> = { ...reply.headers };
  if (reply.status !== 204 && reply.status !== 304) headers['Content-Length'] = String(body.length);
  response.writeHead(reply.status, headers);
  response.end(response.req.method === 'HEAD' ? undefined : body);
}

function writeBroken(response: ServerResponse, reply: SimulatorReply, share: number): void {
  const body = Buffer.from(reply.body ?? '', 'utf8');
  response.writeHead(reply.status, { ...reply.headers, 'Content-Length': String(body.length) });
  response.write(body.subarray(0, Math.floor(body.length * share)), () => response.destroy());
}

/** Serves one vendor. Faults are applied around `handle`, so that vendor code knows nothing of them. */
export async function startHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  let requests = 0;
  const stopping = new AbortController();
  const sockets = new Set<Socket>();

  const answer = async (request: SimulatorRequest): Promise<SimulatorReply> => {
    try {
      return await options.handle(request);
    } catch (error) {
      return options.onError(error, request);
    }
  };

  const applyFault = async (
    effect: FaultEffect,
    request: SimulatorRequest,
    response: ServerResponse,
  ): Promise<void> => {
    switch (effect.kind) {
      case 'reply':
      case 'named': {
        if (effect.handle === true) await answer(request);
        const reply: SimulatorReply =
          effect.kind === 'named'
            ? options.namedFault(effect.name, request)
            : { status: effect.status, headers: effect.headers ?? {}, body: effect.body ?? '' };
        write(response, reply);
        return;
      }
      case 'delay': {
        await late(effect.delayMs);
        write(response, await answer(request));
        return;
      }
      case 'truncate':
        writeBroken(response, await answer(request), effect.share ?? 0.5);
        return;
      case 'cut-json': {
        const reply = await answer(request);
        const body = reply.body ?? '';
        write(response, { ...reply, body: body.slice(0, Math.floor(body.length * (effect.share ?? 0.5))) });
        return;
      }
      case 'disconnect':
        if (effect.handle === true) await answer(request);
        response.req.socket.destroy();
        return;
      case 'stall':
        return;
    }
  };

  const late = (delayMs: number): Promise<void> =>
    sleep(delayMs, undefined, { signal: stopping.signal }).catch(() => undefined);

  const closeServer = async (): Promise<void> => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  /** Connections from before an outage do not outlive its beginning. */
  const outages = createOutages(async (outage) => {
    if (outage === null) {
      if (!server.listening) await listen(address.port);
    } else if (outage.kind === 'refused') {
      await closeServer();
    } else if (outage.kind === 'reset') {
      for (const socket of sockets) socket.resetAndDestroy();
    }
  });

  const server = createServer({ maxHeaderSize: maxHeaderSizeBytes, keepAliveTimeout: 60_000 }, (message, response) => {
    requests += 1;
    void (async () => {
      try {
        const request = parseRequest(message, await readBody(message));
        const outage = outages.current();
        if (outage?.kind === 'unavailable') {
          write(response, options.namedFault('unavailable', request));
          return;
        }
        if (outage?.kind === 'slow') await late(outage.delayMs);
        const effect = options.faults.take({ method: request.method, url: request.url, body: request.text });
        if (effect === null) write(response, await answer(request));
        else await applyFault(effect, request, response);
      } catch {
        response.destroy();
      }
    })();
  });
  server.on('connection', (socket) => {
    if (outages.current()?.kind === 'reset') {
      socket.resetAndDestroy();
      return;
    }
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  const listen = (port: number): Promise<void> =>
    new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, options.host, () => {
        server.off('error', reject);
        resolve();
      });
    });
  await listen(options.port);
  const address = server.address() as AddressInfo;
  return {
    url: `http://${options.publicHost ?? options.host}:${address.port}`,
    requestCount: () => requests,
    outages,
    async stop() {
      stopping.abort();
      await outages.end().catch(() => {});
      await closeServer();
    },
  };
}
