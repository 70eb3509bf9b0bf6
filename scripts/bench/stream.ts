/**
 * The dedupe service under a stream of changes: a real Kafka, a real Postgres that syncs to disk, the real service process.
 *   scripts/bench/run stream [--records 1000000] [--changes 100000] [--folder PATH] [--prepare] [--only latency,mix,matching,afterwards,restart]
 *     [--statements]
 * Records are read in as a first backfill, the service trains its model and resolves them, and makes them ready for comparison in memory; then it
 * is measured
 *   latency    the mix as it comes, 300 a second, whether or not the service keeps up
 *   mix        changes that wait in Kafka (the process is held while they are put there): 60 % touch nothing that is compared, 30 % one field, 10 % are new records
 *   matching   changes that wait in Kafka, each of one compared field
 *   afterwards latency again, while Postgres clears up what the floods left
 *   restart    the process is killed in the middle of the mix and started again
 * A change counts when the transaction that decided it has committed, as Postgres tells the time of it. With --prepare it ends when
 * the records are resolved; --statements lists where Postgres spent its time; --folder keeps the database, for one run of measurements on
 * it or on a copy. Uses the broker of KAFKA_BROKERS, or starts one. Writes bench-results/stream.json; exits with 1 when something is lost
 * or worse than promised.
 */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { topics } from '@kempt/contracts';
import { sumOf } from '@kempt/demonstration';
import { createKafkaEventBus } from '@kempt/event-bus-kafka';
import { startTestKafka } from '@kempt/event-bus-kafka/testing';
import { startEmbeddedPostgres } from '@kempt/postgres';
import { createLogger } from '@kempt/telemetry';
import pg from 'pg';
import { type MatchModel, resolve } from '../../packages/entity-resolution/src/index.ts';
import { showDearestStatements } from './dearest-statements.ts';
import { prepareDedupe } from './dedupe-process.ts';
import { cpuSeconds, memoryOfTree } from './process-tree.ts';
import { backfillEvents, stateEvent, tenantId } from './stream-events.ts';
import { createStreamPeople, type StreamPerson } from './stream-population.ts';

const { values: flags } = parseArgs({
  options: {
    records: { type: 'string', default: '1000000' },
    changes: { type: 'string', default: '100000' },
    folder: { type: 'string' },
    prepare: { type: 'boolean', default: false },
    only: { type: 'string', default: 'latency,mix,matching,afterwards,restart' },
    statements: { type: 'boolean', default: false },
  },
});
const recordCount = Number(flags.records);
const changeCount = Number(flags.changes);
const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = flags.folder ?? (await mkdtemp(join(tmpdir(), 'kempt-stream-')));
await mkdir(folder, { recursive: true });
const openLoopPerSecond = 300;
const openLoopSeconds = 40;
const verifiedRecordsMax = 150_000;

interface Measure {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  readonly limit: number;
  readonly better: 'more' | 'less';
}
const measures: Measure[] = [];
const told: Record<string, number | string> = {};
const say = (line: string): void => console.log(`${new Date().toISOString().slice(11, 19)} ${line}`);

const kafka = await startTestKafka();
if (!kafka.available) {
  console.error(`The benchmark needs a Kafka broker: ${kafka.reason}.`);
  process.exit(1);
}
const loadAtStart = loadavg();
const postgresSettings = {
  shared_buffers: '1GB',
  max_wal_size: '4GB',
  track_commit_timestamp: 'on',
  ...(flags.statements && { shared_preload_libraries: 'pg_stat_statements' }),
};
const postgres = await startEmbeddedPostgres({ dataFolder: join(folder, 'postgres'), settings: postgresSettings });
const secretFile = join(folder, 'password');
const password = existsSync(secretFile) ? await readFile(secretFile, 'utf8') : randomBytes(12).toString('hex');
await writeFile(secretFile, password, { mode: 0o600 });
const logger = createLogger({ service: 'bench', level: 'error' });
const bus = createKafkaEventBus({ brokers: kafka.brokers, clientId: 'bench', logger });
const { service, database } = await prepareDedupe({
  adminUrl: postgres.adminUrl,
  password,
  brokers: kafka.brokers,
  logFolder: folder,
  environment: {
    KEMPT_DEDUPE_CACHED_RECORDS: process.env['KEMPT_DEDUPE_CACHED_RECORDS'] ?? String(Math.ceil(recordCount * 1.25)),
    NODE_OPTIONS: process.env['BENCH_SERVICE_NODE_OPTIONS'] ?? '--max-old-space-size=8192 --max-semi-space-size=64',
  },
});

