import type { Severity } from '../burn-rate.ts';
import type { Proof } from '../proof.ts';
import type { Scale } from '../scale.ts';

export interface Alert {
  /** Its runbook is runbooks/<name>.md. */
  readonly name: string;
  readonly severity: Severity;
  /** What is measured; the alert fires while `holds` is true of it. */
  readonly measure: (scale: Scale) => string;
  /** The comparison with the bound, such as `> 300`. Burn rates compare within `measure` and have none. */
  readonly holds: (scale: Scale) => string;
  /** How long that must last. */
  readonly forSeconds: number;
  /** One line, with {{ $labels.x }} where there is something to name. */
  readonly summary: string;
  readonly description: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** How `measure` is seen to change. */
  readonly proof: Proof;
  /** Input under which the alert fires, and input under which it stays silent, for promtool. */
  readonly test: RuleTest;
}

export interface RuleTest {
  /** Series and their values, in promtool's notation, one value every `intervalSeconds`. */
  readonly firing: readonly PromtoolSeries[];
  readonly silent: readonly PromtoolSeries[];
  /** Default 60. */
  readonly intervalSeconds?: number;
  /** When the alert is looked at. Default: five minutes after `forSeconds`. */
  readonly atSeconds?: number;
  /** Labels of the alert besides severity and those of the rule. */
  readonly labels: Readonly<Record<string, string>>;
}

export interface PromtoolSeries {
  readonly series: string;
  readonly values: string;
}

/** A series of one value for three hours of minutes. */
export const steady = (series: string, value: number): PromtoolSeries => ({ series, values: `${value}x240` });

/** A series that grows by so much in a minute. */
export const growing = (series: string, perMinute: number): PromtoolSeries => ({
  series,
  values: `0+${perMinute}x240`,
});

export const expressionOf = ({ measure, holds }: Alert, scale: Scale): string =>
  `${measure(scale)} ${holds(scale)}`.trim();
