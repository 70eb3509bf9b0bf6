import { existsSync } from 'node:fs';
import { mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const patienceMs = 300_000;

/**
 * A folder below `.cache` of the checkout that is filled once and then used by everybody. Safe when several processes ask
 * at once: one fills it, the others wait. What `fill` throws leaves nothing behind.
 */
export async function cachedFolder(name: string, fill: (folder: string) => Promise<void>): Promise<string> {
  const folder = join(cacheRoot(), '.cache', name);
  if (existsSync(folder)) return folder;
  await mkdir(dirname(folder), { recursive: true });
  const release = await lock(`${folder}.lock`);
  try {
    if (existsSync(folder)) return folder;
    const partial = `${folder}.partial`;
    await rm(partial, { recursive: true, force: true });
    await mkdir(partial);
    try {
      await fill(partial);
    } catch (error) {
      await rm(partial, { recursive: true, force: true });
      throw error;
    }
    // Only a complete folder ever has the final name.
    await rename(partial, folder);
  } finally {
    await release();
  }
  return folder;
}

/** A lock file with the process id of its holder; one whose holder is gone counts for nothing. */
async function lock(file: string): Promise<() => Promise<void>> {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    try {
      const handle = await open(file, 'wx');
      await handle.writeFile(String(process.pid));
      await handle.close();
      return () => rm(file, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    if (await isAbandoned(file)) await rm(file, { force: true });
    else if (Date.now() > deadline) throw new Error(`Another process has held ${file} for too long; remove it.`);
    else await sleep(200);
  }
}

async function isAbandoned(file: string): Promise<boolean> {
  try {
    const holder = Number.parseInt(await readFile(file, 'utf8'), 10);
    if (Number.isNaN(holder)) return Date.now() - (await stat(file)).mtimeMs > 5_000;
    process.kill(holder, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

/** The root of the checkout, or the system's temporary folder when the package is used outside of one. */
function cacheRoot(): string {
  for (let folder = import.meta.dirname; ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'pnpm-workspace.yaml'))) return folder;
    if (folder === dirname(folder)) return tmpdir();
  }
}
