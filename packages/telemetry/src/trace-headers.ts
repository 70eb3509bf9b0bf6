import {
  type Context,
  context,
  createTraceState,
  isSpanContextValid,
  type SpanContext,
  trace,
} from '@opentelemetry/api';

/**
 * Writes the active span as W3C `traceparent` and `tracestate` into headers and gives them back. Without a registered
 * tracer there is no active span and the headers stay as they are.
 */
export function injectTrace(headers: Record<string, string>, from: Context = context.active()): Record<string, string> {
  const span = trace.getSpanContext(from);
  if (span === undefined || !isSpanContextValid(span)) return headers;
  headers.traceparent = formatTraceparent(span);
  const state = span.traceState?.serialize();
  if (state !== undefined && state !== '') headers.tracestate = state;
  return headers;
}

/** The context that the headers speak of, to run work in. Missing or malformed headers give the active context. */
export function extractTrace(headers: Readonly<Record<string, unknown>>): Context {
  const span = parseTraceparent(headers.traceparent);
  if (span === undefined) return context.active();
  const state = headers.tracestate;
  return trace.setSpanContext(
    context.active(),
    typeof state === 'string' && state !== '' ? { ...span, traceState: createTraceState(state) } : span,
  );
}

/** The span that `traceparent` names, marked as remote; `undefined` when the header is missing or malformed. */
export function spanContextOf(headers: Readonly<Record<string, unknown>>): SpanContext | undefined {
  return parseTraceparent(headers.traceparent);
}

function formatTraceparent(span: SpanContext): string {
  return `00-${span.traceId}-${span.spanId}-${span.traceFlags.toString(16).padStart(2, '0')}`;
}

const traceparentPattern = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

function parseTraceparent(header: unknown): SpanContext | undefined {
  if (typeof header !== 'string') return undefined;
  const [, version, traceId, spanId, flags, rest] = traceparentPattern.exec(header.trim()) ?? [];
  if (version === undefined || traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  // Later versions may append fields; version 00 may not, and ff is forbidden.
  if (version === 'ff' || (version === '00' && rest !== undefined)) return undefined;
  const span: SpanContext = { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & 0x01, isRemote: true };
  return isSpanContextValid(span) ? span : undefined;
}
