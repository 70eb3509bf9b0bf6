import type { EventBus } from '@kempt/event-bus';

export const serviceNames = ['connector', 'dedupe', 'data-quality', 'integration-audit', 'metrics', 'gateway'] as const;

export type ServiceName = (typeof serviceNames)[number];

/** A Kempt that runs, whichever its shape, with the simulated CRMs it reads. */
export interface Deployment {
  readonly shape: 'standalone' | 'distributed';
  readonly apiUrl: string;
  readonly apiKey: string;
  /** Control API of the simulators. */
  readonly controlUrl: string;
  /** Where each service answers /metrics. */
  metricsUrls(): readonly string[];
  /** A bus of its own on the same topics, to read them. */
  openBus(): EventBus;
  /** SIGKILL, then a new start. In standalone everything is one process, so the whole of it dies. */
  killAndRestart(service: ServiceName): Promise<void>;
  stop(): Promise<void>;
}
