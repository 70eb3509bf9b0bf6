/**
 * How many series the services have with a thousand tenants, as Prometheus would scrape them.
 *   scripts/bench/run series [TENANTS]
 * Six processes over simulated CRMs and the Postgres bus. What the topics hold of one tenant, an event of each topic, is
 * published again under another tenant's name, then under those of all others; the names of the series after the one are
 * compared with those after the others. The service metrics shows as many tenants' KPIs as it takes, 20. Ends with 1 when a series
 * names a tenant or an account that is not one of those, or when there are more series than the limit of a service.
 */
import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { EventRecord, PositionedRecord } from '@kempt/contracts';
import { isQuiet } from '@kempt/demonstration';
import type { EventBus } from '@kempt/event-bus';
import { type ServiceName, serviceNames } from '../slice/deployment.ts';
import { type DistributedDeployment, startDistributed } from '../slice/distributed-deployment.ts';
import { dumpTopics } from '../slice/recorded-event.ts';
import { awaitFirstSync, awaitTrue } from '../slice/settled.ts';

const tenants = Number(process.argv[2] ?? 1_000);
const eventsOfTopic = 1;
const shown = Array.from({ length: 20 }, (_, index) => `t${index + 1}`);
/** More than this is worth a look: what a service says, whoever uses it. */
const limit = 900;
const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = await mkdtemp(join(tmpdir(), 'kempt-series-'));

interface Figures {
  readonly service: ServiceName;
  readonly ofOne: number;
  readonly ofAll: number;
  /** Series that only the others brought. */
  readonly added: readonly string[];
  /** Series that name a tenant or an account. */
  readonly naming: readonly string[];
}

let deployment: DistributedDeployment | undefined;
let figures: Figures[] = [];
let published = 0;
const begun = performance.now();
try {
  deployment = await startDistributed({
    folder,
    seed: 'series',
    topicPrefix: '',
    syncIntervalMs: 60_000,
    sizes: { contacts: 40, companies: 10, deals: 10, activities: 10, users: 5 },
    environment: {
      connector: { KEMPT_CONNECTOR_AUDIT_INTERVAL_MS: '3000' },
      // What is measured of every tenant again and again is not what this is about, and would never leave the bus in peace.
      'data-quality': { KEMPT_DATA_QUALITY_SCORE_INTERVAL_MS: '30000' },
      metrics: {
        KEMPT_METRICS_KPI_TENANTS: shown.join(','),
        KEMPT_METRICS_KPI_INTERVAL_MS: '30000',
        KEMPT_METRICS_CALENDAR_INTERVAL_MS: '60000',
      },
    },
  });
  const { metricsUrls } = deployment;
  await awaitFirstSync(deployment, 180_000);
  const bus = deployment.openBus();
  const { records } = await dumpTopics(bus, 'series');
  const template = [...Map.groupBy(records, ({ topic }) => topic).values()].flatMap((ofTopic) =>
    ofTopic.slice(0, eventsOfTopic),
  );
  console.log(
    `${template.length} events of ${new Set(template.map(({ topic }) => topic)).size} topics for each tenant`,
  );
  await publishAs(bus, template, ['t1']);
  await settled(metricsUrls);
  const ofOne = await Promise.all(serviceNames.map(seriesOf));
  await publishAs(
    bus,
    template,
    Array.from({ length: tenants - 1 }, (_, index) => `t${index + 2}`),
  );
  await settled(metricsUrls);
  // KPIs are measured at their interval.
  await sleep(35_000);
  await bus.close();
  const ofAll = await Promise.all(serviceNames.map(seriesOf));
  figures = serviceNames.map((service, index) => compare(service, ofOne[index] ?? [], ofAll[index] ?? []));
} finally {
  await deployment?.stop();
  await rm(folder, { recursive: true, force: true });
}

console.log(`${published} events of ${tenants} tenants in ${((performance.now() - begun) / 1_000).toFixed(0)} s`);
console.log('service              one tenant   all   added   naming a tenant or an account');
for (const { service, ofOne, ofAll, added, naming } of figures) {
  const numbers = [ofOne, ofAll, added.length].map((number) => String(number).padStart(7)).join('');
  console.log(`${service.padEnd(20)} ${numbers}   ${naming.length}`);
  const byMetric = Map.groupBy(added, (name) => name.replace(/\{.*/, ''));
  for (const [metric, names] of byMetric) console.log(`    ${metric} ${names.length}`);
}
await mkdir(join(root, 'bench-results'), { recursive: true });
await writeFile(join(root, 'bench-results', 'series.json'), `${JSON.stringify(figures, null, 2)}\n`);
const isBound = figures.every(({ ofAll, naming }) => ofAll <= limit && naming.every(isOfShown));
process.exitCode = figures.length === serviceNames.length && isBound ? 0 : 1;

/** The same events, as they would have come from another customer. */
async function publishAs(
  bus: EventBus,
  template: readonly PositionedRecord[],
  names: readonly string[],
): Promise<void> {
  for (const name of names) {
    const own = (key: string): string => `${name}${key.slice(key.indexOf(':'))}`;
    const copies = template.map(
      ({ topic, key, headers, value }): EventRecord => ({
        topic,
        key: own(key),
        headers: {
          ...headers,
          ce_id: randomUUID(),
          ce_tenantid: name,
          ...(headers['ce_partitionkey'] === undefined ? {} : { ce_partitionkey: own(headers['ce_partitionkey']) }),
        },
        value,
      }),
    );
    await bus.publish(copies);
    published += copies.length;
  }
}

/** Until everything was taken in, and a little longer. */
async function settled(metricsUrls: () => readonly string[]): Promise<void> {
  let calm = 0;
  await awaitTrue(600_000, 'taking in of everything', async () => {
    calm = (await isQuiet(metricsUrls())) ? calm + 1 : 0;
    return calm >= 3;
  });
}

async function seriesOf(service: ServiceName): Promise<string[]> {
  const url = deployment?.process(service).url;
  const text = await (await fetch(`${url}/metrics`, { signal: AbortSignal.timeout(30_000) })).text();
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.slice(0, line.lastIndexOf(' ')));
}

function compare(service: ServiceName, ofOne: readonly string[], ofAll: readonly string[]): Figures {
  const known = new Set(ofOne);
  return {
    service,
    ofOne: ofOne.length,
    ofAll: ofAll.length,
    added: ofAll.filter((name) => !known.has(name)),
    naming: ofAll.filter((name) => /="(t\d+|(sf|hs):[^"]*)"/.test(name)),
  };
}

function isOfShown(name: string): boolean {
  const tenant = /^kempt_kpi_(?:value|target)\{.*tenant="([^"]+)"/.exec(name)?.[1];
  return tenant !== undefined && shown.includes(tenant);
}
