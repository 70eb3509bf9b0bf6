import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chownSync, existsSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { EmbeddedPostgresError } from './embedded-error.ts';
import { runsAsRoot } from './server-account.ts';
import type { ServerBinaries } from './server-binaries.ts';
import type { ServerHome } from './server-home.ts';
import { serverEnvironment } from './server-process.ts';

export const superuser = 'kempt';

/** Where the database files lie. */
export function clusterFolderOf(home: ServerHome): string {
  return path.join(home.folder, 'cluster');
}

/** The superuser's password: made once, kept in the data folder, readable by its owner alone. */
export function readOrCreatePassword(dataFolder: string, clusterFolder: string): string {
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

export interface ClusterOptions {
  readonly dataFolder: string;
  readonly home: ServerHome;
  readonly binaries: ServerBinaries;
  readonly password: string;
  /** False leaves it to the system when the new files reach the disk. */
  readonly durable: boolean;
}

/**
 * The cluster is written under another name and gets its own only when it is complete, so a start that was interrupted
 * leaves nothing that a later one could mistake for a database.
 */
export async function createCluster({ dataFolder, home, binaries, password, durable }: ClusterOptions): Promise<void> {
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
    ...(durable ? [] : ['--no-sync']),
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

/** Says in one sentence what the server or initdb complained about. */
export function startError(dataFolder: string, lines: readonly string[], cause?: unknown): EmbeddedPostgresError {
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
