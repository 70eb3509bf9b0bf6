/**
 * Multi-window, multi-burn-rate alerts over a period of 30 days, as in the SRE Workbook of Google, "Alerting on SLOs"
 * (https://sre.google/workbook/alerting-on-slos/): a budget of `share` is used up in `longSeconds` when errors come
 * `factor` times as fast as the objective allows, with factor = share * period / long window. The short window, a twelfth
 * of the long one, ends the alert soon after the trouble has ended.
 */
export interface BurnRate {
  readonly severity: Severity;
  /** Share of the budget of the period that is used up when the alert fires. */
  readonly share: number;
  readonly longSeconds: number;
  readonly shortSeconds: number;
  readonly factor: number;
}

/** `page` wakes somebody, `ticket` waits for working hours. */
export type Severity = 'page' | 'ticket';

const minute = 60;
const hour = 3_600;
const day = 86_400;
const periodSeconds = 30 * day;

function burnRate(severity: Severity, share: number, longSeconds: number, shortSeconds: number): BurnRate {
  const factor = Number(((share * periodSeconds) / longSeconds).toPrecision(6));
  return { severity, share, longSeconds, shortSeconds, factor };
}

export const burnRates: readonly BurnRate[] = [
  burnRate('page', 0.02, hour, 5 * minute),
  burnRate('page', 0.05, 6 * hour, 30 * minute),
  burnRate('ticket', 0.1, day, 2 * hour),
  burnRate('ticket', 0.1, 3 * day, 6 * hour),
];

/** Every window that errors are recorded over, shortest first. */
export const burnWindowSeconds: readonly number[] = [
  ...new Set(burnRates.flatMap(({ longSeconds, shortSeconds }) => [longSeconds, shortSeconds])),
].sort((left, right) => left - right);