/** What the records are now, as the CRM would know. */
const people = createStreamPeople('stream');
const editions = new Map<number, number>();
const versions = new Map<number, number>();
let newest = recordCount;
let draws = 0;
/** A number from 0 to 1 that depends on how many were drawn before only. */
function draw(): number {
  draws += 1;
  let mixed = Math.imul(draws ^ (draws >>> 15), 0x2c1b3c6d) >>> 0;
  mixed = Math.imul(mixed ^ (mixed >>> 12), 0x297a2d39) >>> 0;
  return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
}

function personNow(index: number): StreamPerson {
  const edition = editions.get(index) ?? 0;
  return edition === 0 ? people.person(index) : people.edited(index, edition);
}

function nextChange(kind: 'mix' | 'matching') {
  const share = kind === 'mix' ? draw() : 0.7;
  if (share >= 0.9) {
    newest += 1;
    return stateEvent(newest - 1, { version: 1, person: people.person(newest - 1), touch: 0 });
  }
  const index = Math.floor(draw() * recordCount);
  if (share >= 0.6) editions.set(index, (editions.get(index) ?? 1) + 1);
  const version = (versions.get(index) ?? 1) + 1;
  versions.set(index, version);
  return stateEvent(index, { version, person: personNow(index), touch: version });
}

async function publishChanges(kind: 'mix' | 'matching', count: number): Promise<Set<string>> {
  const ids = new Set<string>();
  for (let from = 0; from < count; from += 5_000) {
    const events = Array.from({ length: Math.min(5_000, count - from) }, () => nextChange(kind));
    for (const { id } of events) ids.add(id);
    await bus.publish(events);
  }
  return ids;
}

/** When each event was decided durably, in milliseconds since 1970. */
async function decidedAt(since: Date): Promise<Map<string, number>> {
  const rows = await database.systemTransaction((tx) =>
    tx.query<{ id: string; at: number }>(
      `select event_id::text as id, (extract(epoch from at) * 1000)::float8 as at
       from (select event_id, pg_xact_commit_timestamp(xmin) as at from inbox) as decided where at >= $1`,
      [since],
    ),
  );
  return new Map(rows.map((row) => [row.id, row.at]));
}

async function awaitDecisions(ids: ReadonlySet<string>, since: Date, timeoutMs: number): Promise<Map<string, number>> {
  const deadline = performance.now() + timeoutMs;
  let pauseMs = 1_000;
  for (;;) {
    await sleep(pauseMs);
    if ((await lag()) === 0n) {
      const decided = await decidedAt(since);
      const missing = [...ids].filter((id) => !decided.has(id));
      if (missing.length === 0) return decided;
      if (performance.now() > deadline) throw new Error(`${missing.length} of ${ids.size} changes were never decided`);
    }
    if (performance.now() > deadline)
      throw new Error(`the service is ${await lag()} changes behind after the time limit`);
    pauseMs = 500;
  }
}

/** How many events the service is behind. While the group moves nobody can say: then it is asked again. */
async function lag(): Promise<bigint> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return (await bus.lag('dedupe')).reduce((sum, { records }) => sum + records, 0n);
    } catch (error) {
      if (attempt === 50) throw error;
      await sleep(200);
    }
  }
}

interface Usage {
  readonly service: number;
  readonly postgres: number;
}

