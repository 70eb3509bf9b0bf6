import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '@kempt/telemetry';

export interface AwaitDependencyOptions {
  /** For people: `Postgres`, `Kafka`. */
  readonly name: string;
  /** Resolves when the dependency answers; rejects with the reason otherwise. */
  readonly attempt: () => Promise<void>;
  /** Ends the waiting: the service stops, or may not take longer to start. */
  readonly signal: AbortSignal;
  readonly logger: Logger;
  /** Told why the service waits; `undefined` when it no longer does. */
  readonly onWaiting: (reason: string | undefined) => void;
  /** Default 200. */
  readonly firstPauseMs?: number;
  /** Default 5,000. */
  readonly longestPauseMs?: number;
  /** A number in [0, 1) that spreads the attempts of several services. Default `Math.random`. */
  readonly random?: () => number;
}

/**
 * Waits until a dependency answers, with growing pauses. A dependency that is away is a state of the world and no reason
 * to crash; an error that says of itself that it will not pass (`retriable: false`) ends the waiting at once. The log
 * names the reason once, and again when it changes.
 */
export async function awaitDependency(options: AwaitDependencyOptions): Promise<void> {
  const { name, attempt, signal, logger, onWaiting, random = Math.random } = options;
  const { firstPauseMs = 200, longestPauseMs = 5_000 } = options;
  let lastReason: string | undefined;
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
    signal.throwIfAborted();
    try {
      await attempt();
      break;
    } catch (error) {
      if ((error as { retriable?: unknown }).retriable === false) throw error;
      const reason = `${name}: ${error instanceof Error ? error.message : String(error)}`;
      onWaiting(reason);
      if (reason !== lastReason) logger.warn({ dependency: name, reason }, 'dependency is away; trying on');
      lastReason = reason;
    }
    await sleep(pauseMs * (0.5 + random() / 2), undefined, { signal }).catch(() => signal.throwIfAborted());
  }
  onWaiting(undefined);
  if (lastReason !== undefined) logger.info({ dependency: name }, 'dependency answers');
}
