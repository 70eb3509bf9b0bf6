/** Waits for `work`, but no longer than `timeoutMs`; then rejects with what `overdue` returns. `work` itself goes on. */
export async function within<T>(timeoutMs: number, work: Promise<T>, overdue: () => Error): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(overdue()), Math.max(timeoutMs, 0));
  });
  work.catch(() => {});
  try {
    return await Promise.race([work, deadline]);
  } finally {
    clearTimeout(timer);
  }
}

/** Resolves after `durationMs`, or at once when `signal` aborts. */
export async function pause(durationMs: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return;
  await new Promise<void>((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, durationMs);
    signal?.addEventListener('abort', done, { once: true });
  });
}

/** Exponential back-off with jitter: between half of it and the whole of `baseMs * 2^failures`, at most `maxMs`. */
export function backoffMs(
  failures: number,
  bounds: { readonly baseMs: number; readonly maxMs: number },
  random: number,
) {
  const full = Math.min(bounds.baseMs * 2 ** Math.min(failures, 20), bounds.maxMs);
  return full / 2 + (full / 2) * random;
}
