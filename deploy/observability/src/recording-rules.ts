import { burnWindowSeconds } from './burn-rate.ts';
import type { Proof } from './proof.ts';
import { durationText, type Scale } from './scale.ts';
import { type Slo, sloGauges, sloPeriodSeconds, slos } from './slo.ts';

export interface RecordingRule {
  readonly record: string;
  readonly expr: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly proof: Proof;
}

/** The record of the share of bad ones in a window, named for the window as it is in production. */
export const errorRecord = (windowSeconds: number): string =>
  `slo:kempt_errors:ratio_rate${durationText(windowSeconds)}`;

export const budgetRecord = 'slo:kempt_error_budget:remaining_ratio';
export const burnRecord = 'slo:kempt_error_budget:burn_rate1h';

/** Everything that is worked out once for rules and dashboards, in the order in which one builds on the other. */
export function recordingRules(scale: Scale): RecordingRule[] {
  return [...sloGauges, ...slos.flatMap((slo) => rulesOf(slo, scale))];
}

function rulesOf(slo: Slo, scale: Scale): RecordingRule[] {
  const labels = { slo: slo.name };
  const select = `{slo="${slo.name}"}`;
  const budget = Number((1 - slo.objective).toPrecision(6));
  const budgetLost: Proof = { ...slo.proof, of: labels, before: 'any', after: { plus: [-100_000, -0.01] } };
  return [
    ...burnWindowSeconds.map((seconds) => ({
      record: errorRecord(seconds),
      expr: slo.errorRatio(scale.duration(seconds), scale),
      labels,
      proof: proofOver(slo.proof, seconds),
    })),
    {
      record: burnRecord,
      expr: `${errorRecord(3_600)}${select} / ${budget}`,
      labels,
      proof: { ...slo.proof, before: 'any', after: { plus: [0.01, 100_000] } },
    },
    {
      record: budgetRecord,
      // Over the whole period what counts is how long it was how bad: the average of what was recorded.
      expr: `1 - avg_over_time(${errorRecord(burnWindowSeconds[0] as number)}${select}[${scale.duration(sloPeriodSeconds)}]) / ${budget}`,
      labels,
      proof: budgetLost,
    },
  ];
}

/** In a long window the same trouble is a smaller part of the whole. */
function proofOver(proof: Proof, seconds: number): Proof {
  if (seconds === burnWindowSeconds[0]) return proof;
  return { ...proof, before: 'any', after: { plus: [0.0001, 1] } };
}
