import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';
import { EmbeddedPostgresError, folderError } from './embedded-error.ts';
import { acquireInstanceLock } from './instance-lock.ts';
import { runsAsRoot } from './server-account.ts';
import { findServerBinaries, type ServerBinaries } from './server-binaries.ts';
import { openServerHome, type ServerHome } from './server-home.ts';
import {
  launchServer,
  readPostmasterFile,
  type ServerProcess,
  serverEnvironment,
  stopOrphan,
} from './server-process.ts';

export interface EmbeddedPostgresOptions {
  /** Belongs to the server alone; created when missing. */
  readonly dataFolder: string;
  /** Port on 127.0.0.1. Default: a free one. */
  readonly port?: number;
  /** Each line that the server logs: its own life, no statements. */
  readonly onLog?: (line: string) => void;
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
  /** Fast shutdown; returns within seven seconds. Safe to call twice. */
  stop(): Promise<void>;
  /** Kills the server as a power failure would, for tests of recovery. The folder can be started again afterwards. */
  crash(): Promise<void>;
}

const databaseName = 'kempt';
const superuser = 'kempt';
const startTimeoutMs = 120_000;
const portAttempts = 5;

/**
 * Small enough for a laptop, and as durable as a server: every commit is on disk. Statements and values of failed
 * queries stay out of the log, since they hold customers' data.
 */
const builtInSettings: Readonly<Record<string, string>> = {
  listen_addresses: '127.0.0.1',
  max_connections: '120',
  shared_buffers: '64MB',
  work_mem: '8MB',
  maintenance_work_mem: '64MB',
  effective_cache_size: '512MB',
  huge_pages: 'off',
  fsync: 'on',
  synchronous_commit: 'on',
  wal_level: 'minimal',
  max_wal_senders: '0',
  max_wal_size: '1GB',
  checkpoint_timeout: '15min',
  jit: 'off',
  io_method: 'sync',
  max_worker_processes: '4',
  max_parallel_workers_per_gather: '0',
  autovacuum_worker_slots: '4',
  autovacuum_max_workers: '2',
  max_logical_replication_workers: '0',
  log_min_messages: 'log',
  log_checkpoints: 'off',
  log_min_error_statement: 'panic',
  log_error_verbosity: 'terse',
  log_line_prefix: '',
};

/** Starts the Postgres that comes with Kempt on a data folder, creating the database the first time. */
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
    await createCluster({ dataFolder, home, binaries, password });
    const orphan = await stopOrphan(clusterFolderOf(home));
    if (orphan === 'stale') rmSync(path.join(clusterFolderOf(home), 'postmaster.pid'), { force: true });
    const server = await startServer({ options, dataFolder, home, binaries });
    const adminUrl = `postgres://${superuser}:${password}@127.0.0.1:${server.port}/${databaseName}`;
    try {
      await createDatabase(adminUrl);
    } catch (error) {
      await server.process.stop();
      throw error;
    }
    return {
      adminUrl,
      databaseName,
      stop: async () => {
        await server.process.stop();
        lock.release();
      },
      crash: async () => {
        await server.process.kill();
        lock.release();
      },
    };
  } catch (error) {
    lock.release();
    throw folderError(dataFolder, error);
  }
}