async function usage(): Promise<{ memory: Usage; cpu: Usage }> {
  const postmaster = await postmasterPid();
  const servicePid = service.pid() as number;
  const sum = async (pid: number) => (await memoryOfTree(pid)).reduce((total, { pssBytes }) => total + pssBytes, 0);
  const tree = await memoryOfTree(postmaster);
  const cpuOfTree = (await Promise.all(tree.map(({ pid }) => cpuSeconds(pid).catch(() => 0)))).reduce(
    (a, b) => a + b,
    0,
  );
  return {
    memory: { service: (await sum(servicePid)) / 2 ** 20, postgres: (await sum(postmaster)) / 2 ** 20 },
    cpu: { service: await cpuSeconds(servicePid), postgres: cpuOfTree },
  };
}

/** The process from which all others of the server descend. */
async function postmasterPid(): Promise<number> {
  const rows = await database.systemTransaction((tx) => tx.query<{ pid: number }>('select pg_backend_pid() as pid'));
  const stat = await readFile(`/proc/${rows[0]?.pid}/stat`, 'utf8');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
}

async function phaseOfPersons(): Promise<string> {
  const rows = await database.transaction(tenantId, (tx) =>
    tx
      .query<{ phase: string }>(`select phase from resolution_state where tenant_id = $1 and entity_kind = 'person'`, [
        tenantId,
      ])
      .catch(() => []),
  );
  return rows[0]?.phase ?? 'unknown';
}

async function outboxIsEmpty(): Promise<boolean> {
  return database.systemTransaction(async (tx) => (await tx.query('select 1 from outbox limit 1')).length === 0);
}

async function prepare(): Promise<void> {
  if ((await phaseOfPersons().catch(() => 'unknown')) === 'streaming') return useAgain();
  const begun = performance.now();
  for (let from = 0; from < recordCount; from += 5_000) {
    await bus.publish(
      Array.from({ length: Math.min(5_000, recordCount - from) }, (_, at) =>
        stateEvent(from + at, { version: 1, person: people.person(from + at), touch: 0 }),
      ),
    );
  }
  say(`${recordCount} records are in Kafka`);
  while ((await lag()) > 0n) await sleep(1_000);
  told['backfill records/s'] = Math.round(recordCount / ((performance.now() - begun) / 1_000));
  say(`read in at ${told['backfill records/s']} records/s`);
  const resolving = performance.now();
  await bus.publish(backfillEvents(recordCount));
  while ((await phaseOfPersons()) !== 'streaming') await sleep(1_000);
  told['first resolution s'] = Math.round((performance.now() - resolving) / 1_000);
  told['service MiB after the first resolution'] = Math.round((await usage()).memory.service);
  say(`first resolution took ${told['first resolution s']} s`);
  while (!(await outboxIsEmpty())) await sleep(1_000);
  say('its events are published');
}

/** What autovacuum and checkpoints do by and by after so many records came at once is done before anything is measured. */
async function vacuumed(): Promise<void> {
  const client = new pg.Client(postgres.adminUrl);
  await client.connect();
  await client.query('vacuum analyze');
  await client.query('checkpoint');
  await client.end();
}

/** A database on which was measured holds changes that this run knows nothing of. */
async function useAgain(): Promise<void> {
  const rows = await database.transaction(tenantId, (tx) =>
    tx.query<{ count: number; version: number }>(
      `select count(*)::int as count, max(version)::int as version from match_record where tenant_id = $1`,
      [tenantId],
    ),
  );
  if (rows[0]?.count !== recordCount || rows[0].version !== 1) {
    throw new Error(
      `${folder} was measured on already, or holds another number of records; keep a copy of a prepared one`,
    );
  }
  say('the prepared database is used again');
}

