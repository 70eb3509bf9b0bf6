import { burnRates, type Severity } from '../burn-rate.ts';
import { errorRecord } from '../recording-rules.ts';
import { type Slo, slos } from '../slo.ts';
import type { Alert } from './alert.ts';

/** Two alerts for each objective: one that pages for a fast burn, one that opens a ticket for a slow one. */
export const budgetAlerts: readonly Alert[] = slos.flatMap((slo) => [alertOf(slo, 'page'), alertOf(slo, 'ticket')]);

function alertOf(slo: Slo, severity: Severity): Alert {
  const select = `{slo="${slo.name}"}`;
  const budget = Number((1 - slo.objective).toPrecision(6));
  const rates = burnRates.filter((rate) => rate.severity === severity);
  const worst = rates[0];
  if (worst === undefined) throw new Error(`No burn rate has the severity ${severity}.`);
  return {
    name: `Kempt${slo.alert}`,
    severity,
    measure: (scale) => {
      const burns = rates.map(({ shortSeconds, longSeconds, factor }) => {
        const bound = Number((factor * budget).toPrecision(6));
        const guard =
          slo.traffic === undefined
            ? ''
            : ` and on() (${slo.traffic.increase(scale.duration(longSeconds))} > ${slo.traffic.minimum})`;
        return `(${errorRecord(shortSeconds)}${select} > ${bound} and ${errorRecord(longSeconds)}${select} > ${bound}${guard})`;
      });
      return `max by (slo) (${burns.join(' or ')})`;
    },
    holds: () => '',
    forSeconds: 0,
    labels: { slo: slo.name },
    summary: `The error budget of {{ $labels.slo }} burns ${severity === 'page' ? 'fast' : 'slowly and steadily'}.`,
    description: `${slo.promise} The objective is ${slo.objective * 100} % over 30 days. At this rate ${worst.share * 100} % of the budget goes in ${worst.longSeconds / 3_600} h. ${slo.consequence}`,
    proof: { ...slo.proof, of: {}, before: 'absent', after: { to: [Number((1e-6).toPrecision(6)), 1] } },
    test: {
      firing: recorded(slo, Math.min(1, budget * 20)),
      silent: recorded(slo, budget * 0.5),
      labels: {},
      atSeconds: 600,
    },
  };
}

/** Series from which the recording rules of an objective work out a given share of bad ones. */
function recorded(slo: Slo, share: number): Alert['test']['firing'] {
  const perMinute = 600;
  const counter = (series: string, each: number) => ({ series, values: `0+${Number(each.toPrecision(9))}x240` });
  const gauge = (series: string, value: number) => ({ series, values: `${Number(value.toPrecision(9))}x240` });
  const good = perMinute * (1 - share);
  const bad = perMinute * share;
  const http = 'kempt_http_request_duration_seconds';
  const of = 'service="gateway",route="/v1/clusters",method="GET"';
  switch (slo.name) {
    case 'freshness':
      return [
        counter('kempt_change_delay_seconds_bucket{system="salesforce",le="300"}', good),
        counter('kempt_change_delay_seconds_count{system="salesforce"}', perMinute),
      ];
    case 'object-freshness':
      return [
        gauge('kempt_sync_targets{system="salesforce",state="stale"}', 1_000 * share),
        gauge('kempt_sync_targets{system="salesforce",state="fresh"}', 1_000 * (1 - share)),
      ];
    case 'completeness':
      return [
        gauge('kempt_sync_differing_records{system="salesforce",object="Contact"}', 1_000_000 * share),
        gauge('kempt_sync_compared_records{system="salesforce",object="Contact"}', 1_000_000),
      ];
    case 'correctness':
      return [
        counter('kempt_consumer_events_total{group="dedupe",topic="t",outcome="handled"}', good),
        counter('kempt_consumer_events_total{group="dedupe",topic="t",outcome="dead_lettered"}', bad),
      ];
    case 'availability':
      return [
        counter(`${http}_count{${of},status_class="2xx"}`, good),
        counter(`${http}_count{${of},status_class="5xx"}`, bad),
      ];
    case 'latency':
      return [
        counter(`${http}_bucket{${of},status_class="2xx",le="0.3"}`, good),
        counter(`${http}_count{${of},status_class="2xx"}`, perMinute),
      ];
    case 'canary':
      return [
        counter('kempt_canary_round_trip_seconds_bucket{group="dedupe",le="120"}', good * 6),
        counter('kempt_canary_sent_total{service="metrics"}', perMinute),
      ];
    default:
      throw new Error(`Nobody has said which series show ${slo.name}.`);
  }
}
