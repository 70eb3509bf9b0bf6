import { setTimeout as sleep } from 'node:timers/promises';
import { isQuiet } from '@kempt/demonstration';
import { type ChangeDriver, createChangeDriver } from './change-driver.ts';
import { type Deployment, type ServiceName, serviceNames } from './deployment.ts';
import { checkHistory, type MirrorRecord, type ShownCluster, type Verdict } from './history-checker.ts';
import { dumpTopics } from './recorded-event.ts';
import { createRestClient } from './rest-dump.ts';
import { awaitFirstSync, awaitTrue } from './settled.ts';
import { comparable, createSimulatedCrms, type ObjectOfAccount, plainFields } from './simulated-crms.ts';
import { checkWrites } from './write-checker.ts';

export interface ChaosOptions {
  readonly start: () => Promise<Deployment>;
  /** Kills of each service. */
  readonly kills: number;
  readonly seed: string;
  /** What happens besides. Services go on being killed until it is over, in the same order once more. */
  readonly meanwhile?: (deployment: Deployment) => Promise<void>;
  /** Bounds of the random time before a kill. */
  readonly pauseMs?: { readonly least: number; readonly most: number };
}

interface RecordView {
  readonly ref: string;
  readonly version: number;
  readonly deleted: boolean;
  readonly contentHash: string;
  readonly mergedInto?: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

const matched = new Set(['Contact', 'Lead', 'Account', 'contacts', 'companies']);

/**
 * Kills every service again and again, from the first second of the first sync on, while the CRMs go on changing; then
 * lets everything settle and holds CRMs, mirror, topics and REST answers against each other. Change sets are applied and taken
 * back all the while; the log of the CRMs must show each of their writes once.
 */
export async function runChaos(options: ChaosOptions): Promise<string> {
  const random = seededRandom(options.seed);
  const deployment = await options.start();
  const crms = createSimulatedCrms(() => deployment.controlUrl);
  const driver = createChangeDriver(deployment);
  const ended = new AbortController();
  const driving = drive(driver, seededRandom(`${options.seed} change sets`), ended.signal);
  try {
    const victims = shuffled(
      serviceNames.flatMap((name) => Array.from({ length: options.kills }, () => name)),
      random,
    );
    // In standalone a kill takes all services at once.
    const kills = deployment.shape === 'standalone' ? victims.slice(0, options.kills) : victims;
    const counts = new Map<ServiceName, number>();
    const { least, most } = options.pauseMs ?? { least: 200, most: deployment.shape === 'standalone' ? 6_200 : 2_000 };
    let isBusy = options.meanwhile !== undefined;
    // It is waited for below; until then a failure must not count as unheard of.
    const meanwhile = Promise.resolve(options.meanwhile?.(deployment)).finally(() => {
      isBusy = false;
    });
    meanwhile.catch(() => undefined);
    let killed = 0;
    for (; killed < kills.length || isBusy; killed += 1) {
      const victim = kills[killed % kills.length] as ServiceName;
      await sleep(least + random() * (most - least));
      for (let edit = 0; edit < 3; edit += 1) await crms.change(random).catch(() => 'refused by the CRM');
      await deployment.killAndRestart(victim);
      counts.set(victim, (counts.get(victim) ?? 0) + 1);
      if ((killed + 1) % 20 === 0) console.log(`${killed + 1} kills, ${crms.changes()} changes`);
    }
    await meanwhile;
    ended.abort();
    await driving;
    await awaitFirstSync(deployment, 300_000);
    const written = checkWrites(await driver.finish(400_000), await driver.writes());
    for (let edit = 0; edit < 20; edit += 1) await crms.change(random).catch(() => 'refused by the CRM');

    const verdict = await settledVerdict(deployment, crms);
    const summary = `${killed} kills, ${crms.changes()} changes, ${driver.made()} change sets; checked ${JSON.stringify({ ...verdict.checked, ...written.checked })}`;
    const missing = [...verdict.missing, ...written.missing];
    const extra = [...verdict.extra, ...written.extra];
    if (missing.length + extra.length > 0) {
      throw new Error(
        [
          `${missing.length} missing, ${extra.length} extra (${summary})`,
          ...missing.slice(0, 15),
          ...extra.slice(0, 15),
        ].join('\n  '),
      );
    }
    return `0 missing, 0 extra; ${summary}`;
  } finally {
    ended.abort();
    await driving;
    await deployment.stop();
  }
}

/** Goes on making and moving change sets, whatever dies meanwhile. */
async function drive(driver: ChangeDriver, random: () => number, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await driver.step(random);
    await sleep(200, undefined, { signal }).catch(() => undefined);
  }
}

/** Looks until the history is sound, or for two minutes: changes need a poll or two to arrive. */
async function settledVerdict(deployment: Deployment, crms: ReturnType<typeof createSimulatedCrms>): Promise<Verdict> {
  const client = createRestClient(deployment.apiUrl, deployment.apiKey);
  const deadline = performance.now() + 120_000;
  for (let round = 1; ; round += 1) {
    await sleep(3_000);
    await awaitTrue(120_000, 'quiet', () => isQuiet(deployment.metricsUrls()));
    const { items: connections } = (await client.get('/v1/connections')) as {
      items: { account: string; objects: { object: string }[] }[];
    };
    const objects: ObjectOfAccount[] = connections.flatMap(({ account, objects: ofAccount }) =>
      ofAccount.map(({ object }) => ({ account, object })),
    );
    const mirror: MirrorRecord[] = [];
    for await (const item of client.list('/v1/records?includeDeleted=true')) {
      const record = item as RecordView;
      if (record.ref.split(':')[2] === 'owners') continue;
      mirror.push({ ...record, fields: plainFields(record.fields) });
    }
    const clusters: ShownCluster[] = [];
    for await (const item of client.list('/v1/clusters?minSize=1')) clusters.push(item as ShownCluster);
    const snapshot = comparable(await crms.snapshot(objects), mirror);
    const bus = deployment.openBus();
    const dump = await dumpTopics(bus, `slice-history-${round}`);
    await bus.close();
    const verdict = checkHistory({
      crm: snapshot,
      mirror,
      clusters,
      events: dump.records.filter((record) => !record.key.includes(':owners:')),
      isMatched: (object) => matched.has(object),
    });
    if (verdict.missing.length + verdict.extra.length === 0 || performance.now() > deadline) return verdict;
    console.log(`round ${round}: ${verdict.missing.length} missing, ${verdict.extra.length} extra; looking again`);
  }
}

/** Mulberry32: small, and the same on every machine. */
function seededRandom(seed: string): () => number {
  let state = Array.from(seed).reduce((sum, letter) => (Math.imul(sum, 31) + letter.charCodeAt(0)) | 0, 7);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

function shuffled<T>(items: readonly T[], random: () => number): T[] {
  const mixed = [...items];
  for (let at = mixed.length - 1; at > 0; at -= 1) {
    const other = Math.floor(random() * (at + 1));
    [mixed[at], mixed[other]] = [mixed[other] as T, mixed[at] as T];
  }
  return mixed;
}