async function measured(what: string, limit: number, kind: 'mix' | 'matching', count: number): Promise<void> {
  await recordsStandReady();
  process.kill(service.pid() as number, 'SIGSTOP');
  const ids = await publishChanges(kind, count);
  if (flags.statements) await showDearestStatements(postgres.adminUrl);
  process.kill(service.pid() as number, 'SIGCONT');
  const since = new Date();
  const before = await usage();
  const scoredBefore = await pairsScored();
  const decided = await awaitDecisions(ids, new Date(since.getTime() - 10_000), 420_000);
  const after = await usage();
  told[`${what}: candidate pairs a change`] = Number((((await pairsScored()) - scoredBefore) / count).toFixed(1));
  if (flags.statements) await showDearestStatements(postgres.adminUrl);
  // The first chunks are decided before readiness is noticed; they count by their own time.
  const times = [...decided].flatMap(([id, at]) => (ids.has(id) ? [at] : []));
  const [first, last] = [Math.min(...extremes(times)), Math.max(...extremes(times))];
  const perSecond = (times.length / (last - first)) * 1_000;
  measures.push({ what, value: perSecond, unit: '/s', limit, better: 'more' });
  // Unlike the rate it hardly depends on what else the machine does.
  const cpuOf = (part: keyof Usage) => Number((((after.cpu[part] - before.cpu[part]) * 1_000) / count).toFixed(3));
  told[`${what}: cpu ms a change, service`] = cpuOf('service');
  told[`${what}: cpu ms a change, postgres`] = cpuOf('postgres');
  told[`${what}: MiB service`] = Math.round(after.memory.service);
  told[`${what}: MiB postgres`] = Math.round(after.memory.postgres);
  say(`${what}: ${perSecond.toFixed(0)}/s over ${((last - first) / 1_000).toFixed(1)} s`);
}

async function pairsScored(): Promise<number> {
  return sumOf(await (await fetch(`${service.url}/metrics`)).text(), 'kempt_dedupe_candidates_total');
}

function extremes(times: readonly number[]): [number, number] {
  return times.reduce<[number, number]>(
    ([low, high], at) => [Math.min(low, at), Math.max(high, at)],
    [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
  );
}

/** Waits until all that is stored stands ready in memory, and tells how long that took from the start of the process. */
async function recordsStandReady(): Promise<void> {
  const begun = performance.now();
  const least = 0.999 * recordCount;
  while (sumOf(await (await fetch(`${service.url}/metrics`)).text(), 'kempt_dedupe_prepared_records') < least)
    await sleep(250);
  if (told['seconds until all records stood ready in memory'] !== undefined) return;
  told['seconds until all records stood ready in memory'] = Math.round((performance.now() - begun) / 1_000);
  told['MiB service when they did'] = Math.round((await usage()).memory.service);
}

/** Mean milliseconds of each kind in the consumer since the same was asked before. */
async function consumerMs(name: string, before?: ReadonlyMap<string, number>): Promise<Map<string, number>> {
  const text = await (await fetch(`${service.url}/metrics`)).text();
  const sums = new Map<string, number>();
  for (const [what, metric] of [
    ['on the way to the consumer', 'kempt_consumer_delay_seconds'],
    ['in the consumer', 'kempt_consumer_chunk_seconds'],
  ] as const) {
    const [sum, count] = [sumOf(text, `${metric}_sum`), sumOf(text, `${metric}_count`)];
    sums.set(what, sum);
    sums.set(`${what}: chunks`, count);
    const chunks = count - (before?.get(`${what}: chunks`) ?? count);
    if (chunks > 0) told[`${name}: mean ms ${what}`] = Math.round(((sum - (before?.get(what) ?? 0)) * 1_000) / chunks);
  }
  return sums;
}

async function latency(name: 'latency' | 'afterwards' = 'latency'): Promise<void> {
  await recordsStandReady();
  const idle = await consumerMs(name);
  const sent = new Map<string, number>();
  if (flags.statements) await showDearestStatements(postgres.adminUrl);
  const since = new Date();
  const start = Date.now();
  const tickMs = 20;
  let published: Promise<void> = Promise.resolve();
  for (let due = 0; due < openLoopPerSecond * openLoopSeconds; ) {
    const now = Date.now() - start;
    const until = Math.min(openLoopPerSecond * openLoopSeconds, Math.floor((now * openLoopPerSecond) / 1_000));
    if (until > due) {
      const events: ReturnType<typeof nextChange>[] = [];
      for (; due < until; due += 1) {
        const event = nextChange('mix');
        // Latency counts from the moment at which the change was due, not from when it could be sent.
        sent.set(event.id, start + (due * 1_000) / openLoopPerSecond);
        events.push(event);
      }
      published = published.then(() => bus.publish(events));
      published.catch(() => undefined);
    }
    await sleep(tickMs / 4);
  }
  await published;
  const decided = await awaitDecisions(new Set(sent.keys()), since, 60_000);
  await consumerMs(name, idle);
  if (flags.statements) await showDearestStatements(postgres.adminUrl);
  const warm = start + 5_000;
  const latencies = [...sent]
    .filter(([, at]) => at >= warm)
    .map(([id, at]) => (decided.get(id) as number) - at)
    .toSorted((left, right) => left - right);
  // Whether single stalls make the tail, or all of it is slow.
  const slowest = new Map<number, number>();
  for (const [id, at] of sent) {
    const second = Math.floor((at - start) / 1_000);
    slowest.set(second, Math.max(slowest.get(second) ?? 0, (decided.get(id) as number) - at));
  }
  const stalls = [...slowest].filter(([second, ms]) => second >= 5 && ms > 100);
  told[`${name}: seconds with a change over 100 ms`] = stalls.length;
  told[`${name}: when, and how long`] = stalls.map(([second, ms]) => `${second} s: ${ms.toFixed(0)}`).join(', ');
  const quantile = (share: number) =>
    latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] as number;
  told[`${name}: p50 ms`] = Math.round(quantile(0.5));
  told[`${name}: p95 ms`] = Math.round(quantile(0.95));
  told[`${name}: max ms`] = Math.round(latencies.at(-1) as number);
  if (name === 'latency')
    measures.push({ what: 'latency p99 at 300/s', value: quantile(0.99), unit: 'ms', limit: 100, better: 'less' });
  else told[`${name}: p99 ms`] = Math.round(quantile(0.99));
  say(`${name}: p50 ${told[`${name}: p50 ms`]} ms, p99 ${quantile(0.99).toFixed(0)} ms`);
}

