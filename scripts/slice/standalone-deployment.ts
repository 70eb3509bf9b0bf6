import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createPostgresEventBus } from '@kempt/event-bus-postgres';
import { freePort } from '../../services/standalone/src/platform/free-port.ts';
import type { Deployment } from './deployment.ts';

const main = fileURLToPath(new URL('../../services/standalone/src/main.ts', import.meta.url));

/** What standalone writes into its data folder once it serves, for programs that look after it. */
interface RunningFile {
  readonly pid: number;
  readonly apiUrl: string;
  readonly adminUrl: string;
  readonly controlUrl: string;
  readonly services: Readonly<Record<string, string>>;
}

export interface StandaloneOptions {
  readonly folder: string;
  readonly seed: string;
  readonly syncIntervalMs: number;
}

/** All services in one process on embedded parts, as `npm start` runs them. */
export async function startStandalone(options: StandaloneOptions): Promise<Deployment> {
  const { folder } = options;
  await mkdir(folder, { recursive: true });
  const dataFolder = join(folder, 'data');
  const httpPort = await freePort();
  const log = createWriteStream(join(folder, 'standalone.log'), { flags: 'a' });
  let child: ChildProcess;
  let running: RunningFile;

  function start(): void {
    child = spawn(process.execPath, ['--conditions=source', '--disable-warning=ExperimentalWarning', main], {
      env: {
        PATH: process.env['PATH'] ?? '',
        HOME: process.env['HOME'] ?? '',
        KEMPT_DATA_DIR: dataFolder,
        KEMPT_HTTP_PORT: String(httpPort),
        KEMPT_SIMULATOR_SEED: options.seed,
        KEMPT_SYNC_INTERVAL_MS: String(options.syncIntervalMs),
        KEMPT_LOG_LEVEL: 'info',
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stdout?.pipe(log, { end: false });
    child.stderr?.pipe(log, { end: false });
  }

  async function awaitRunning(): Promise<void> {
    const deadline = performance.now() + 120_000;
    while (performance.now() < deadline) {
      if (child.exitCode !== null)
        throw new Error(`standalone ended with code ${child.exitCode}; its log is in ${folder}`);
      const text = await readFile(join(dataFolder, 'running.json'), 'utf8').catch(() => '{}');
      const found = JSON.parse(text) as Partial<RunningFile>;
      if (found.pid === child.pid) {
        running = found as RunningFile;
        return;
      }
      await sleep(100);
    }
    throw new Error(`standalone did not serve within two minutes; its log is in ${folder}`);
  }

  async function end(signal: NodeJS.Signals): Promise<void> {
    const exited = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    await exited;
  }

  start();
  await awaitRunning();
  const secrets = JSON.parse(await readFile(join(dataFolder, 'secrets.json'), 'utf8')) as { readonly apiKey: string };
  return {
    shape: 'standalone',
    apiUrl: `http://127.0.0.1:${httpPort}`,
    apiKey: secrets.apiKey,
    get controlUrl() {
      return running.controlUrl;
    },
    metricsUrls: () => Object.values(running.services).map((url) => `${url}/metrics`),
    openBus: () => createPostgresEventBus({ url: running.adminUrl, applicationName: 'kempt-slice' }),
    async killAndRestart() {
      await end('SIGKILL');
      start();
      await awaitRunning();
    },
    async stop() {
      await end('SIGTERM');
      log.end();
    },
  };
}
