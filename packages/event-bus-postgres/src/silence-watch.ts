/** Tells when something that should give signs of life has given none for too long. */
export interface SilenceWatch {
  heard(): void;
  stop(): void;
}

export function startSilenceWatch(maxSilenceMs: number, onSilence: () => void): SilenceWatch {
  const timer = setTimeout(onSilence, maxSilenceMs);
  let stopped = false;
  return {
    heard() {
      // A sign of life that comes too late changes nothing any more.
      if (!stopped) timer.refresh();
    },
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
