/**
 * How long Kempt takes to start and how much memory it needs.
 *   scripts/bench/run footprint
 * Standalone with the default load: first start, then a second cold start to ready, then the proportional memory of its whole
 * process tree. Each service alone, idle, on Postgres with the Postgres bus, at its second start: the first one leaves the schema
 * and the compiled code, as building an image does. Linux only: the kernel must tell proportional memory.
 */
import { spawn } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { provisionSchemas, startEmbeddedPostgres } from '@kempt/postgres';
import { freePort } from '../../services/standalone/src/platform/free-port.ts';
import { serviceNames } from '../slice/deployment.ts';
import { compileCacheFolder, createServiceProcess } from '../slice/service-process.ts';
import { memoryOfTree } from './process-tree.ts';

interface Measure {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  readonly limit: number;
}

const mebibyte = 1024 * 1024;
const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = await mkdtemp(join(tmpdir(), 'kempt-footprint-'));
const measures: Measure[] = [];

try {
  await measureStandalone();
  await measureServices();
} finally {
  await rm(folder, { recursive: true, force: true });
}

console.log(`Load average ${loadavg()[0]?.toFixed(2)}; memory is proportional (PSS).`);
for (const { what, value, unit, limit } of measures) {
  console.log(
    `${what.padEnd(52)} ${value.toFixed(1).padStart(8)} ${unit.padEnd(4)} limit ${String(limit).padStart(6)}  ${value < limit ? 'ok' : 'OVER'}`,
  );
}
await mkdir(join(root, 'bench-results'), { recursive: true });
await writeFile(join(root, 'bench-results', 'footprint.json'), `${JSON.stringify(measures, null, 2)}\n`);
process.exitCode = measures.every(({ value, limit }) => value < limit) ? 0 : 1;

async function measureStandalone(): Promise<void> {
  const environment = {
    PATH: process.env['PATH'] ?? '',
    HOME: process.env['HOME'] ?? '',
    NODE_COMPILE_CACHE: compileCacheFolder,
    KEMPT_DATA_DIR: join(folder, 'data'),
    KEMPT_HTTP_PORT: String(await freePort()),
  };
  const main = join(root, 'services', 'standalone', 'src', 'main.ts');
  const start = (...args: string[]) =>
    spawn(process.execPath, ['--conditions=source', '--disable-warning=ExperimentalWarning', main, ...args], {
      env: environment,
      stdio: ['ignore', 'pipe', 'inherit'],
    });

  const first = start('--exit');
  first.stdout.resume();
  const code = await new Promise<number | null>((resolve) => first.once('exit', resolve));
  if (code !== 0) throw new Error(`the first start ended with code ${code}`);

  const begun = performance.now();
  const second = start();
  let summary = false;
  second.stdout.on('data', (text: Buffer) => {
    if (text.toString().includes('goes on watching')) summary = true;
  });
  const exited = new Promise((resolve) => second.once('exit', resolve));
  for (;;) {
    const running = await readFile(join(folder, 'data', 'running.json'), 'utf8').catch(() => undefined);
    if (running !== undefined && (JSON.parse(running) as { pid: number }).pid === second.pid) break;
    if (second.exitCode !== null) throw new Error(`the second start ended with code ${second.exitCode}`);
    await sleep(20);
  }
  measures.push({ what: 'second cold start to ready', value: (performance.now() - begun) / 1000, unit: 's', limit: 6 });
  while (!summary) await sleep(100);
  // Garbage of the start is no footprint: wait until the process is idle.
  await sleep(10_000);
  const tree = await memoryOfTree(second.pid as number);
  for (const { command, pssBytes } of tree.toSorted((left, right) => right.pssBytes - left.pssBytes).slice(0, 6)) {
    console.log(`  ${(pssBytes / mebibyte).toFixed(1).padStart(7)} MiB  ${command}`);
  }
  const total = tree.reduce((sum, { pssBytes }) => sum + pssBytes, 0);
  // 900 MB for reading, matching and the API, 150 MB for change sets, audits, measures and the console; that is 1,001 MiB.
  measures.push({ what: 'standalone with the default load', value: total / mebibyte, unit: 'MiB', limit: 1_001 });
  second.kill('SIGTERM');
  await exited;
}

async function measureServices(): Promise<void> {
  const postgres = await startEmbeddedPostgres({ dataFolder: join(folder, 'postgres') });
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const password = randomBytes(12).toString('hex');
  await provisionSchemas({
    adminUrl: postgres.adminUrl,
    services: serviceNames.map((name) => ({
      schema: name.replaceAll('-', '_'),
      role: `kempt_${name.replaceAll('-', '_')}`,
      password,
    })),
  });
  for (const name of serviceNames) {
    const url = new URL(postgres.adminUrl);
    url.username = `kempt_${name.replaceAll('-', '_')}`;
    url.password = password;
    const service = await createServiceProcess(name, {
      logFolder: folder,
      environment: {
        KEMPT_DATABASE_URL: url.href,
        KEMPT_DATABASE_ADMIN_URL: postgres.adminUrl,
        KEMPT_MIGRATIONS: 'on-start',
        KEMPT_BUS: 'postgres',
        KEMPT_BUS_DATABASE_URL: url.href,
        KEMPT_INTERNAL_TOKEN_PUBLIC_KEY: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
        ...(name === 'connector' ? { KEMPT_CONNECTOR_SEALING_KEY: randomBytes(32).toString('base64') } : {}),
        ...(name === 'gateway'
          ? {
              KEMPT_GATEWAY_SIGNING_KEY: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
              ...Object.fromEntries(
                serviceNames
                  .filter((other) => other !== 'gateway')
                  .map((other) => [
                    `KEMPT_GATEWAY_UPSTREAMS_${other.toUpperCase().replaceAll('-', '_')}`,
                    'http://127.0.0.1:9',
                  ]),
              ),
            }
          : {}),
      },
    });
    service.start();
    await served(service.url);
    await service.stop();
    service.start();
    await served(service.url);
    await sleep(5_000);
    const memory = await memoryOfTree(service.pid() as number);
    const total = memory.reduce((sum, { pssBytes }) => sum + pssBytes, 0);
    measures.push({ what: `${name} idle`, value: total / mebibyte, unit: 'MiB', limit: 130 });
    await service.stop();
  }
  await postgres.stop();
}

/** Resolves when routes are served. Readiness would say no more: the gateway is not ready without its upstreams. */
async function served(url: string): Promise<void> {
  const deadline = performance.now() + 60_000;
  while (performance.now() < deadline) {
    const response = await fetch(`${url}/openapi.json`, { signal: AbortSignal.timeout(2_000) }).catch(() => undefined);
    if (response?.ok === true) return;
    await sleep(100);
  }
  throw new Error(`${url} served nothing within 60 s`);
}
