import { isDeepStrictEqual } from 'node:util';
import { appendToOutbox } from '@kempt/outbox';
import type { Database, Transaction } from '@kempt/postgres';
import type { Component } from '@kempt/service-runtime';
import type { Logger } from '@kempt/telemetry';
import { listAccounts } from '../facts/fact-store.ts';
import type { KpiMetrics } from '../metrics.ts';
import { createTenantTurns } from '../tenants/tenant-turns.ts';
import type { Uptime } from '../uptime/observed-time.ts';
import { forgetUptime, installation, uptimeSince } from '../uptime/uptime-store.ts';
import { type KpiReading, kpiDefinitions } from './kpi.ts';
import type { KpiEvents } from './kpi-events.ts';
import { kpiWindows } from './kpi-formulas.ts';
import { readKpis } from './kpi-readings.ts';
import {
  addValue,
  type KpiTarget,
  latestValues,
  loadTargets,
  measuredBaselines,
  setBaseline,
  thinHistory,
} from './kpi-store.ts';

interface KpiMeterOptions {
  readonly database: Database;
  readonly events: KpiEvents;
  readonly metrics: KpiMetrics;
  readonly logger: Logger;
  readonly intervalMs: number;
  /** Tenants whose values are shown as metrics. */
  readonly shownTenants: readonly string[];
  /** How long everything must have been read before a measurement becomes the baseline. */
  readonly baselineAfterMs: number;
  readonly now: () => Date;
}

const dayMs = 86_400_000;
/** A value that stays the same is measured again after this, so that a line has no holes. */
const longestSilenceMs = 3_600_000;
const uptimeKeptDays = 400;
const thinningMs = 3_600_000;

/** Measures every KPI of every tenant once in an interval, keeps it and tells of it when it changed. */
export function createKpiMeter(options: KpiMeterOptions): Component {
  const { database, events, metrics, logger, intervalMs, baselineAfterMs, now } = options;
  const shown = new Set(options.shownTenants);
  let services: readonly Uptime[] = [];
  const thinnedAtMs = new Map<string, number>();

  async function measure(tx: Transaction, tenantId: string): Promise<void> {
    const time = now();
    const targets = await loadTargets(tx);
    const known = new Map((await latestValues(tx)).map((value) => [`${value.kpi} ${value.account}`, value]));
    const isSettled = await settled(tx, time);
    const baselines = new Map(await measuredBaselines(tx));
    for (const reading of await readKpis(tx, { now: time, services })) {
      const line = `${reading.kpi} ${reading.account}`;
      const last = known.get(line);
      const target = targets.get(reading.kpi);
      show(tenantId, reading, target);
      const isNews =
        last === undefined
          ? reading.value !== null || reading.account === ''
          : !isDeepStrictEqual([reading.value, reading.terms], [last.value, last.terms]) ||
            time.getTime() - last.measuredAt.getTime() >= longestSilenceMs;
      if (isNews) {
        const sequence = await addValue(tx, reading, time);
        if (isSettled && reading.value !== null && !baselines.has(line)) baselines.set(line, reading.value);
        const baseline = target?.baseline ?? baselines.get(line) ?? null;
        const told = { ...reading, sequence, measuredAt: time, baseline, target: targetOf(reading, target) };
        await appendToOutbox(tx, [events(tenantId, told)]);
      }
      if (isSettled && reading.value !== null) await setBaseline(tx, reading);
    }
    if (time.getTime() - (thinnedAtMs.get(tenantId) ?? 0) < thinningMs) return;
    thinnedAtMs.set(tenantId, time.getTime());
    await thinHistory(tx, 'hour', new Date(time.getTime() - 2 * dayMs));
    await thinHistory(tx, 'day', new Date(time.getTime() - 60 * dayMs));
    await forgetUptime(tx, tenantId, new Date(time.getTime() - uptimeKeptDays * dayMs));
  }

  /** Half-read CRMs give half-true values, which are no baseline. */
  async function settled(tx: Transaction, time: Date): Promise<boolean> {
    const accounts = (await listAccounts(tx)).filter(({ status }) => status !== 'paused');
    return (
      accounts.length > 0 &&
      accounts.every(
        ({ status, changedAt }) => status !== 'backfilling' && time.getTime() - changedAt.getTime() >= baselineAfterMs,
      )
    );
  }

  /** Metrics are for few tenants, and not for each account: their number must not grow with the customers. */
  function show(tenant: string, reading: KpiReading, target: KpiTarget | undefined): void {
    if (!shown.has(tenant) || reading.account !== '') return;
    const labels = { tenant, kpi: reading.kpi };
    if (reading.value === null) metrics.kpiValue.remove(labels);
    else metrics.kpiValue.set(labels, reading.value);
    metrics.kpiTarget.set(labels, targetOf(reading, target));
  }

  return createTenantTurns({
    name: 'kpi-meter',
    work: 'kpis',
    database,
    logger,
    intervalMs,
    now,
    before: async () => {
      const since = new Date(now().getTime() - kpiWindows.uptimeDays * dayMs);
      const observed = await database.systemTransaction((tx) => uptimeSince(tx, installation, since), {
        readOnly: true,
      });
      services = [...observed.values()];
    },
    turn: measure,
  });
}

const targetOf = (reading: KpiReading, target: KpiTarget | undefined): number =>
  target?.target ?? kpiDefinitions[reading.kpi].target;
