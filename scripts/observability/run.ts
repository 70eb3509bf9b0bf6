import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { alertNames, createScale, packExpressions, stimulusNames } from '@kempt/observability';
import { serviceNames } from '../slice/deployment.ts';
import { type DistributedDeployment, startDistributed } from '../slice/distributed-deployment.ts';
import { type Monitoring, startMonitoring } from './monitoring.ts';
import { answerOf, complaintBefore, isExpectedAfter, type Observation, wantedText } from './observation.ts';
import { openScene, type Scene } from './scene.ts';
import { stimuli } from './stimuli.ts';

const { values } = parseArgs({
  options: { only: { type: 'string' }, keep: { type: 'boolean', default: false } },
});

/** One minute of production is a second here. */
const scale = createScale(1 / 60);
const runbookFolder = fileURLToPath(new URL('../../deploy/observability/runbooks', import.meta.url));
const folder = await mkdtemp(join(tmpdir(), 'kempt-observability-'));

/** How long after a stimulus its effect may still show, how long an alert may take to come and to go. */
const settleMs = 60_000;
const alertMs = 45_000;
const clearMs = 150_000;
const pollMs = 700;

const begunMs = performance.now();
const seconds = (since: number): string => `${((performance.now() - since) / 1_000).toFixed(0)} s`;

const only = values.only?.split(',');
const wanted = stimulusNames.filter((name) => only === undefined || only.includes(name));
const outcomes: { readonly what: string; readonly passed: boolean }[] = [];
const note = (passed: boolean, what: string): void => {
  outcomes.push({ what, passed });
  console.log(`${passed ? 'passed' : 'FAILED'}  ${what}`);
};

/** What Grafana would put in. */
const asked = (expr: string): string => expr.replaceAll('$__rate_interval', '10s').replaceAll('$__range', '5m');

async function observe(monitoring: Monitoring, scene: Scene, name: (typeof stimulusNames)[number]): Promise<void> {
  console.log(`\n-- ${name}`);
  const observations: Observation[] = packExpressions(scale)
    .filter(({ proof }) => proof.stimulus === name)
    .map((expression) => ({ expression, before: undefined, last: undefined, complaint: undefined, isProven: false }));
  const ask = async ({ expression }: Observation): Promise<number | undefined> =>
    answerOf(await monitoring.query(asked(expression.expr)), expression.proof);

  const stimulus = stimuli[name];
  void stimulus.prelude?.(scene).catch(() => undefined);
  // What the stimulus before it left behind may take a moment to go.
  const calm = performance.now() + clearMs;
  for (;;) {
    for (const observation of observations) {
      observation.before = await ask(observation);
      observation.complaint = complaintBefore(observation.expression.proof, observation.before);
    }
    if (observations.every(({ complaint }) => complaint === undefined) || performance.now() > calm) break;
    await sleep(pollMs);
  }

  const begunMs = Date.now();
  let ended = false;
  const running = stimulus.run(scene).then(
    () => undefined,
    (error: unknown) => error,
  );
  const end = running.then((error) => {
    ended = true;
    return error;
  });
  let settled = Number.POSITIVE_INFINITY;
  while (performance.now() < settled) {
    if (ended && settled === Number.POSITIVE_INFINITY) settled = performance.now() + settleMs;
    const open = observations.filter(({ isProven, complaint }) => !isProven && complaint === undefined);
    if (open.length === 0 && ended) break;
    for (const observation of open) {
      observation.last = (await ask(observation)) ?? observation.last;
      observation.isProven = isExpectedAfter(observation.expression.proof, observation.last, observation.before);
    }
    await sleep(pollMs);
  }
  const failure = await end;
  if (failure !== undefined) note(false, `${name}: ${failure instanceof Error ? failure.message : 'failed'}`);
  for (const { expression, before, last, complaint, isProven } of observations) {
    const change = `${before ?? 'nothing'} -> ${last ?? 'nothing'}`;
    note(isProven, `${expression.where}: ${complaint ?? `${change} (wanted ${wantedText(expression.proof)})`}`);
  }
  for (const alert of stimulus.alerts ?? []) await observeAlert(monitoring, alert, begunMs);
  console.log(`   ${((Date.now() - begunMs) / 1_000).toFixed(0)} s`);
}

