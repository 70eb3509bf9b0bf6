/** Lets a loop sleep until there is work. A call of `open` while nobody waits is remembered for the next wait. */
export interface Latch {
  open(): void;
  /** Resolves when the latch is opened, the time is over, or the signal aborts; never rejects. Closes the latch. */
  wait(timeoutMs: number, signal: AbortSignal): Promise<void>;
}

export function createLatch(): Latch {
  let opened = false;
  let wake: (() => void) | undefined;
  return {
    open() {
      opened = true;
      wake?.();
    },
    async wait(timeoutMs, signal) {
      if (!opened && !signal.aborted) {
        await new Promise<void>((resolve) => {
          const finish = (): void => {
            clearTimeout(timer);
            signal.removeEventListener('abort', finish);
            wake = undefined;
            resolve();
          };
          const timer = setTimeout(finish, timeoutMs);
          signal.addEventListener('abort', finish);
          wake = finish;
        });
      }
      opened = false;
    },
  };
}
