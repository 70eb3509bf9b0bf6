import type { Transaction } from '@kempt/postgres';
import type { Uptime } from '../uptime/observed-time.ts';
import { uptimeSince } from '../uptime/uptime-store.ts';
import type { KpiReading } from './kpi.ts';
import { activePeople, answersSince, hoursToCloseSince, objectScores, wonDeals } from './kpi-fact-store.ts';
import {
  customerSatisfaction,
  dataQuality,
  kpiWindows,
  processEfficiency,
  uptime,
  userAdoption,
} from './kpi-formulas.ts';

const dayMs = 86_400_000;

/** Every KPI of the tenant, computed from what is known now. */
export async function readKpis(
  tx: Transaction,
  context: { readonly now: Date; readonly services: readonly Uptime[] },
): Promise<KpiReading[]> {
  const { now, services } = context;
  const daysAgo = (days: number): Date => new Date(now.getTime() - days * dayMs);
  const crms = await uptimeSince(tx, tx.tenantId ?? '', daysAgo(kpiWindows.uptimeDays));
  const since = daysAgo(kpiWindows.satisfactionDays);
  return [
    { kpi: 'data-quality', account: '', ...dataQuality(await objectScores(tx)) },
    { kpi: 'crm-uptime', account: '', ...uptime([...crms.values()]) },
    ...[...crms].map(([account, observed]) => ({ kpi: 'crm-uptime' as const, account, ...uptime([observed]) })),
    { kpi: 'kempt-uptime', account: '', ...uptime(services) },
    { kpi: 'user-adoption', account: '', ...userAdoption(await activePeople(tx), now) },
    { kpi: 'process-efficiency', account: '', ...processEfficiency(await wonDeals(tx), now) },
    {
      kpi: 'customer-satisfaction',
      account: '',
      ...customerSatisfaction(await answersSince(tx, since), await hoursToCloseSince(tx, since)),
    },
  ];
}
