import { type Uptime, uptimeRatio } from '../uptime/observed-time.ts';
import type { Measurement } from './kpi.ts';

const dayMs = 86_400_000;

/** Days that KPIs look back. */
export const kpiWindows = { uptimeDays: 30, adoptionDays: 30, processDays: 730, satisfactionDays: 365 } as const;

const nothing: Measurement = { value: null, terms: {} };

/** The `share`-quantile by linear interpolation between neighbours (definition 7 of Hyndman and Fan, 1996). */
export function quantile(sorted: readonly number[], share: number): number | null {
  if (sorted.length === 0) return null;
  const place = (sorted.length - 1) * share;
  const below = sorted[Math.floor(place)] ?? 0;
  const above = sorted[Math.ceil(place)] ?? below;
  return below + (above - below) * (place - Math.floor(place));
}

export function dataQuality(scores: readonly { readonly score: number; readonly records: number }[]): Measurement {
  const records = scores.reduce((sum, score) => sum + score.records, 0);
  if (records === 0) return nothing;
  return {
    value: scores.reduce((sum, score) => sum + score.score * score.records, 0) / records,
    terms: { records, objects: scores.length },
  };
}

/** Over several targets their observed times are added up. */
export function uptime(targets: readonly Uptime[]): Measurement {
  const upMs = targets.reduce((sum, target) => sum + target.upMs, 0);
  const downMs = targets.reduce((sum, target) => sum + target.downMs, 0);
  const latencies = targets.flatMap(({ meanLatencyMs }) => meanLatencyMs ?? []);
  return {
    value: uptimeRatio({ upMs, downMs }),
    terms: {
      upSeconds: upMs / 1_000,
      downSeconds: downMs / 1_000,
      probes: targets.reduce((sum, target) => sum + target.probes, 0),
      failedProbes: targets.reduce((sum, target) => sum + target.failedProbes, 0),
      ...(latencies.length === 0
        ? {}
        : { meanLatencyMs: latencies.reduce((sum, latency) => sum + latency, 0) / latencies.length }),
    },
  };
}

export function userAdoption(people: readonly { readonly lastLoginAt: Date | null }[], now: Date): Measurement {
  if (people.length === 0) return nothing;
  const since = now.getTime() - kpiWindows.adoptionDays * dayMs;
  const loggedIn = people.filter(({ lastLoginAt }) => lastLoginAt !== null && lastLoginAt.getTime() >= since).length;
  return { value: loggedIn / people.length, terms: { loggedIn, activePeople: people.length } };
}

/** `createdAt` is a moment, `closedOn` a calendar date: both are taken as days of UTC. */
export function processEfficiency(
  wonDeals: readonly { readonly createdAt: Date; readonly closedOn: string }[],
  now: Date,
): Measurement {
  const today = now.toISOString().slice(0, 10);
  const since = new Date(now.getTime() - kpiWindows.processDays * dayMs).toISOString().slice(0, 10);
  const days = wonDeals
    .filter(({ closedOn }) => closedOn >= since && closedOn <= today)
    .map(({ createdAt, closedOn }) => {
      const createdOn = Date.parse(createdAt.toISOString().slice(0, 10));
      return (Date.parse(closedOn) - createdOn) / dayMs;
    })
    // A close date before the creation was typed in later and tells nothing of the time that it took.
    .filter((span) => span >= 0)
    .sort((a, b) => a - b);
  const value = quantile(days, 0.5);
  if (value === null) return nothing;
  return { value, terms: { deals: days.length, p90Days: quantile(days, 0.9) ?? value } };
}

export interface SurveyAnswer {
  readonly kind: string;
  readonly score: number;
}

export function customerSatisfaction(answers: readonly SurveyAnswer[], hoursToClose: readonly number[]): Measurement {
  const csat = answers.filter(({ kind }) => kind === 'CSAT');
  const nps = answers.filter(({ kind }) => kind === 'NPS');
  const positive = csat.filter(({ score }) => score >= 4).length;
  const promoters = nps.filter(({ score }) => score >= 9).length;
  const detractors = nps.filter(({ score }) => score <= 6).length;
  const medianHours = quantile(
    hoursToClose.toSorted((a, b) => a - b),
    0.5,
  );
  return {
    value: csat.length === 0 ? null : positive / csat.length,
    terms: {
      ...(csat.length === 0 ? {} : { positiveAnswers: positive, answers: csat.length }),
      ...(nps.length === 0 ? {} : { netPromoterScore: (100 * (promoters - detractors)) / nps.length }),
      ...(medianHours === null ? {} : { medianHoursToCloseCase: medianHours }),
    },
  };
}
