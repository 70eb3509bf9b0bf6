import {
  type Attributes,
  type Context,
  context,
  type Link,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import { scrubText } from './redaction.ts';
import { spanContextOf } from './trace-headers.ts';

export type { Span } from '@opentelemetry/api';

const kinds = {
  internal: SpanKind.INTERNAL,
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
} as const;

/** A span that is more than a name. */
export interface SpanOptions {
  readonly name: string;
  /** Default `internal`. */
  readonly kind?: keyof typeof kinds;
  /** Context of the parent, for example of `extractTrace`. Default: the active one. */
  readonly parent?: Context;
  /** Headers of the events of a batch: each one that carries a trace is linked. */
  readonly links?: readonly Readonly<Record<string, unknown>>[];
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

function linksOf(headers: readonly Readonly<Record<string, unknown>>[]): Link[] {
  return headers.flatMap((one) => {
    const span = spanContextOf(one);
    return span === undefined ? [] : [{ context: span }];
  });
}
