import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createLogger, createMetrics, injectTrace, withSpan } from '@kempt/telemetry';
import { context, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { Type } from 'typebox';
import { createHttpServer, type HttpServer } from './http-server.ts';

const exporter = new InMemorySpanExporter();
const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
const lines: string[] = [];
let http: HttpServer;
let url: string;

beforeAll(async () => {
  trace.setGlobalTracerProvider(provider);
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  http = await createHttpServer({
    service: 'test',
    version: '1',
    logger: createLogger({ service: 'test', destination: { write: (line: string) => void lines.push(line) } }),
    metrics: createMetrics('test'),
    bodyLimitBytes: 10_000,
    requestTimeoutMs: 1_000,
    authenticate: async () => ({ tenantId: 'acme', subject: 's', scopes: new Set(['records:read']) }),
  });
  http.post(
    '/v1/things/:id',
    {
      config: { scope: 'records:read' },
      schema: { body: Type.Object({ fail: Type.Boolean() }), response: { 200: Type.Object({}) } },
    },
    async ({ body, log }) => {
      log.info('inside');
      if (body.fail) throw new Error('no luck for ada@mail.example.org');
      return withSpan('inner', {}, async () => ({}));
    },
  );
  await http.listen({ host: '127.0.0.1', port: 0 });
  url = `http://127.0.0.1:${(http.server.address() as AddressInfo).port}`;
});
beforeEach(() => {
  exporter.reset();
  lines.length = 0;
});
afterAll(async () => {
  await http.close();
  await provider.shutdown();
  trace.disable();
  context.disable();
});

function send(fail: boolean): Promise<Response> {
  const headers = injectTrace({ 'content-type': 'application/json' });
  return fetch(`${url}/v1/things/42`, { method: 'POST', headers, body: JSON.stringify({ fail }) });
}

async function spanNamed(name: string): Promise<ReadableSpan> {
  const deadline = Date.now() + 5_000;
  for (;;) {
    const span = exporter.getFinishedSpans().find((one) => one.name === name);
    if (span !== undefined) return span;
    if (Date.now() > deadline) throw new Error(`no span ${name}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('a request with a tracer', () => {
  test("is a server span under the caller's, and everything that its handler does is under it", async () => {
    await withSpan({ name: 'call', kind: 'client' }, {}, async () => {
      expect((await send(false)).status).toBe(200);
    });
    const server = await spanNamed('POST /v1/things/:id');
    const call = await spanNamed('call');
    expect(server.kind).toBe(SpanKind.SERVER);
    expect(server.parentSpanContext?.spanId).toBe(call.spanContext().spanId);
    expect((await spanNamed('inner')).parentSpanContext?.spanId).toBe(server.spanContext().spanId);
    expect(server.attributes).toEqual({
      'http.request.method': 'POST',
      'http.route': '/v1/things/:id',
      'http.response.status_code': 200,
    });
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ msg: 'inside', span_id: server.spanContext().spanId });
  });

  test('that fails marks its span, and the problem names the trace', async () => {
    const response = await send(true);
    const server = await spanNamed('POST /v1/things/:id');
    expect(await response.json()).toMatchObject({ status: 500, traceId: server.spanContext().traceId });
    expect(server.status).toEqual({ code: SpanStatusCode.ERROR, message: 'no luck for [redacted-email]' });
  });
});
