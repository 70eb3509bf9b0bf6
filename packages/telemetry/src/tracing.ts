import {
  type Attributes,
  type Context,
  context,
  type Link,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  trace,
} from '@opentelemetry/api';
import { scrubText } from './redaction.ts';
import { extractTrace, spanContextOf } from './trace-headers.ts';

export type { Span } from '@opentelemetry/api';

const kinds = {
  internal: SpanKind.INTERNAL,
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
} as const;

/** What an event carries beside its value. */
export type EventHeaders = Readonly<Record<string, unknown>>;

/** A span that is more than a name. */
export interface SpanOptions {
  readonly name: string;
  /** Default `internal`. */
  readonly kind?: keyof typeof kinds;
  /** Context of the parent, for example of `extractTrace`. Default: the active one. */
  readonly parent?: Context;
  /** Headers of the events of a batch: each one that carries a trace is linked. */
  readonly links?: readonly EventHeaders[];
}

/**
 * Starts a span. The caller ends it. Only the API of OpenTelemetry is used: without a registered tracer this does nothing
 * and costs next to nothing.
 */
export function startSpan(span: string | SpanOptions, attributes: Attributes = {}): Span {
  const { name, kind = 'internal', parent = context.active(), links = [] } = optionsOf(span);
  return trace.getTracer('kempt').startSpan(name, { kind: kinds[kind], attributes, links: linksOf(links) }, parent);
}

/** Runs `work` inside a span that ends with it. A rejection marks the span as failed and goes on to the caller. */
export async function withSpan<T>(
  span: string | SpanOptions,
  attributes: Attributes,
  work: (span: Span) => Promise<T>,
): Promise<T> {
  const started = startSpan(span, attributes);
  const parent = optionsOf(span).parent ?? context.active();
  try {
    return await context.with(trace.setSpan(parent, started), () => work(started));
  } catch (error) {
    failSpan(started, error);
    throw error;
  } finally {
    started.end();
  }
}

/**
 * Runs work on a batch of events inside a span. A single event goes on in its own trace. Several have a span of their own, linked
 * with the trace of each, and each trace that is sampled gets a span of the same name and length that is linked back.
 */
export async function withBatchSpan<T>(
  batch: { readonly name: string; readonly kind: keyof typeof kinds; readonly headers: readonly EventHeaders[] },
  attributes: Attributes,
  work: (span: Span) => Promise<T>,
): Promise<T> {
  const { name, kind, headers } = batch;
  const [first, ...others] = headers;
  if (first !== undefined && others.length === 0) {
    return await withSpan({ name, kind, parent: extractTrace(first) }, attributes, work);
  }
  return await withSpan({ name, kind, links: headers }, attributes, async (span) => {
    const link = { context: span.spanContext() };
    const ofEvents = sampled(headers).map((parent) => {
      const ofEvent = startSpan({ name, kind, parent: trace.setSpanContext(context.active(), parent) }, attributes);
      return ofEvent.addLink(link);
    });
    try {
      return await work(span);
    } catch (error) {
      for (const ofEvent of ofEvents) failSpan(ofEvent, error);
      throw error;
    } finally {
      for (const ofEvent of ofEvents) ofEvent.end();
    }
  });
}

/** One context for each trace that is kept: the first event of it stands for those that follow. */
function sampled(headers: readonly EventHeaders[]): SpanContext[] {
  const traces = new Map<string, SpanContext>();
  for (const one of headers) {
    const parent = spanContextOf(one);
    const isKept = parent !== undefined && (parent.traceFlags & TraceFlags.SAMPLED) !== 0;
    if (isKept && !traces.has(parent.traceId)) traces.set(parent.traceId, parent);
  }
  return [...traces.values()];
}

/** Marks a span as failed. The message is scrubbed: spans leave the process like logs do. */
export function failSpan(span: Span, error: unknown): void {
  const failure = error instanceof Error ? error : new Error(String(error));
  const message = scrubText(failure.message);
  span.recordException({ name: failure.name, message });
  span.setStatus({ code: SpanStatusCode.ERROR, message });
}

function optionsOf(span: string | SpanOptions): SpanOptions {
  return typeof span === 'string' ? { name: span } : span;
}

function linksOf(headers: readonly EventHeaders[]): Link[] {
  return headers.flatMap((one) => {
    const span = spanContextOf(one);
    return span === undefined ? [] : [{ context: span }];
  });
}
