import type { Logger, Metrics } from '@kempt/telemetry';
import type { Component } from './component.ts';
import type { Lifecycle } from './lifecycle.ts';

export interface ReadinessReport {
  readonly service: string;
  readonly version: string;
  readonly ready: boolean;
  readonly state: string;
  /** By component: `ok`, or why it is not ready. */
  readonly checks: Readonly<Record<string, string>>;
}

export interface Readiness {
  report(): Promise<ReadinessReport>;
  /** What the service waits for while it starts. */
  waitingFor(reason: string | undefined): void;
  waitingReason(): string | undefined;
  /** Asks from time to time, so that log and metrics tell of a loss when no probe does. Stop it with the answer. */
  watch(periodMs: number): () => void;
}

export interface ReadinessOptions {
  readonly service: string;
  readonly version: string;
  readonly lifecycle: Lifecycle;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** One check may take this long. Default 2,000. */
  readonly checkTimeoutMs?: number;
}

/** Answers whether the service can do its work. Liveness is another question: a lost dependency is no reason to restart. */
export function createReadiness(options: ReadinessOptions): Readiness {
  const { service, version, lifecycle, logger, metrics, checkTimeoutMs = 2_000 } = options;
  const gauge = metrics.gauge('kempt_component_ready', '1 while the component can do its work, else 0.', ['component']);
  const lastReasons = new Map<string, string>();
  let waiting: string | undefined;
  let running: Promise<ReadinessReport> | undefined;

  async function check(component: Component): Promise<readonly [string, string]> {
    const answer = await answerOf(component, checkTimeoutMs);
    gauge.set({ component: component.name }, answer === 'ok' ? 1 : 0);
    const last = lastReasons.get(component.name) ?? 'ok';
    lastReasons.set(component.name, answer);
    if (answer !== 'ok' && last === 'ok')
      logger.warn({ component: component.name, reason: answer }, 'component not ready');
    if (answer === 'ok' && last !== 'ok') logger.info({ component: component.name }, 'component ready again');
    return [component.name, answer];
  }

  async function ask(): Promise<ReadinessReport> {
    const state = lifecycle.state();
    if (state !== 'running') {
      const reason = state === 'starting' || state === 'new' ? (waiting ?? 'starting') : state;
      return { service, version, ready: false, state, checks: { service: reason } };
    }
    const checks = Object.fromEntries(await Promise.all(lifecycle.started().filter(hasCheck).map(check)));
    const ready = Object.values(checks).every((answer) => answer === 'ok');
    return { service, version, ready, state, checks };
  }

  function report(): Promise<ReadinessReport> {
    // Probes that come while one runs share its answer, so that a slow dependency is not asked by all of them.
    running ??= ask().finally(() => {
      running = undefined;
    });
    return running;
  }

  return {
    report,
    waitingFor(reason) {
      waiting = reason;
    },
    waitingReason: () => waiting,
    watch(periodMs) {
      const timer = setInterval(() => void report().catch(() => undefined), periodMs);
      timer.unref();
      return () => clearInterval(timer);
    },
  };
}

function hasCheck(component: Component): boolean {
  return component.ready !== undefined;
}

async function answerOf(component: Component, timeoutMs: number): Promise<string> {
  const { promise: timeout, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
  try {
    await Promise.race([component.ready?.(), timeout]);
    return 'ok';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    clearTimeout(timer);
  }
}
