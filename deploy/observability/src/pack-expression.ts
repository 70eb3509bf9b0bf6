import { alerts } from './alerts/alerts.ts';
import { dashboards } from './dashboards/dashboards.ts';
import type { Proof } from './proof.ts';
import { recordingRules } from './recording-rules.ts';
import type { Scale } from './scale.ts';

/** An expression that somebody relies on, and how it is seen to answer. */
export interface PackExpression {
  /** Where it stands, such as `kempt-overview / Burn rate / A`. */
  readonly where: string;
  readonly expr: string;
  readonly proof: Proof;
}

/** Every expression of every recording rule, alert and panel. */
export function packExpressions(scale: Scale): PackExpression[] {
  return [
    ...recordingRules(scale).map(({ record, labels, expr, proof }) => ({
      where: `${record}${labels === undefined ? '' : ` ${Object.values(labels).join()}`}`,
      expr,
      proof,
    })),
    ...alerts.map((alert) => ({
      where: `${alert.name} ${alert.severity}`,
      expr: alert.measure(scale),
      proof: alert.proof,
    })),
    ...dashboards.flatMap(({ uid, rows }) =>
      rows
        .flatMap(({ panels }) => panels)
        .flatMap(({ title, queries }) =>
          queries.map(({ expr, proof }, index) => ({
            where: `${uid} / ${title} / ${String.fromCodePoint(65 + index)}`,
            expr: expr(scale),
            proof,
          })),
        ),
    ),
  ];
}
