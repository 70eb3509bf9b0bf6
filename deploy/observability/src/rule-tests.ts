import type { Alert } from './alerts/alert.ts';
import { alerts } from './alerts/alerts.ts';
import { durationText } from './scale.ts';

const minutesSeconds = 60;

/** Unit tests for promtool: each alert fires under one input, with its severity, and stays silent under another. */
export function ruleTests(ruleFile: string): object {
  return {
    rule_files: [ruleFile],
    evaluation_interval: '1m',
    tests: alerts.flatMap((alert) => [testOf(alert, 'fires'), testOf(alert, 'silent')]),
  };
}

function testOf(alert: Alert, when: 'fires' | 'silent'): object {
  const { test } = alert;
  const atSeconds = test.atSeconds ?? alert.forSeconds + 5 * minutesSeconds;
  return {
    name: `${alert.name} (${alert.severity}) ${when === 'fires' ? 'fires' : 'stays silent'}`,
    interval: durationText(test.intervalSeconds ?? minutesSeconds),
    input_series: when === 'fires' ? test.firing : test.silent,
    // Others may fire under the same input; only this one is looked at, and its two severities apart.
    promql_expr_test: [
      {
        expr: `count(ALERTS{alertname="${alert.name}",severity="${alert.severity}",alertstate="firing"${Object.entries({
          ...alert.labels,
          ...test.labels,
        })
          .map(([label, value]) => `,${label}="${value}"`)
          .join('')}}) or vector(0)`,
        eval_time: durationText(atSeconds),
        exp_samples: [{ labels: '{}', value: when === 'fires' ? 1 : 0 }],
      },
    ],
  };
}
