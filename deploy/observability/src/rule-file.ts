import { type Alert, expressionOf } from './alerts/alert.ts';
import { alertGroups } from './alerts/alerts.ts';
import { recordingRules } from './recording-rules.ts';
import type { Scale } from './scale.ts';

export interface RuleFile {
  readonly groups: readonly RuleGroup[];
}

interface RuleGroup {
  readonly name: string;
  readonly interval?: string;
  readonly rules: readonly object[];
}

export interface RuleFileOptions {
  readonly scale: Scale;
  /** Where runbooks are read; the name of the alert and .md follow. */
  readonly runbookBase: string;
}

/** Rules in the form of a Prometheus rule file, which is also what a PrometheusRule holds in its `spec`. */
export function ruleFile({ scale, runbookBase }: RuleFileOptions): RuleFile {
  // Rules of a group run one after the other, so those that build on others stand in one group with them.
  const recorded = recordingRules(scale).map(({ record, expr, labels }) => ({
    record,
    expr,
    ...(labels === undefined ? {} : { labels }),
  }));
  return {
    groups: [
      { name: 'kempt-objectives', interval: scale.duration(30), rules: recorded },
      ...alertGroups.map(({ name, alerts }) => ({
        name,
        rules: alerts.map((alert) => ruleOf(alert, scale, runbookBase)),
      })),
    ],
  };
}

function ruleOf(alert: Alert, scale: Scale, runbookBase: string): object {
  return {
    alert: alert.name,
    expr: expressionOf(alert, scale),
    ...(alert.forSeconds === 0 ? {} : { for: scale.duration(alert.forSeconds) }),
    labels: { severity: alert.severity, ...alert.labels },
    annotations: {
      summary: alert.summary,
      description: alert.description,
      runbook_url: `${runbookBase}/${alert.name}.md`,
    },
  };
}
