/**
 * Reads a `Retry-After` header: a number of seconds, or an HTTP date. Gives milliseconds from now, never negative;
 * `undefined` when the header is missing or says nothing that can be understood.
 */
export function retryAfterMsOf(header: string | null | undefined, nowMs: number = Date.now()): number | undefined {
  const text = header?.trim();
  if (text === undefined || text === '') return undefined;
  if (/^\d+(\.\d+)?$/.test(text)) return Math.ceil(Number(text) * 1000);
  const date = Date.parse(text);
  return Number.isNaN(date) ? undefined : Math.max(0, date - nowMs);
}
