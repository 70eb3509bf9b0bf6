import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { startTraceExport } from './trace-export.ts';
import { withSpan } from './tracing.ts';

interface OtlpSpan {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
}

interface OtlpBody {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly { key: string; value: { stringValue?: string } }[] };
    readonly scopeSpans: readonly { readonly spans: readonly OtlpSpan[] }[];
  }[];
}

let collector: Server;
let endpoint = '';
let bodies: OtlpBody[] = [];

beforeEach(async () => {
  bodies = [];
  collector = createServer((request, response) => {
    let text = '';
    request.on('data', (part: Buffer) => {
      text += part.toString();
    });
    request.on('end', () => {
      bodies.push(JSON.parse(text) as OtlpBody);
      response.setHeader('content-type', 'application/json');
      response.end('{}');
    });
  });
  await new Promise<void>((resolve) => {
    collector.listen(0, '127.0.0.1', resolve);
  });
  endpoint = `http://127.0.0.1:${(collector.address() as AddressInfo).port}/v1/traces`;
});

afterEach(() => {
  collector.closeAllConnections();
  collector.close();
});

const spansTold = (): OtlpSpan[] =>
  bodies.flatMap(({ resourceSpans }) =>
    resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans)),
  );

test('spans reach a collector with their service, and each names its parent', async () => {
  const end = await startTraceExport({ service: 'dedupe', version: '1.2.3', endpoint, ratio: 1 });
  await withSpan('outer', {}, () => withSpan('inner', {}, async () => undefined));
  await end();
  const [inner, outer] = spansTold();
  expect([inner?.name, outer?.name]).toEqual(['inner', 'outer']);
  expect(inner?.traceId).toBe(outer?.traceId);
  expect(inner?.parentSpanId).toBe(outer?.spanId);
  const attributes = bodies[0]?.resourceSpans[0]?.resource.attributes ?? [];
  expect(attributes).toContainEqual({ key: 'service.name', value: { stringValue: 'dedupe' } });
});

test('with a ratio of 0 nothing is sent', async () => {
  const end = await startTraceExport({ service: 'dedupe', version: '1', endpoint, ratio: 0 });
  await withSpan('work', {}, async () => undefined);
  await end();
  expect(spansTold()).toEqual([]);
});

test('a collector that is away fails neither the work nor the stop', async () => {
  collector.close();
  const end = await startTraceExport({
    service: 'dedupe',
    version: '1',
    endpoint: 'http://127.0.0.1:9/v1/traces',
    ratio: 1,
  });
  await expect(withSpan('work', {}, async () => 7)).resolves.toBe(7);
  await end().catch(() => undefined);
});