async function restart(): Promise<void> {
  const count = Math.min(20_000, changeCount);
  await service.stop();
  const ids = await publishChanges('mix', count);
  const since = new Date(Date.now() - 1_000);
  service.start();
  await service.ready();
  const whole = await lag();
  while ((await lag()) > whole / 2n) await sleep(20);
  await service.kill();
  say(`killed with ${await lag()} changes to go`);
  const killed = performance.now();
  service.start();
  const decided = await awaitDecisions(ids, since, 300_000);
  told['restart: seconds until all was decided'] = Number(((performance.now() - killed) / 1_000).toFixed(1));
  measures.push({
    what: 'changes lost over kill -9',
    value: [...ids].filter((id) => !decided.has(id)).length,
    unit: '',
    limit: 0,
    better: 'less',
  });
}

/** Versions as they should be, clusters as a batch over the final state makes them. */
async function verify(): Promise<void> {
  const wrong = await database.transaction(
    tenantId,
    async (tx) => {
      const indexes = [...versions.keys()];
      const rows = await tx.query<{ count: number }>(
        `select count(*)::int as count from unnest($2::text[], $3::bigint[]) as wanted (ref, version)
         where not exists (select from match_record as record
                           where record.tenant_id = $1 and record.ref = wanted.ref and record.version = wanted.version)`,
        [tenantId, indexes.map((index) => stateRef(index)), indexes.map((index) => versions.get(index))],
      );
      return rows[0]?.count ?? -1;
    },
    { statementTimeoutMs: 300_000 },
  );
  measures.push({ what: 'records that are not as the CRM has them', value: wrong, unit: '', limit: 0, better: 'less' });
  const records = newest;
  if (records > verifiedRecordsMax) return say(`${records} records are too many to compare with a batch here`);
  const stored = await database.transaction(
    tenantId,
    async (tx) => ({
      records: await tx.query<{ ref: string; golden_id: string; fields: Record<string, string | string[]> }>(
        `select ref, golden_id, fields from match_record where tenant_id = $1 and not deleted`,
        [tenantId],
      ),
      model: (
        await tx.query<{ model: MatchModel }>(
          `select model from match_model join resolution_state using (tenant_id, entity_kind)
           where tenant_id = $1 and entity_kind = 'person' and version = model_version`,
          [tenantId],
        )
      )[0]?.model as MatchModel,
    }),
    { statementTimeoutMs: 300_000 },
  );
  const batch = await resolve(
    stored.records.map(({ ref, fields }) => ({ id: ref, source: ref.slice(0, ref.lastIndexOf(':')), fields })),
    stored.model,
  );
  const groups = Map.groupBy(stored.records, ({ golden_id }) => golden_id);
  const streamed = new Set(
    [...groups.values()].map((members) =>
      members
        .map(({ ref }) => ref)
        .toSorted()
        .join(' '),
    ),
  );
  const different = batch.clusters.filter((members) => !streamed.has(members.toSorted().join(' ')));
  for (const members of different.slice(0, 5)) say(`a batch joins ${members.join(' ')}`);
  told['clusters of more than one record'] = batch.clusters.filter((members) => members.length > 1).length;
  measures.push({
    what: 'clusters that a batch makes otherwise',
    value: different.length,
    unit: '',
    limit: 0,
    better: 'less',
  });
}

