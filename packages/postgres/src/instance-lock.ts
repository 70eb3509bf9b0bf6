import {
  constants,
  copyFileSync,
  existsSync,
  linkSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { EmbeddedPostgresError, folderError } from './embedded-error.ts';
import { processExists, processStart } from './process-identity.ts';

interface Owner {
  readonly pid: number;
  readonly started: string | null;
}

/** What file systems without hard links answer. */
const withoutLinks = new Set(['EPERM', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP', 'EMLINK']);

export interface InstanceLock {
  release(): void;
}

/**
 * Makes sure that one Kempt uses a data folder. The lock is a file that names its owner; one left behind by a process
 * that is gone counts for nothing, also when its process id was given to another since.
 */
export function acquireInstanceLock(dataFolder: string): InstanceLock {
  const file = path.join(dataFolder, 'lock');
  const own = `${file}.${process.pid}`;
  const text = JSON.stringify({ pid: process.pid, started: processStart(process.pid) } satisfies Owner);
  try {
    writeFileSync(own, text);
    for (let attempt = 0; attempt < 5; attempt += 1) {
      if (linkExclusively(own, file)) return { release: () => releaseIfOwn(file, text) };
      const held = readOwner(file);
      if (held === undefined) continue;
      if (isAlive(held.owner)) {
        throw new EmbeddedPostgresError(
          'data-folder-in-use',
          `The data folder ${dataFolder} is in use by another Kempt (process ${held.owner.pid}): stop it first or choose another folder`,
        );
      }
      discardStale(file, held.text);
    }
    throw new EmbeddedPostgresError(
      'data-folder-in-use',
      `The data folder ${dataFolder} is being opened by another Kempt`,
    );
  } catch (error) {
    throw folderError(dataFolder, error);
  } finally {
    if (existsSync(own)) rmSync(own);
  }
}

/** A link either appears whole or not at all, so nobody ever reads half a lock. */
function linkExclusively(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'EEXIST') return false;
    if (code === undefined || !withoutLinks.has(code)) throw error;
  }
  try {
    copyFileSync(from, to, constants.COPYFILE_EXCL);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function readOwner(file: string): { owner: Owner; text: string } | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    return { owner: JSON.parse(text) as Owner, text };
  } catch {
    return { owner: { pid: 0, started: null }, text };
  }
}

function isAlive(owner: Owner): boolean {
  if (owner.pid <= 0 || !processExists(owner.pid)) return false;
  const started = processStart(owner.pid);
  return owner.started === null || started === owner.started;
}

/** Moves the stale lock away first: if a third process replaced it meanwhile, the lock goes back to that one. */
function discardStale(file: string, staleText: string): void {
  const aside = `${file}.stale.${process.pid}`;
  try {
    renameSync(file, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  if (readFileSync(aside, 'utf8') !== staleText) linkExclusively(aside, file);
  rmSync(aside, { force: true });
}

function releaseIfOwn(file: string, text: string): void {
  if (readOwner(file)?.text === text) rmSync(file, { force: true });
}
