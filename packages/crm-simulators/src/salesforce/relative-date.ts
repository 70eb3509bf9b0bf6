const dayMs = 86_400_000;

/** The half-open interval [start, end) in milliseconds that a relative date such as `LAST_N_DAYS:7` stands for, in UTC. */
export function relativeDateRange(name: string, count: number, nowMs: number): { start: number; end: number } {
  const today = Math.floor(nowMs / dayMs) * dayMs;
  const date = new Date(today);
  const year = date.getUTCFullYear();
  const month = date.getUTCMonth();
  const monthRange = (from: number, to: number) => ({
    start: Date.UTC(year, month + from, 1),
    end: Date.UTC(year, month + to, 1),
  });
  const yearRange = (from: number, to: number) => ({
    start: Date.UTC(year + from, 0, 1),
    end: Date.UTC(year + to, 0, 1),
  });
  const week = today - date.getUTCDay() * dayMs;
  const weekRange = (from: number, to: number) => ({ start: week + from * 7 * dayMs, end: week + to * 7 * dayMs });
  const quarter = Math.floor(month / 3) * 3 - month;
  const fromDays = (from: number, to: number) => ({ start: today + from * dayMs, end: today + to * dayMs });
  switch (name) {
    case 'TODAY':
      return fromDays(0, 1);
    case 'YESTERDAY':
      return fromDays(-1, 0);
    case 'TOMORROW':
      return fromDays(1, 2);
    case 'LAST_90_DAYS':
      return fromDays(-90, 1);
    case 'NEXT_90_DAYS':
      return fromDays(1, 91);
    case 'LAST_N_DAYS':
      return fromDays(-count, 1);
    case 'NEXT_N_DAYS':
      return fromDays(1, count + 1);
    case 'N_DAYS_AGO':
      return fromDays(-count, 1 - count);
    case 'THIS_WEEK':
      return weekRange(0, 1);
    case 'LAST_WEEK':
      return weekRange(-1, 0);
    case 'NEXT_WEEK':
      return weekRange(1, 2);
    case 'LAST_N_WEEKS':
      return weekRange(-count, 0);
    case 'NEXT_N_WEEKS':
      return weekRange(1, count + 1);
    case 'THIS_MONTH':
      return monthRange(0, 1);
    case 'LAST_MONTH':
      return monthRange(-1, 0);
    case 'NEXT_MONTH':
      return monthRange(1, 2);
    case 'LAST_N_MONTHS':
      return monthRange(-count, 0);
    case 'NEXT_N_MONTHS':
      return monthRange(1, count + 1);
    case 'THIS_QUARTER':
      return monthRange(quarter, quarter + 3);
    case 'LAST_QUARTER':
      return monthRange(quarter - 3, quarter);
    case 'NEXT_QUARTER':
      return monthRange(quarter + 3, quarter + 6);
    case 'THIS_YEAR':
      return yearRange(0, 1);
    case 'LAST_YEAR':
      return yearRange(-1, 0);
    case 'NEXT_YEAR':
      return yearRange(1, 2);
    case 'LAST_N_YEARS':
      return yearRange(-count, 0);
    case 'NEXT_N_YEARS':
      return yearRange(1, count + 1);
    default:
      throw new RangeError(`Unknown relative date ${name}.`);
  }
}
