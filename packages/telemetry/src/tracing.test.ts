import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { createLogger } from './logger.ts';
import { extractTrace, injectTrace, spanContextOf } from './trace-headers.ts';
import { withBatchSpan, withSpan } from './tracing.ts';

describe('without a tracer', () => {
  test('work runs, nothing is written into headers, and its failure goes through', async () => {
    await expect(withSpan('work', {}, async () => injectTrace({}))).resolves.toEqual({});
    await expect(withSpan('work', {}, () => Promise.reject(new Error('failed')))).rejects.toThrow('failed');
  });
});

describe('with a tracer', () => {
  const exporter = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });

  beforeAll(() => {
    trace.setGlobalTracerProvider(provider);
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  });
  beforeEach(() => exporter.reset());
  afterAll(async () => {
    await provider.shutdown();
    trace.disable();
    context.disable();
  });

  test('one trace leads from an HTTP call through the headers of an outbox row to the consumer', async () => {
    const outbox: Record<string, string>[] = [];
    const server = createServer((request, response) => {
      const parent = extractTrace(request.headers);
      void withSpan({ name: 'POST /v1/things', kind: 'server', parent }, {}, async () => {
        await Promise.resolve();
        await withSpan({ name: 'publish', kind: 'producer' }, {}, async () => {
          outbox.push(injectTrace({ ce_id: '1' }));
        });
      }).then(() => response.end());
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;

    await withSpan({ name: 'call', kind: 'client' }, {}, async () => {
      await fetch(`http://127.0.0.1:${port}/`, { headers: injectTrace({}) });
    });
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    const [row] = outbox;
    await withSpan({ name: 'consume', kind: 'consumer', parent: extractTrace(row ?? {}) }, {}, async () => undefined);

    const spans = exporter.getFinishedSpans();
    const byName = new Map(spans.map((span) => [span.name, span]));
    const chain = ['call', 'POST /v1/things', 'publish', 'consume'].map((name) => byName.get(name));
    expect(new Set(chain.map((span) => span?.spanContext().traceId)).size).toBe(1);
    for (const [index, span] of chain.entries()) {
      expect(span?.parentSpanContext?.spanId).toBe(chain[index - 1]?.spanContext().spanId);
    }
  });

  test('a batch links the trace of each event that carries one', async () => {
    const headers = { traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01` };
    await withSpan({ name: 'batch', links: [headers, {}, { traceparent: 'junk' }] }, {}, async () => undefined);
    expect(exporter.getFinishedSpans()[0]?.links.map((link) => link.context.traceId)).toEqual(['a'.repeat(32)]);
  });

  test('a batch of one event goes on in its trace', async () => {
    const headers = [{ traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01` }];
    await withBatchSpan({ name: 'process', kind: 'consumer', headers }, {}, async () => undefined);
    const [span, ...others] = exporter.getFinishedSpans();
    expect(others).toEqual([]);
    expect(span?.spanContext().traceId).toBe('a'.repeat(32));
    expect(span?.parentSpanContext?.spanId).toBe('b'.repeat(16));
  });

  test('a batch of several has a trace of its own, and each trace that is kept gets one span of it, failed like it', async () => {
    const headers = [
      { traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01` },
      { traceparent: `00-${'a'.repeat(32)}-${'c'.repeat(16)}-01` },
      { traceparent: `00-${'d'.repeat(32)}-${'e'.repeat(16)}-01` },
      { traceparent: `00-${'f'.repeat(32)}-${'e'.repeat(16)}-00` },
      {},
    ];
    const work = withBatchSpan({ name: 'process', kind: 'consumer', headers }, {}, () =>
      Promise.reject(new Error('no')),
    );
    await expect(work).rejects.toThrow('no');
    const spans = exporter.getFinishedSpans();
    const own = spans.find((span) => span.parentSpanContext === undefined);
    expect(own?.links.map((link) => link.context.traceId[0])).toEqual(['a', 'a', 'd', 'f']);
    const inEvents = spans.filter((span) => span !== own);
    expect(inEvents.map((span) => span.spanContext().traceId)).toEqual(['a'.repeat(32), 'd'.repeat(32)]);
    expect(inEvents.map((span) => span.parentSpanContext?.spanId)).toEqual(['b'.repeat(16), 'e'.repeat(16)]);
    for (const span of inEvents) expect(span.links[0]?.context.spanId).toBe(own?.spanContext().spanId);
    for (const span of spans) expect(span.status.message).toBe('no');
  });

  test('a failure marks the span, without personal data', async () => {
    await withSpan('work', {}, () => Promise.reject(new Error('no ada@mail.example.org'))).catch(() => undefined);
    const [span] = exporter.getFinishedSpans();
    expect(span?.status.message).toBe('no [redacted-email]');
    expect(JSON.stringify(span?.events)).not.toContain('ada@');
  });

  test('a log line inside a span names it', async () => {
    const lines: string[] = [];
    const logger = createLogger({ service: 'test', destination: { write: (line: string) => void lines.push(line) } });
    const id = await withSpan('work', {}, async (span) => {
      logger.info('inside');
      return span.spanContext();
    });
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ trace_id: id.traceId, span_id: id.spanId });
  });
});

describe('traceparent', () => {
  const traceId = '0af7651916cd43dd8448eb211c80319c';
  const spanId = 'b7ad6b7169203331';

  test('is read by the W3C rules', () => {
    expect(spanContextOf({ traceparent: `00-${traceId}-${spanId}-01` })).toMatchObject({
      traceId,
      spanId,
      traceFlags: 1,
    });
    expect(spanContextOf({ traceparent: `cc-${traceId}-${spanId}-01-later` })).toMatchObject({ traceId });
  });

  test.each([
    undefined,
    '',
    `00-${traceId}-${spanId}`,
    `00-${traceId}-${spanId}-01-extra`,
    `ff-${traceId}-${spanId}-01`,
    `00-${'0'.repeat(32)}-${spanId}-01`,
    `00-${traceId}-${'0'.repeat(16)}-01`,
    `00-${traceId.toUpperCase()}-${spanId}-01`,
  ])('is ignored when malformed: %s', (traceparent) => {
    expect(spanContextOf({ traceparent })).toBeUndefined();
  });
});
