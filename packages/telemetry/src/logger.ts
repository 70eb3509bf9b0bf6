import { isMainThread } from 'node:worker_threads';
import { trace } from '@opentelemetry/api';
import { type DestinationStream, type Logger, type LoggerOptions, pino } from 'pino';
import { currentLogFields } from './log-context.ts';
import { redactForLog, scrubText } from './redaction.ts';

export type { Logger } from 'pino';

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';

export interface LogOptions {
  /** Name of the service; on every line as `service`. */
  readonly service: string;
  /** Default `info`. */
  readonly level?: LogLevel;
  /** Where lines go. Default: standard output of the process, or of the worker thread. */
  readonly destination?: DestinationStream;
}

/**
 * JSON lines with ISO time, the level as a word, the ids of the active span, and the tenant and run at work. Secrets and personal data are taken out
 * twice: by the name of their key, and by their look in the finished line.
 */
export function createLogger({ service, level = 'info', destination }: LogOptions): Logger {
  const options: LoggerOptions = {
    level,
    base: { service },
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: {
      level: (label) => ({ level: label }),
      log: (fields) => redactFields(fields),
    },
    serializers: { err: serializeError, error: serializeError, cause: serializeError },
    mixin: contextFields,
    hooks: { streamWrite: scrubText },
  };
  const logger = pino(options, destination ?? standardOutput());
  // Bindings of children pass no formatter. Children inherit this, so that theirs are redacted as well.
  const createChild = logger.child;
  logger.child = function child(this: Logger, bindings: object, childOptions?: object) {
    return createChild.call(this, redactForLog(bindings) as object, childOptions);
  } as typeof logger.child;
  return logger;
}

/** Errors are left to their serializer, which keeps their stack; everything else is copied without denied values. */
function redactFields(fields: Record<string, unknown>): Record<string, unknown> {
  const errors = Object.entries(fields).filter(([, value]) => value instanceof Error);
  if (errors.length === 0) return redactForLog(fields) as Record<string, unknown>;
  const rest = Object.fromEntries(Object.entries(fields).filter(([, value]) => !(value instanceof Error)));
  const serialised = errors.map(([key, value]) => [key, serializeError(value)] as const);
  return { ...(redactForLog(rest) as Record<string, unknown>), ...Object.fromEntries(serialised) };
}

function serializeError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const serialised = pino.stdSerializers.err(error);
  // The standard serialiser hangs the error itself on `raw`; a copy by plain keys would carry it along.
  const { raw: _raw, ...plain } = serialised as unknown as Record<string, unknown>;
  return redactForLog(plain);
}

function contextFields(): Record<string, string> {
  const context = trace.getActiveSpan()?.spanContext();
  return {
    ...currentLogFields(),
    ...(context === undefined ? {} : { trace_id: context.traceId, span_id: context.spanId }),
  };
}

function standardOutput(): DestinationStream {
  // A worker thread writes through its own stream, so that whoever started the thread decides where its lines go.
  return isMainThread ? pino.destination({ fd: 1, sync: true }) : process.stdout;
}
