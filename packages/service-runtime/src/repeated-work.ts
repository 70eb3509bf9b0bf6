import { createLatch } from '@kempt/outbox';
import type { Component } from './component.ts';

/** Work that is looked at again and again for as long as the service runs. */
export interface RepeatedWork extends Component {
  /** Begins the next turn at once, or right after the one at hand. */
  wake(): void;
}

export interface RepeatedWorkOptions {
  readonly name: string;
  /** From the end of a turn to the beginning of the next one. */
  readonly intervalMs: number;
  /** Before the first turn. Default 0. */
  readonly firstAfterMs?: number;
  /** The pause doubles with each failure in a row, up to this. Default: it stays as it is. */
  readonly longestPauseMs?: number;
  /** One turn. The signal aborts when the service stops, which waits for the turn. */
  readonly turn: (signal: AbortSignal) => Promise<void>;
  /** Told of each turn that failed; `failures` counts those in a row. Another turn follows in any case. */
  readonly onFailure: (error: unknown, failures: number) => void;
}

/** Takes turns of a work, one after the other, with a pause between them that can be cut short. */
export function createRepeatedWork(options: RepeatedWorkOptions): RepeatedWork {
  const { name, intervalMs, firstAfterMs = 0, longestPauseMs = intervalMs, turn, onFailure } = options;
  const stopping = new AbortController();
  const latch = createLatch();
  let loop: Promise<void> = Promise.resolve();

  async function run(): Promise<void> {
    let failures = 0;
    if (firstAfterMs > 0) await latch.wait(firstAfterMs, stopping.signal);
    while (!stopping.signal.aborted) {
      try {
        await turn(stopping.signal);
        failures = 0;
      } catch (error) {
        failures += 1;
        onFailure(error, failures);
      }
      const pauseMs = failures === 0 ? intervalMs : Math.min(longestPauseMs, intervalMs * 2 ** failures);
      await latch.wait(pauseMs, stopping.signal);
    }
  }

  return {
    name,
    start: async () => {
      loop = run();
    },
    wake: () => latch.open(),
    stop: async () => {
      stopping.abort(new Error('the service stops'));
      await loop;
    },
  };
}