/** Alerts that fired and have to end; what comes next goes on meanwhile. */
const clearing: Promise<void>[] = [];

/** That an alert reached the webhook with its runbook; that it ended is awaited beside what follows. */
async function observeAlert(monitoring: Monitoring, alert: string, sinceMs: number): Promise<void> {
  const told = (status: 'firing' | 'resolved', afterMs: number) =>
    monitoring.notices.find(
      (notice) => notice.labels['alertname'] === alert && notice.status === status && notice.atMs >= afterMs,
    );
  const arrived = await within(alertMs, () => told('firing', sinceMs));
  if (arrived === undefined) return note(false, `${alert} did not fire`);
  const runbook = arrived.annotations['runbook_url'] ?? '';
  const isWritten = existsSync(join(runbookFolder, `${alert}.md`)) && runbook.endsWith(`/${alert}.md`);
  const after = (to: number): string => `${((to - sinceMs) / 1_000).toFixed(0)} s`;
  const fired = `${alert} fired after ${after(arrived.atMs)} with ${isWritten ? 'its runbook' : 'no runbook'}`;
  clearing.push(
    within(clearMs, () => told('resolved', arrived.atMs)).then((cleared) => {
      const end = cleared === undefined ? 'did not clear' : `cleared after ${after(cleared.atMs)}`;
      note(isWritten && cleared !== undefined, `${fired}, ${end}`);
    }),
  );
}

async function within<T>(ms: number, look: () => T | undefined): Promise<T | undefined> {
  const deadline = performance.now() + ms;
  for (;;) {
    const found = look();
    if (found !== undefined || performance.now() > deadline) return found;
    await sleep(200);
  }
}

/**
 * Until everything was read once, found duplicates and settled, nothing that is done could be told from the beginning. Asks the
 * services and not Prometheus, which begins afterwards: what is slow or late now would be in the long windows of all that follows.
 */
