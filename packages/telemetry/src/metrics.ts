import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { checkMetric, type MetricKind, MetricNameError } from './metric-name.ts';

export type { Counter, Gauge, Histogram, Registry } from 'prom-client';

/**
 * The metrics of one service, in a registry of their own: several services live in one process without sharing any.
 * Asking again for a metric gives the one that is there; asking for it with another kind or other labels is refused.
 */
export interface Metrics {
  readonly registry: Registry;
  counter<Label extends string = never>(name: string, help: string, shape?: MetricShape<Label>): Counter<Label>;
  gauge<Label extends string = never>(
    name: string,
    help: string,
    shape?: MetricShape<Label> | (MetricOptions<Label> & GaugeOptions),
  ): Gauge<Label>;
  histogram<Label extends string = never>(
    name: string,
    help: string,
    shape?: MetricShape<Label> | (MetricOptions<Label> & HistogramOptions),
  ): Histogram<Label>;
}

export interface MetricOptions<Label extends string> {
  readonly labels?: readonly Label[];
}

export interface GaugeOptions {
  /**
   * Called at each scrape, before the value is read. A scrape waits half a second for it at most, and answers also when it
   * fails: what it sets later is shown by the next one.
   */
  readonly collect?: () => void | Promise<void>;
}

export interface HistogramOptions {
  /** Upper bounds in the unit of the metric. Default: 5 ms to 10 s, in seconds. */
  readonly buckets?: readonly number[];
}

/** Label names, alone or with options. */
export type MetricShape<Label extends string> = readonly Label[] | MetricOptions<Label>;

/** What `kempt_build_info` says. */
export interface BuildInfo {
  readonly version?: string;
  readonly revision?: string;
}

/** A database or bus that is away or busy must not take the other metrics of the scrape with it. */
const longestCollectMs = 500;

async function collectWithinLimit(collect: () => void | Promise<void>): Promise<void> {
  const { promise: limit, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, longestCollectMs);
  try {
    await Promise.race([collect(), limit]);
  } catch {
    // Whoever measures tells of its failures; here the value just stays as it was.
  } finally {
    clearTimeout(timer);
  }
}

/** How often the delay of the event loop is sampled. The usual 10 ms would be most of what an idle service does. */
const eventLoopSampleMs = 100;

/** Creates the registry of a service, with the metrics of its process and `kempt_build_info` in it. */
export function createMetrics(service: string, build: BuildInfo = {}): Metrics {
  const registry = new Registry();
  registry.setDefaultLabels({ service });
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: eventLoopSampleMs });
  const known = new Map<string, KnownMetric>();

  function getOrCreate<M>(request: MetricRequest, create: () => M): M {
    const { kind, name, labels } = request;
    checkMetric(request);
    const existing = known.get(name);
    if (existing === undefined) {
      const metric = create();
      known.set(name, { kind, labels, metric });
      return metric;
    }
    if (existing.kind !== kind || existing.labels.join() !== labels.join()) {
      throw new MetricNameError(
        name,
        `it exists as a ${existing.kind} with labels [${existing.labels.join()}]; asked for a ${kind} with [${labels.join()}].`,
      );
    }
    return existing.metric as M;
  }

  const metrics: Metrics = {
    registry,
    counter(name, help, shape) {
      const labels = labelsOf(shape);
      return getOrCreate(
        { kind: 'counter', name, help, labels },
        () => new Counter({ name, help, labelNames: labels, registers: [registry] }),
      );
    },
    gauge(name, help, shape) {
      const labels = labelsOf(shape);
      const collect = optionsOf<GaugeOptions>(shape).collect;
      return getOrCreate(
        { kind: 'gauge', name, help, labels },
        () =>
          new Gauge({
            name,
            help,
            labelNames: labels,
            registers: [registry],
            ...(collect === undefined ? {} : { collect: () => collectWithinLimit(collect) }),
          }),
      );
    },
    histogram(name, help, shape) {
      const labels = labelsOf(shape);
      const buckets = optionsOf<HistogramOptions>(shape).buckets;
      return getOrCreate(
        { kind: 'histogram', name, help, labels },
        () =>
          new Histogram({
            name,
            help,
            labelNames: labels,
            registers: [registry],
            ...(buckets === undefined ? {} : { buckets: [...buckets] }),
          }),
      );
    },
  };

  metrics
    .gauge('kempt_build_info', 'Always 1; the labels say what runs.', ['version', 'revision', 'node_version'])
    .set(
      { version: build.version ?? '0.0.0', revision: build.revision ?? 'unknown', node_version: process.version },
      1,
    );
  return metrics;
}

interface MetricRequest {
  readonly kind: MetricKind;
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
}

interface KnownMetric {
  readonly kind: MetricKind;
  readonly labels: readonly string[];
  readonly metric: unknown;
}

function labelsOf<Label extends string>(shape: MetricShape<Label> | undefined): Label[] {
  const labels = isLabels(shape) ? shape : (shape?.labels ?? []);
  return [...labels];
}

function optionsOf<Options extends object>(shape: object | undefined): Partial<Options> {
  return shape === undefined || Array.isArray(shape) ? {} : (shape as Partial<Options>);
}

function isLabels<Label extends string>(shape: MetricShape<Label> | undefined): shape is readonly Label[] {
  return Array.isArray(shape);
}
