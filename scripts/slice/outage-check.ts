import { setTimeout as sleep } from 'node:timers/promises';
import type { Deployment } from './deployment.ts';
import { createRestClient } from './rest-dump.ts';
import { awaitTrue } from './settled.ts';

interface KpiView {
  readonly kpi: string;
  readonly account?: string;
  readonly terms: Readonly<Record<string, number>>;
}

const outageSeconds = 60;
/** The connector's own interval between two probes: what lies between them is not resolved. */
const probeSeconds = 15;

/** Takes a CRM away for a minute and looks at what its uptime makes of it. @returns one line of what was seen */
export async function checkOutage(deployment: Deployment): Promise<string> {
  const client = createRestClient(deployment.apiUrl, deployment.apiKey);
  const downSeconds = async (): Promise<number> => {
    const { items } = (await client.get('/v1/kpis')) as { items: KpiView[] };
    const uptime = items.find(({ kpi, account }) => kpi === 'crm-uptime' && account?.startsWith('sf:') === true);
    return uptime?.terms['downSeconds'] ?? 0;
  };
  const before = await downSeconds();
  const response = await fetch(`${deployment.controlUrl}/__control/salesforce/outages`, {
    method: 'POST',
    body: JSON.stringify({ kind: 'refused', seconds: outageSeconds }),
  });
  if (!response.ok) throw new Error(`The outage was not begun: ${response.status} ${await response.text()}`);
  await sleep((outageSeconds + 2 * probeSeconds) * 1_000);
  let measured = 0;
  await awaitTrue(60_000, 'an outage that does not grow any more', async () => {
    const earlier = measured;
    measured = (await downSeconds()) - before;
    return measured > 0 && measured === earlier;
  });
  if (Math.abs(measured - outageSeconds) > probeSeconds + 1) {
    throw new Error(
      `The KPI shows ${measured} s of an outage of ${outageSeconds} s; a probe comes every ${probeSeconds} s`,
    );
  }
  return `an outage of ${outageSeconds} s shows as ${measured.toFixed(1)} s in the uptime of the CRM`;
}
