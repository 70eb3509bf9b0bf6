export { addLogFields, type LogFields, withLogFields } from './log-context.ts';
export { createLogger, type Logger, type LogLevel, type LogOptions } from './logger.ts';
export { MetricNameError } from './metric-name.ts';
export {
  type BuildInfo,
  type Counter,
  createMetrics,
  type Gauge,
  type GaugeOptions,
  type Histogram,
  type HistogramOptions,
  type MetricOptions,
  type MetricShape,
  type Metrics,
  type Registry,
} from './metrics.ts';
export { hashForLog, redactForLog, redactionPaths, scrubText } from './redaction.ts';
export { shareMeasurement } from './shared-measurement.ts';
export { startTraceExport, type TraceExportOptions } from './trace-export.ts';
export { extractTrace, injectTrace, spanContextOf } from './trace-headers.ts';
export {
  type EventHeaders,
  failSpan,
  type Span,
  type SpanOptions,
  startSpan,
  withBatchSpan,
  withSpan,
} from './tracing.ts';
