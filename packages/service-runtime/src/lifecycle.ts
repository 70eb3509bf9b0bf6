import type { Logger } from '@kempt/telemetry';
import type { Component } from './component.ts';

/** New → Starting → Running → Stopping → Stopped. There is no way back. */
export type LifecycleState = 'new' | 'starting' | 'running' | 'stopping' | 'stopped';

/** Thrown when a component could not be started. The message is the one clear sentence for the operator. */
export class StartError extends Error {
  readonly code = 'start-failed';
  readonly retriable = false;
  readonly component: string;

  constructor(component: string, cause: unknown) {
    super(`${component} could not be started: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    this.name = 'StartError';
    this.component = component;
  }
}

/** How a stop ended. */
export interface StopReport {
  /** Components that were still stopping at the deadline; the first one kept the others waiting. */
  readonly unfinished: readonly string[];
  /** Components whose `stop` rejected. */
  readonly failed: readonly string[];
}

export interface Lifecycle {
  state(): LifecycleState;
  /** Everything that was started, in order. */
  started(): readonly Component[];
  /** Starts one more component after those before it. Throws `StartError`; what was started stays started. */
  start(component: Component): Promise<void>;
  /** Says that everything is started. */
  run(): void;
  /**
   * Stops in reverse order, one after the other, within one deadline for all. A component that fails to stop does not keep
   * the others from stopping. Calling it again gives the same promise.
   */
  stop(): Promise<StopReport>;
}

export interface LifecycleOptions {
  readonly logger: Logger;
  /** For everything together. */
  readonly stopTimeoutMs: number;
}

export function createLifecycle({ logger, stopTimeoutMs }: LifecycleOptions): Lifecycle {
  let state: LifecycleState = 'new';
  const started: Component[] = [];
  let stopping: Promise<StopReport> | undefined;

  async function stopAll(): Promise<StopReport> {
    state = 'stopping';
    const failed: string[] = [];
    const unfinished = new Set<string>();
    // Who comes after one that hangs still gets a moment to let go of what it holds.
    const graceMs = Math.min(500, stopTimeoutMs / 10);
    const inTurn = startDeadline(stopTimeoutMs - graceMs);
    const stops: Promise<void>[] = [];
    for (const component of started.toReversed()) {
      unfinished.add(component.name);
      const stop = stopOne(component, failed).finally(() => unfinished.delete(component.name));
      stops.push(stop);
      await Promise.race([stop, inTurn.passed]);
    }
    inTurn.cancel();
    const atLast = startDeadline(graceMs);
    await Promise.race([Promise.all(stops), atLast.passed]);
    atLast.cancel();
    state = 'stopped';
    return { unfinished: [...unfinished], failed };
  }

  async function stopOne(component: Component, failed: string[]): Promise<void> {
    try {
      await component.stop();
      logger.debug({ component: component.name }, 'component stopped');
    } catch (error) {
      failed.push(component.name);
      logger.error({ err: error, component: component.name }, 'component failed to stop');
    }
  }

  return {
    state: () => state,
    started: () => started,
    async start(component) {
      if (state === 'stopping' || state === 'stopped') {
        throw new StartError(component.name, new Error('the service is stopping'));
      }
      state = 'starting';
      // Counted as started before it is: a component that fails half-way must let go of what it took.
      started.push(component);
      try {
        await component.start();
      } catch (error) {
        throw error instanceof StartError ? error : new StartError(component.name, error);
      }
      logger.debug({ component: component.name }, 'component started');
    },
    run() {
      if (state === 'starting' || state === 'new') state = 'running';
    },
    stop() {
      stopping ??= stopAll();
      return stopping;
    },
  };
}

function startDeadline(timeoutMs: number): { readonly passed: Promise<void>; cancel(): void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, timeoutMs);
  return { passed: promise, cancel: () => clearTimeout(timer) };
}