function stateRef(index: number): string {
  return stateEvent(index, { version: 1, person: people.person(index), touch: 0 }).key.slice(tenantId.length + 1);
}

async function tableSizes(): Promise<void> {
  const rows = await database.systemTransaction((tx) =>
    tx.query<{ name: string; mib: number }>(
      `select relname as name, round(pg_total_relation_size(oid) / 1048576.0)::int as mib from pg_class
       where relkind = 'r' and relnamespace = 'dedupe'::regnamespace order by 2 desc limit 7`,
    ),
  );
  for (const { name, mib } of rows) told[`MiB on disk: ${name}`] = mib;
}

try {
  await bus.ensureTopics([topics.recordState, topics.connectionChanged, topics.syncRunFinished]);
  service.start();
  await service.ready(120_000);
  await prepare();
  await vacuumed();
  if (!flags.prepare) {
    const phases = new Set(flags.only.split(','));
    if (phases.has('latency')) await latency();
    if (phases.has('mix')) await measured('mix', 2_000, 'mix', changeCount);
    if (phases.has('matching')) await measured('matching', 700, 'matching', Math.min(30_000, changeCount));
    if (phases.has('afterwards')) await latency('afterwards');
    if (phases.has('restart')) await restart();
    await verify();
    await tableSizes();
  }
} finally {
  await service.stop();
  await bus.close();
  await database.close();
  await postgres.stop();
  await kafka.stop();
  if (flags.folder === undefined) await rm(folder, { recursive: true, force: true });
}

const fine = ({ value, limit, better }: Measure) => (better === 'more' ? value >= limit : value <= limit);
console.log(
  `\n${recordCount} stored records, ${changeCount} changes; broker from ${kafka.origin}; load average at start ${loadAtStart.map((load) => load.toFixed(2)).join(' ')}`,
);
for (const measure of measures) {
  const { what, value, unit, limit } = measure;
  console.log(
    `${what.padEnd(42)} ${value.toFixed(0).padStart(8)} ${unit.padEnd(3)} limit ${String(limit).padStart(6)}  ${fine(measure) ? 'ok' : 'WORSE'}`,
  );
}
for (const [what, value] of Object.entries(told)) console.log(`${what.padEnd(42)} ${String(value).padStart(8)}`);
if (!flags.prepare) {
  await mkdir(join(root, 'bench-results'), { recursive: true });
  const result = { records: recordCount, changes: changeCount, loadAtStart, postgresSettings, measures, told };
  await writeFile(join(root, 'bench-results', 'stream.json'), `${JSON.stringify(result, undefined, 2)}\n`);
}
process.exitCode = measures.every(fine) ? 0 : 1;
