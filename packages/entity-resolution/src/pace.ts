export interface Progress {
  readonly phase: string;
  readonly done: number;
  readonly total: number;
}

export interface PaceOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/** Lets long loops stay polite: call `pause` now and then and it yields to the event loop about every 25 ms, reports, and honours the signal. */
export interface Pace {
  /** Cheap check that says whether `pause` should be awaited now. */
  due(): boolean;
  pause(phase: string, done: number, total: number): Promise<void>;
}

const yieldEveryMs = 25;

export function createPace(options: PaceOptions): Pace {
  let last = performance.now();
  return {
    due: () => performance.now() - last > yieldEveryMs,
    async pause(phase, done, total) {
      options.signal?.throwIfAborted();
      options.onProgress?.({ phase, done, total });
      await new Promise<void>((resolve) => setImmediate(resolve));
      options.signal?.throwIfAborted();
      last = performance.now();
    },
  };
}
