import { context, trace } from '@opentelemetry/api';

export interface TraceExportOptions {
  /** Shown as `service.name`. */
  readonly service: string;
  readonly version: string;
  /** Where a collector takes OTLP over HTTP, such as http://collector:4318/v1/traces. */
  readonly endpoint: string;
  /** Share of the traces that begin here and are sent, 0 to 1. Those that begin elsewhere keep what was decided there. */
  readonly ratio: number;
}

/**
 * Sends the spans of this process, or worker thread, to a collector, in batches and in the background: a collector that is away
 * costs spans and nothing else. What it takes is loaded only when it is wanted.
 * @returns sends what is left, and ends it
 */
export async function startTraceExport(options: TraceExportOptions): Promise<() => Promise<void>> {
  const [{ AsyncLocalStorageContextManager }, { OTLPTraceExporter }, sdk, { resourceFromAttributes }] =
    await Promise.all([
      import('@opentelemetry/context-async-hooks'),
      import('@opentelemetry/exporter-trace-otlp-http'),
      import('@opentelemetry/sdk-trace'),
      import('@opentelemetry/resources'),
    ]);
  const provider = new sdk.TracerProvider({
    resource: resourceFromAttributes({
      'service.namespace': 'kempt',
      'service.name': options.service,
      'service.version': options.version,
    }),
    sampler: new sdk.ParentBasedSampler({ root: new sdk.TraceIdRatioBasedSampler(options.ratio) }),
    spanProcessors: [new sdk.BatchSpanProcessor({ exporter: new OTLPTraceExporter({ url: options.endpoint }) })],
  });
  trace.setGlobalTracerProvider(provider);
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  return async () => {
    await provider.shutdown();
    trace.disable();
    context.disable();
  };
}