async function settle(scene: Scene): Promise<void> {
  let reason = '';
  const isSettled = async (): Promise<boolean> => {
    const { items } = await scene.api<{ items: { status: string }[] }>('GET', '/v1/connections');
    const texts = await Promise.all(
      scene.deployment
        .metricsUrls()
        .map(async (url) => (await fetch(url, { signal: AbortSignal.timeout(5_000) })).text()),
    );
    const sum = (series: RegExp): number =>
      texts
        .flatMap((text) => text.split('\n'))
        .filter((line) => series.test(line))
        .reduce((total, line) => total + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
    const waiting = sum(/^kempt_(consumer_lag_records|outbox_rows)\{/);
    const resolved = sum(/^kempt_dedupe_resolution_duration_seconds_count\{/);
    const unread = sum(/^kempt_sync_targets\{(?!.*state="fresh")/);
    reason = `connections ${items.map(({ status }) => status).join()}, waiting events ${waiting}, kinds resolved ${resolved}, objects not fresh ${unread}`;
    const isRead = items.length === 2 && items.every(({ status }) => status === 'connected') && unread === 0;
    return isRead && waiting < 10 && resolved >= 2;
  };
  const deadline = performance.now() + 300_000;
  for (let calm = 0; calm < 3; ) {
    calm = (await isSettled().catch(() => false)) ? calm + 1 : 0;
    if (performance.now() > deadline) throw new Error(`Kempt did not settle within five minutes: ${reason}`);
    await sleep(1_000);
  }
}

/** What was started ends with this program, also when it is told to end. */
async function end(): Promise<void> {
  await scene?.close().catch(() => undefined);
  await monitoring?.stop();
  await deployment?.stop();
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    void end().finally(() => process.exit(1));
  });
}

let deployment: DistributedDeployment | undefined;
let monitoring: Monitoring | undefined;
let scene: Scene | undefined;
try {
  console.log('Starting the services, Prometheus and Alertmanager');
  deployment = await startDistributed({
    folder: join(folder, 'kempt'),
    seed: 'observability',
    topicPrefix: '',
    syncIntervalMs: 1_000,
    sizes: { contacts: 400, companies: 100, deals: 100, activities: 100, users: 20 },
    environment: {
      connector: {
        KEMPT_CONNECTOR_PROBE_INTERVAL_MS: '1000',
        KEMPT_CONNECTOR_CONCURRENCY: '8',
        KEMPT_CONNECTOR_CONCURRENCY_PER_ACCOUNT: '6',
        KEMPT_CONNECTOR_PROBE_TIMEOUT_MS: '2000',
        KEMPT_CONNECTOR_ALLOWANCE_INTERVAL_MS: '1000',
        KEMPT_CONNECTOR_COMPLETENESS_INTERVAL_MS: '3000',
        KEMPT_CONNECTOR_COMPLETENESS_SETTLE_MS: '200',
        KEMPT_CONNECTOR_AUDIT_INTERVAL_MS: '3000',
        KEMPT_CONNECTOR_STALE_AFTER_MS: '5000',
        KEMPT_CONNECTOR_QUOTA_RETRY_MS: '2000',
        KEMPT_CONNECTOR_REFUSED_RETRY_MS: '1000',
        KEMPT_CONNECTOR_LONGEST_RETRY_MS: '2000',
        KEMPT_CONNECTOR_CRM_ATTEMPTS: '2',
        KEMPT_CONNECTOR_CRM_TIMEOUT_MS: '5000',
        KEMPT_CONNECTOR_OVERLAP_MS: '3000',
      },
      'data-quality': { KEMPT_DATA_QUALITY_SCORE_INTERVAL_MS: '1000' },
      metrics: {
        KEMPT_METRICS_KPI_INTERVAL_MS: '1000',
        KEMPT_METRICS_CANARY_INTERVAL_MS: '1000',
        KEMPT_METRICS_PROBE_INTERVAL_MS: '1000',
        KEMPT_METRICS_PROBE_TIMEOUT_MS: '1000',
      },
      gateway: { KEMPT_GATEWAY_RATE_LIMIT_REQUESTS: '100000' },
    },
  });
  const running = deployment;
  scene = await openScene(deployment);
  // The index that HubSpot searches is seconds behind; with everything a sixtieth as long that would be a late change.
  await scene.control('POST', 'hubspot/settings', { searchLagMs: 50 });
  await settle(scene);
  // Without any traffic a share of failed requests has no answer.
  const trickle = setInterval(() => void scene?.status('/v1/clusters?limit=1'), 500);
  monitoring = await startMonitoring({
    folder: join(folder, 'monitoring'),
    targets: serviceNames.map((service) => ({ service, address: new URL(running.process(service).url).host })),
    scale,
    runbookBase: 'deploy/observability/runbooks',
  });
  // Until the windows of the panels are full, rates have no answer.
  await sleep(12_000);
  console.log(`Settled and scraped after ${seconds(begunMs)}`);
  for (const name of wanted) await observe(monitoring, scene, name);
  await Promise.all(clearing);
  clearInterval(trickle);
} catch (error) {
  note(
    false,
    error instanceof Error
      ? `${error.message}${error.cause instanceof Error ? `: ${error.cause.message}` : ''}`
      : String(error),
  );
} finally {
  await end();
}

const passed = outcomes.filter((outcome) => outcome.passed).length;
const failed = outcomes.length - passed;
if (failed === 0 && !values.keep) await rm(folder, { recursive: true, force: true });
else console.log(`\nLogs are in ${folder}`);
console.log();
const fired = alertNames.filter((alert) => monitoring?.notices.some(({ labels }) => labels['alertname'] === alert));
const silent = alertNames.filter((alert) => !fired.includes(alert));
console.log(
  `${fired.length} of ${alertNames.length} alerts fired${silent.length === 0 ? '' : `; not ${silent.join(', ')}`}`,
);
for (const { what } of outcomes.filter((outcome) => !outcome.passed)) console.log(`FAILED  ${what}`);
console.log(`${wanted.length} of ${stimulusNames.length} stimuli in ${seconds(begunMs)}`);
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
