/** Waits for `work` to end either way, but no longer than `limitMs`. True when it ended. */
export async function endsWithin(limitMs: number, work: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<false>((resolve) => {
    timer = setTimeout(resolve, limitMs, false);
  });
  const ended = work.then(
    () => true,
    () => true,
  );
  const result = await Promise.race([ended, limit]);
  clearTimeout(timer);
  return result;
}