function clusterFolderOf(home: ServerHome): string {
  return path.join(home.folder, 'cluster');
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

function readOrCreatePassword(dataFolder: string, clusterFolder: string): string {
  const file = path.join(dataFolder, 'password');
  if (existsSync(file)) {
    const password = readFileSync(file, 'utf8').trim();
    if (password !== '') return password;
  }
  if (existsSync(clusterFolder)) {
    throw new EmbeddedPostgresError(
      'data-folder-damaged',
      `The password of the database is missing from ${file}: restore that file, or remove ${dataFolder} to begin anew`,
    );
  }
  const password = randomBytes(24).toString('base64url');
  writeFileSync(file, `${password}\n`, { mode: 0o600 });
  return password;
}

interface ClusterOptions {
  readonly dataFolder: string;
  readonly home: ServerHome;
  readonly binaries: ServerBinaries;
  readonly password: string;
}

/**
 * The cluster is written under another name and gets its own only when it is complete, so a start that was interrupted
 * leaves nothing that a later one could mistake for a database.
 */
async function createCluster({ dataFolder, home, binaries, password }: ClusterOptions): Promise<void> {
  const cluster = clusterFolderOf(home);
  if (existsSync(cluster)) {
    checkCluster(cluster, dataFolder, binaries);
    return;
  }
  const unfinished = `${cluster}.new`;
  const passwordFile = path.join(home.folder, 'initial-password');
  rmSync(unfinished, { recursive: true, force: true });
  rmSync(passwordFile, { force: true });
  writeFileSync(passwordFile, password, { mode: 0o600 });
  if (home.account.uid !== undefined) chownSync(passwordFile, home.account.uid, home.account.gid);
  const parameters = [
    `--pgdata=${unfinished}`,
    `--username=${superuser}`,
    `--pwfile=${passwordFile}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    // Sorts the same on every system, whatever locales it has.
    '--locale=C',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
  ];
  try {
    await promisify(execFile)(binaries.initdb, parameters, {
      ...home.account,
      cwd: home.folder,
      env: serverEnvironment(),
    });
  } catch (error) {
    const { stderr } = error as { stderr?: string };
    rmSync(unfinished, { recursive: true, force: true });
    throw startError(dataFolder, (stderr ?? String(error)).split('\n'), error);
  } finally {
    rmSync(passwordFile, { force: true });
  }
  renameSync(unfinished, cluster);
}

function checkCluster(cluster: string, dataFolder: string, binaries: ServerBinaries): void {
  const versionFile = path.join(cluster, 'PG_VERSION');
  if (!existsSync(versionFile) || !existsSync(path.join(cluster, 'global', 'pg_control'))) {
    throw new EmbeddedPostgresError(
      'data-folder-damaged',
      `The database in ${cluster} is incomplete: restore it from a backup, or remove ${dataFolder} to begin anew`,
    );
  }
  const version = readFileSync(versionFile, 'utf8').trim();
  if (version !== binaries.majorVersion) {
    throw new EmbeddedPostgresError(
      'data-folder-foreign',
      `The database in ${cluster} was written by Postgres ${version} and this Kempt brings Postgres ${binaries.majorVersion}: start the Kempt that wrote it, or choose another data folder`,
    );
  }
  const { uid } = statSync(cluster);
  if (!runsAsRoot() && process.getuid !== undefined && uid !== process.getuid()) {
    throw new EmbeddedPostgresError(
      'data-folder-foreign',
      `The database in ${cluster} belongs to another user (uid ${uid}): start as that user, or choose another data folder`,
    );
  }
}

interface StartOptions {
  readonly options: EmbeddedPostgresOptions;
  readonly dataFolder: string;
  readonly home: ServerHome;
  readonly binaries: ServerBinaries;
}

async function startServer(start: StartOptions): Promise<{ process: ServerProcess; port: number }> {
  const { options, dataFolder } = start;
  for (let attempt = 1; ; attempt += 1) {
    const port = options.port ?? (await freePort());
    const lines: string[] = [];
    const server = launch(start, port, lines);
    const outcome = await waitUntilReady(server, clusterFolderOf(start.home));
    if (outcome === 'ready') return { process: server, port };
    await server.stop();
    if (outcome === 'late') lines.push(`it was not ready after ${startTimeoutMs / 1000} s`);
    const portBusy = lines.some((line) => /could not bind|could not create any TCP/.test(line));
    if (!portBusy) throw startError(dataFolder, lines);
    if (options.port !== undefined || attempt >= portAttempts) {
      throw new EmbeddedPostgresError(
        'port-busy',
        `Port ${port} on 127.0.0.1 is in use: choose another one for Postgres`,
      );
    }
  }
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

function startError(dataFolder: string, lines: readonly string[], cause?: unknown): EmbeddedPostgresError {
  const text = lines
    .filter((line) => line.trim() !== '')
    .slice(-3)
    .join(' ');
  if (/No space left on device|Disk quota exceeded/.test(lines.join('\n'))) {
    return new EmbeddedPostgresError(
      'disk-full',
      `The disk under ${dataFolder} is full: free some space and start again`,
      cause,
    );
  }
  if (/Read-only file system|Permission denied/.test(lines.join('\n'))) {
    return new EmbeddedPostgresError(
      'data-folder-read-only',
      `Postgres cannot write into ${dataFolder}: ${text}`,
      cause,
    );
  }
  if (/lock file "postmaster.pid" already exists|pre-existing shared memory block/.test(lines.join('\n'))) {
    return new EmbeddedPostgresError(
      'data-folder-in-use',
      `The data folder ${dataFolder} is in use by another Postgres: ${text}`,
      cause,
    );
  }
  return new EmbeddedPostgresError('start-failed', `Postgres did not start on ${dataFolder}: ${text}`, cause);
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
