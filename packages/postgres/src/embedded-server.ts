import { chmodSync, chownSync, existsSync, mkdirSync, realpathSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { EmbeddedPostgresError, folderError } from './embedded-error.ts';
import { acquireInstanceLock } from './instance-lock.ts';
import { runsAsRoot } from './server-account.ts';
import { findServerBinaries, type ServerBinaries } from './server-binaries.ts';
import { clusterFolderOf, createCluster, readOrCreatePassword, startError, superuser } from './server-cluster.ts';
import { openServerHome, type ServerHome } from './server-home.ts';
import { launchServer, readPostmasterFile, type ServerProcess, stopOrphan } from './server-process.ts';
import { builtInSettings } from './server-settings.ts';

export interface EmbeddedPostgresOptions {
  /** Belongs to the server alone; created when missing. */
  readonly dataFolder: string;
  /** Port on 127.0.0.1. Default: a free one. */
  readonly port?: number;
  /** Each line that the server logs: its own life, no statements. */
  readonly onLog?: (line: string) => void;
  /** A sentence for the person at the keyboard when a server that ran has ended, and when it does not come up again. */
  readonly onTrouble?: (sentence: string) => void;
  /** Where root puts what Postgres must reach, when it cannot reach the data folder. Default `/var/lib/kempt`. */
  readonly stagingFolder?: string;
  /** Server settings on top of the built-in ones. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Removes the data folder when this process dies without stopping the server. For tests. */
  readonly temporary?: boolean;
}

export interface EmbeddedPostgres {
  /** Connection URL of the superuser. Holds the password: never log it. */
  readonly adminUrl: string;
  readonly databaseName: string;
  /** Fast shutdown; returns within eight seconds. Safe to call twice. */
  stop(): Promise<void>;
  /** Kills the server as a power failure would, for tests of recovery. The folder can be started again afterwards. */
  crash(): Promise<void>;
}

const databaseName = 'kempt';
const startTimeoutMs = 120_000;
const portAttempts = 5;
const longestRestartPauseMs = 10_000;

/**
 * Starts the Postgres that comes with Kempt on a data folder, creating the database the first time. A server that ends
 * by itself is started again on the same port. When this process dies, whatever the way, the server stops as well.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const dataFolder = prepareDataFolder(options.dataFolder);
  const lock = acquireInstanceLock(dataFolder);
  try {
    const stagingFolder = options.stagingFolder ?? '/var/lib/kempt';
    const home = openServerHome(dataFolder, stagingFolder);
    const binaries = findServerBinaries(home.account, stagingFolder);
    if (options.temporary === true && home.account.uid !== undefined) {
      chownSync(dataFolder, home.account.uid, home.account.gid);
    }
    const password = readOrCreatePassword(dataFolder, clusterFolderOf(home));
    await createCluster({ dataFolder, home, binaries, password, durable: options.settings?.fsync !== 'off' });
    const server = await startOnSomePort({ options, dataFolder, home, binaries });
    const adminUrl = `postgres://${superuser}:${password}@127.0.0.1:${server.port}/${databaseName}`;
    try {
      await createDatabase(adminUrl);
    } catch (error) {
      await server.process.stop();
      throw error;
    }
    const supervised = superviseServer({ options, dataFolder, home, binaries }, server);
    const endWith = async (end: (process: ServerProcess) => Promise<void>): Promise<void> => {
      await supervised.end(end);
      lock.release();
    };
    return {
      adminUrl,
      databaseName,
      stop: () => endWith((process) => process.stop()),
      crash: () => endWith((process) => process.kill()),
    };
  } catch (error) {
    lock.release();
    throw folderError(dataFolder, error);
  }
}

function prepareDataFolder(folder: string): string {
  try {
    if (!existsSync(folder)) {
      mkdirSync(folder, { recursive: true });
      // Root's server runs under another account, which has to pass through; what is secret inside is closed by itself.
      chmodSync(folder, runsAsRoot() ? 0o711 : 0o700);
    }
    return realpathSync(folder);
  } catch (error) {
    throw folderError(folder, error);
  }
}

interface StartOptions {
  readonly options: EmbeddedPostgresOptions;
  readonly dataFolder: string;
  readonly home: ServerHome;
  readonly binaries: ServerBinaries;
}

interface RunningServer {
  readonly process: ServerProcess;
  readonly port: number;
}

async function startOnSomePort(start: StartOptions): Promise<RunningServer> {
  const wanted = start.options.port;
  for (let attempt = 1; ; attempt += 1) {
    const port = wanted ?? (await freePort());
    try {
      return { process: await startOnPort(start, port), port };
    } catch (error) {
      const taken = error instanceof EmbeddedPostgresError && error.code === 'port-busy';
      // Between finding a free port and using it, somebody else may have been quicker.
      if (!taken || wanted !== undefined || attempt >= portAttempts) throw error;
    }
  }
}

async function startOnPort(start: StartOptions, port: number): Promise<ServerProcess> {
  const clusterFolder = clusterFolderOf(start.home);
  const leftover = await stopOrphan(clusterFolder);
  if (leftover === 'stale') rmSync(path.join(clusterFolder, 'postmaster.pid'), { force: true });
  const lines: string[] = [];
  const server = launch(start, port, lines);
  const outcome = await waitUntilReady(server, clusterFolder);
  if (outcome === 'ready') return server;
  await server.stop();
  if (outcome === 'late') lines.push(`it was not ready after ${startTimeoutMs / 1000} s`);
  if (lines.some((line) => /could not bind|could not create any TCP/.test(line))) {
    throw new EmbeddedPostgresError(
      'port-busy',
      `Port ${port} on 127.0.0.1 is in use: choose another one for Postgres`,
    );
  }
  throw startError(start.dataFolder, lines);
}

function launch({ options, dataFolder, home, binaries }: StartOptions, port: number, lines: string[]): ServerProcess {
  const settings = {
    ...builtInSettings,
    ...options.settings,
    port: String(port),
    unix_socket_directories: socketFolder(home),
  };
  return launchServer({
    program: binaries.postgres,
    parameters: [
      '-D',
      clusterFolderOf(home),
      ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    ],
    clusterFolder: clusterFolderOf(home),
    account: home.account,
    onLine: (line) => {
      if (lines.push(line) > 50) lines.shift();
      options.onLog?.(line);
    },
    ...(options.temporary === true && { removeAfterwards: dataFolder }),
  });
}

/** Beside TCP, for people with psql; left out where the path is longer than a socket's name may be. */
function socketFolder(home: ServerHome): string {
  return process.platform === 'win32' || Buffer.byteLength(home.folder) > 80 ? '' : home.folder;
}

async function waitUntilReady(server: ServerProcess, clusterFolder: string): Promise<'ready' | 'exited' | 'late'> {
  const deadline = Date.now() + startTimeoutMs;
  while (Date.now() < deadline) {
    if (server.hasExited()) return 'exited';
    const found = readPostmasterFile(clusterFolder);
    if (found?.ready === true && found.pid === server.pid) return 'ready';
    await sleep(15);
  }
  return 'late';
}

/** Starts the server again when it ended by itself, with growing pauses while it does not come up. */
function superviseServer(
  start: StartOptions,
  first: RunningServer,
): { end: (how: (process: ServerProcess) => Promise<void>) => Promise<void> } {
  const ending = new AbortController();
  let lastTrouble = '';
  const tell = (sentence: string): void => {
    start.options.onLog?.(sentence);
    // Each try may fail for the same reason; it is told once.
    if (sentence !== lastTrouble) start.options.onTrouble?.(sentence);
    lastTrouble = sentence;
  };
  let current = first.process;

  async function keepRunning(): Promise<void> {
    while (!ending.signal.aborted) {
      const { code, signal } = await current.exited;
      if (ending.signal.aborted) return;
      tell(`Postgres ended unexpectedly (${signal ?? `exit code ${code}`}); starting it again`);
      for (let attempt = 0; !ending.signal.aborted; attempt += 1) {
        try {
          current = await startOnPort(start, first.port);
          // Whoever asked for the end meanwhile saw the old process only.
          if (ending.signal.aborted) await current.stop();
          else tell('Postgres runs again');
          break;
        } catch (error) {
          tell(troubleOf(start.dataFolder, error));
          const pauseMs = Math.min(longestRestartPauseMs, 250 * 2 ** attempt);
          await sleep(pauseMs, undefined, { signal: ending.signal, ref: false }).catch(() => undefined);
        }
      }
    }
  }

  const running = keepRunning();
  return {
    end: async (how) => {
      ending.abort();
      await how(current);
      await running;
    },
  };
}

function troubleOf(dataFolder: string, error: unknown): string {
  if (error instanceof EmbeddedPostgresError && error.code === 'disk-full') {
    return `The disk under ${dataFolder} is full: free some space, and Postgres comes back by itself`;
  }
  return error instanceof Error ? error.message : String(error);
}

async function createDatabase(adminUrl: string): Promise<void> {
  const url = new URL(adminUrl);
  url.pathname = '/postgres';
  const client = new pg.Client({ connectionString: url.href, connectionTimeoutMillis: 10_000 });
  client.on('error', () => undefined);
  await client.connect();
  try {
    const { rows } = await client.query('SELECT FROM pg_database WHERE datname = $1', [databaseName]);
    if (rows.length === 0) await client.query(`CREATE DATABASE ${databaseName}`);
  } finally {
    await client.end();
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      probe.close(() => resolve(port));
    });
  });
}
