/**
 * How fast POST /v1/match answers beside many stored records: the service's own routes over HTTP, on a real Postgres, asked at a
 * fixed pace whatever the answers take (open loop), so that waiting counts.
 *   scripts/bench/run match [--records 1000000] [--rate 100] [--seconds 60] [--seed TEXT]
 * Records are contacts of the CRM simulators. Half of the questions are about people who are stored, written in another CRM's way;
 * half about people who are not. The model is trained on the first 200,000 records. Writes bench-results/match-<records>.json; exits with 1 when p99 is at or above 30 ms.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { sumOf } from '@kempt/demonstration';
import { startEmbeddedPostgres } from '@kempt/postgres';
import { createPopulation } from '../../packages/crm-simulators/src/population/population.ts';
import { trainModel } from '../../packages/entity-resolution/src/index.ts';
import { createDedupeSchema, openDedupe } from '../../services/dedupe/src/dedupe-test-bed.ts';
import { readFields } from '../../services/dedupe/src/match-check/known-fields.ts';
import { schemas } from '../../services/dedupe/src/matching/entity-schema.ts';
import { writeAllKeys } from '../../services/dedupe/src/matching/key-table-writing.ts';
import { saveMemberships, saveRecords } from '../../services/dedupe/src/matching/match-record-store.ts';
import { createDecidingModels } from '../../services/dedupe/src/models/deciding-model.ts';
import { beginCollecting, saveModel, setDeciding } from '../../services/dedupe/src/models/model-store.ts';
import { watchModels } from '../../services/dedupe/src/models/model-task-store.ts';
import { type CrmPopulation, crmPersons } from './entity-resolution-crm.ts';

const { values: flags } = parseArgs({
  options: {
    records: { type: 'string', default: '1000000' },
    rate: { type: 'string', default: '100' },
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string', default: 'match' },
  },
});
const [wanted, rate, seconds] = [flags.records, flags.rate, flags.seconds].map(Number) as [number, number, number];
const promisedMs = 30;
const batchRecords = 2_000;
const tenantId = 'bench';

type Fields = Record<string, string | string[]>;

function people(seed: string, records: number): { id: string; fields: Fields }[] {
  const contacts = Math.ceil(records / 2);
  const sizes = {
    contacts,
    companies: Math.ceil(contacts / 10),
    deals: 0,
    activities: 0,
    users: 5,
    cases: 0,
    tickets: 0,
    feedback: 0,
  };
  const population = createPopulation({ seed, realData: false, sizes }) as unknown as CrmPopulation;
  return crmPersons(population)
    .rows.slice(0, records)
    .map(({ id, fields }) => ({ id, fields: readFields('person', undefined, fields as Fields).columns }));
}

function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}

const loadAtStart = loadavg();
const folder = await mkdtemp(join(tmpdir(), 'kempt-bench-match-'));
const postgres = await startEmbeddedPostgres({ dataFolder: join(folder, 'postgres') });
try {
  const database = await createDedupeSchema(postgres);
  const begun = performance.now();
  const stored = people(flags.seed, wanted).map(({ id, fields }) => {
    const [system, recordId] = id.split(':') as [string, string];
    const [account, object] = system === 'sf' ? ['sf:bench', 'Contact'] : ['hs:1', 'contacts'];
    return { account, object, ref: `${account}:${object}:${recordId}`, fields };
  });
  console.log(`${stored.length} records made in ${((performance.now() - begun) / 1000).toFixed(0)} s`);
  const trainingBegun = performance.now();
  const input = stored.map(({ ref, account, object, fields }) => ({ id: ref, source: `${account}:${object}`, fields }));
  // Training is not what is measured here, and on a million records takes minutes.
  const model = await trainModel(input.slice(0, 200_000), schemas.person);
  console.log(
    `model of ${Math.min(200_000, input.length)} records trained in ${((performance.now() - trainingBegun) / 1000).toFixed(0)} s`,
  );

  const storingBegun = performance.now();
  const models = createDecidingModels();
  const { matcher } = await database.transaction(tenantId, async (tx) => {
    await beginCollecting(tx, 'person');
    await saveModel(tx, 'person', { model, records: stored.length, origin: 'first', requestedBy: 'bench' });
    await setDeciding(tx, 'person', model.version);
    await watchModels(tx, 'person');
    return models.get(tx, 'person', model.version);
  });
  for (let start = 0; start < stored.length; start += batchRecords) {
    const batch = stored.slice(start, start + batchRecords);
    await database.transaction(tenantId, async (tx) => {
      await saveRecords(
        tx,
        batch.map((record) => ({ ...record, entityKind: 'person' as const, version: 1, mergedInto: undefined })),
      );
      await saveMemberships(
        tx,
        batch.map(({ ref }) => ({ ref, goldenId: ref, probability: 1 })),
      );
    });
  }
  await database.transaction(tenantId, (tx) => writeAllKeys(tx, 'person', matcher), { statementTimeoutMs: 300_000 });
  await database
    .transaction(tenantId, (tx) => tx.execute('analyze'), { statementTimeoutMs: 300_000 })
    .catch(() => undefined);
  const sizes = await database.systemTransaction((tx) =>
    tx.query<{ name: string; megabytes: number }>(
      `select relname as name, (pg_total_relation_size(oid) / 1e6)::int as megabytes from pg_class
       where relname in ('match_record', 'block_page')`,
    ),
  );
  console.log(`stored in ${((performance.now() - storingBegun) / 1000).toFixed(0)} s: ${JSON.stringify(sizes)}`);

  const questions = questionsAbout(
    stored.map(({ fields }) => fields),
    rate * seconds,
  );
  const storedRecords = stored.length;
  stored.length = 0;
  input.length = 0;
  globalThis.gc?.();
  const { http, warming, metrics } = await openDedupe(database, tenantId, { cachedRecords: Math.ceil(wanted * 1.25) });
  // As after any start of the service, which does not wait for it.
  const warmingBegun = performance.now();
  await warming.start();
  warming.wake();
  while (sumOf(await metrics.registry.metrics(), 'kempt_dedupe_prepared_records') < storedRecords * 0.999)
    await sleep(250);
  console.log(`records stood ready in memory after ${((performance.now() - warmingBegun) / 1000).toFixed(0)} s`);
  await http.listen({ port: 0, host: '127.0.0.1' });
  const address = http.server.address();
  if (address === null || typeof address === 'string') throw new Error('the server listens nowhere');

  const cpuBefore = process.cpuUsage();
  const { latenciesMs, found, failures } = await new Promise<{
    latenciesMs: number[];
    found: number;
    failures: number;
  }>((resolve, reject) => {
    const worker = new Worker(new URL('./match-load.ts', import.meta.url), {
      workerData: { url: `http://127.0.0.1:${address.port}/v1/match`, questions, rate },
    });
    worker.once('message', resolve);
    worker.once('error', reject);
  });
  const cpu = process.cpuUsage(cpuBefore);
  const sorted = latenciesMs.toSorted((left, right) => left - right);
  const result = {
    records: wanted,
    ratePerSecond: rate,
    questions: questions.length,
    failures,
    found,
    p50Ms: percentile(sorted, 0.5),
    p95Ms: percentile(sorted, 0.95),
    p99Ms: percentile(sorted, 0.99),
    maxMs: sorted.at(-1) ?? Number.NaN,
    cpuShare: (cpu.user + cpu.system) / 1e6 / seconds,
    processMegabytes: process.memoryUsage().rss / 1e6,
    tables: sizes,
    cores: cpus().length,
    loadAtStart,
    loadAtEnd: loadavg(),
  };
  console.table([
    {
      records: wanted,
      'questions/s': rate,
      answered: questions.length - failures,
      existing: found,
      'p50 ms': result.p50Ms.toFixed(1),
      'p95 ms': result.p95Ms.toFixed(1),
      'p99 ms': result.p99Ms.toFixed(1),
      'max ms': result.maxMs.toFixed(1),
    },
  ]);
  mkdirSync('bench-results', { recursive: true });
  writeFileSync(`bench-results/match-${wanted}.json`, `${JSON.stringify(result, null, 2)}\n`);
  await warming.stop();
  await http.close();
  await database.close();
  process.exitCode = failures === 0 && result.p99Ms < promisedMs ? 0 : 1;
} finally {
  await postgres.stop();
  await rm(folder, { recursive: true, force: true });
}

/** Half about people who are stored, without one of their fields and in other letters; half about people of another world. */
function questionsAbout(known: readonly Fields[], count: number): Fields[] {
  const strangers = people(`${flags.seed}/strangers`, Math.max(1000, count));
  return Array.from({ length: count }, (_, index) => {
    if (index % 2 === 1) return strangers[index % strangers.length]?.fields ?? {};
    const fields = { ...known[(index * 7919) % known.length] };
    const names = Object.keys(fields);
    delete fields[names[index % names.length] as string];
    if (typeof fields['family_name'] === 'string') fields['family_name'] = fields['family_name'].toUpperCase();
    return fields;
  }).filter((fields) => Object.keys(fields).length > 0);
}
