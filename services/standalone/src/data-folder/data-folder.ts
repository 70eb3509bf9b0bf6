import { constants } from 'node:fs';
import { access, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { StandaloneError } from '../errors.ts';
import { createSecrets, parseSecrets, type Secrets } from './secrets.ts';

/** Version of the folder's layout. A folder of a later one is refused instead of damaged. */
const layoutVersion = 1;

/** The folder with everything that must survive a restart, opened by one Kempt at a time. */
export interface DataFolder {
  readonly path: string;
  readonly postgresFolder: string;
  readonly simulatorsFolder: string;
  readonly secrets: Secrets;
  /** True when there was nothing before. */
  readonly isNew: boolean;
  /** Lets another Kempt open the folder. */
  release(): Promise<void>;
}

/**
 * Opens the folder, or lays it out.
 * @throws StandaloneError with one sentence: not writable, opened by another process, of a later release, damaged
 */
export async function openDataFolder(path: string, process: { readonly pid: number }): Promise<DataFolder> {
  await makeWritable(path);
  const release = await takeLock(path, process.pid);
  try {
    const isNew = await checkLayout(path);
    const secrets = await readSecrets(path);
    const simulatorsFolder = join(path, 'simulators');
    await mkdir(simulatorsFolder, { recursive: true });
    return { path, postgresFolder: join(path, 'postgres'), simulatorsFolder, secrets, isNew, release };
  } catch (error) {
    await release();
    throw error;
  }
}

async function makeWritable(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode: 0o755 });
    await access(path, constants.W_OK | constants.X_OK);
    // Root passes every permission check, so only a write tells whether the file system takes one.
    const probe = join(path, '.write-probe');
    await writeFile(probe, '');
    await rm(probe);
  } catch (error) {
    throw new StandaloneError(
      'STANDALONE_DATA_FOLDER_NOT_WRITABLE',
      `The data folder ${path} cannot be written to (${reasonOf(error)}). Make it writable, or name another one in KEMPT_DATA_DIR.`,
      { cause: error },
    );
  }
}

async function takeLock(path: string, pid: number): Promise<() => Promise<void>> {
  const lockFile = join(path, 'kempt.pid');
  for (;;) {
    try {
      await writeFile(lockFile, `${pid} ${(await processStart(pid)) ?? ''}`, { flag: 'wx' });
      return () => rm(lockFile, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const holder = await readFile(lockFile, 'utf8').catch(() => '');
    const [holderPid, holderStart] = holder.split(' ');
    if (await isSameProcess(Number(holderPid), holderStart ?? '')) {
      throw new StandaloneError(
        'STANDALONE_DATA_FOLDER_IN_USE',
        `The data folder ${path} is in use by another Kempt (process ${holderPid}). Stop that one, or name another folder in KEMPT_DATA_DIR.`,
      );
    }
    // Whoever held the lock is gone without giving it back.
    await rm(lockFile, { force: true });
  }
}

async function isSameProcess(pid: number, start: string): Promise<boolean> {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  // Process ids come again, so the start time must be the same too, where the system tells it.
  return start === '' || (await processStart(pid)) === start;
}

/** When a process began, in the kernel's own clock ticks; undefined where there is no /proc. */
async function processStart(pid: number): Promise<string | undefined> {
  const line = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  return line?.slice(line.lastIndexOf(')') + 2).split(' ')[19];
}

/** @returns true when the folder is new */
async function checkLayout(path: string): Promise<boolean> {
  const file = join(path, 'layout.json');
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) {
    await writeWhole(file, `${JSON.stringify({ layoutVersion })}\n`);
    return true;
  }
  const found = parseJson(text) as { layoutVersion?: unknown } | undefined;
  if (typeof found?.layoutVersion !== 'number') {
    throw new StandaloneError(
      'STANDALONE_DATA_FOLDER_DAMAGED',
      `The data folder ${path} is damaged: layout.json cannot be read. Restore it from a copy, or remove the folder to begin anew.`,
    );
  }
  if (found.layoutVersion > layoutVersion) {
    throw new StandaloneError(
      'STANDALONE_DATA_FOLDER_TOO_NEW',
      `The data folder ${path} was written by a later release of Kempt. Run that release, or name another folder in KEMPT_DATA_DIR.`,
    );
  }
  return false;
}

async function readSecrets(path: string): Promise<Secrets> {
  const file = join(path, 'secrets.json');
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) {
    // Without its keys a database that was filled before could never be opened again.
    if ((await stat(join(path, 'postgres')).catch(() => undefined)) !== undefined) {
      throw new StandaloneError(
        'STANDALONE_DATA_FOLDER_DAMAGED',
        `The data folder ${path} is damaged: secrets.json is missing. Restore it from a copy, or remove the folder to begin anew.`,
      );
    }
    const secrets = createSecrets();
    await writeWhole(file, `${JSON.stringify(secrets, null, 2)}\n`);
    return secrets;
  }
  const secrets = parseSecrets(parseJson(text));
  if (secrets === undefined) {
    throw new StandaloneError(
      'STANDALONE_DATA_FOLDER_DAMAGED',
      `The data folder ${path} is damaged: secrets.json cannot be read. Restore it from a copy, or remove the folder to begin anew.`,
    );
  }
  return secrets;
}

/** Either the whole file is there or nothing, also after a crash half-way. */
async function writeWhole(file: string, text: string): Promise<void> {
  const half = `${file}.half-written`;
  await writeFile(half, text, { mode: 0o600, flush: true });
  await rename(half, file);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function reasonOf(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'EROFS') return 'the file system is read-only';
  if (code === 'EACCES' || code === 'EPERM') return 'permission denied';
  if (code === 'ENOSPC') return 'the disk is full';
  if (code === 'ENOTDIR' || code === 'EEXIST') return 'a file is in the way';
  return code ?? String(error);
}
