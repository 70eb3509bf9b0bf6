import { randomUUID } from 'node:crypto';
import {
  accessSync,
  chmodSync,
  chownSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { EmbeddedPostgresError } from './embedded-error.ts';
import { canWriteInto, runsAsRoot, type ServerAccount, unprivilegedAccount } from './server-account.ts';

/** Where the server keeps its files, and under which account. */
export interface ServerHome {
  readonly folder: string;
  readonly account: ServerAccount;
}

/**
 * Finds or makes the folder that belongs to the server's account. Normally that is `server` in the data folder. Started
 * by root, the server runs under an account without rights, which may be unable to enter a data folder in a private home:
 * then the folder lies in `stagingFolder`, and the file `location` in the data folder says where.
 */
export function openServerHome(dataFolder: string, stagingFolder: string): ServerHome {
  const inside = path.join(dataFolder, 'server');
  if (!runsAsRoot()) {
    if (existsSync(path.join(dataFolder, 'location'))) {
      throw new EmbeddedPostgresError(
        'data-folder-foreign',
        `The data folder ${dataFolder} was made by root: start as root or choose another folder`,
      );
    }
    return { folder: ownedFolder(inside, {}), account: {} };
  }
  const staged = readLocation(dataFolder);
  const existing = staged ?? (existsSync(inside) ? inside : undefined);
  if (existing !== undefined) {
    if (!existsSync(existing)) {
      throw new EmbeddedPostgresError(
        'data-folder-damaged',
        `The data folder ${dataFolder} keeps its database in ${existing}, which is gone: restore it, or remove the data folder to begin anew`,
      );
    }
    // A server that an ordinary user set up goes on under that user.
    const { uid, gid } = statSync(existing);
    const account = uid === 0 ? unprivilegedAccount() : { uid, gid };
    const folder = ownedFolder(existing, account);
    if (canWriteInto(folder, account)) return { folder, account };
    throw new EmbeddedPostgresError(
      'data-folder-damaged',
      `The account that Postgres runs under (uid ${uid}) cannot enter ${folder}: a folder above it was closed to other users`,
    );
  }
  const account = unprivilegedAccount();
  const folder = ownedFolder(inside, account);
  if (canWriteInto(folder, account)) return { folder, account };
  rmSync(inside, { recursive: true });
  return { folder: stageHome(dataFolder, stagingFolder, account), account };
}

function readLocation(dataFolder: string): string | undefined {
  const file = path.join(dataFolder, 'location');
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : undefined;
}

function stageHome(dataFolder: string, stagingFolder: string, account: ServerAccount): string {
  makeStagingFolder(stagingFolder);
  removeAbandonedHomes(dataFolder, stagingFolder);
  const folder = path.join(stagingFolder, `data-${randomUUID()}`);
  mkdirSync(folder, { mode: 0o755 });
  writeFileSync(path.join(folder, 'owner'), `${dataFolder}\n`);
  const home = ownedFolder(path.join(folder, 'server'), account);
  if (!canWriteInto(home, account)) {
    throw new EmbeddedPostgresError(
      'start-failed',
      `Postgres cannot run as root, and the account it would run under cannot enter ${home}: start Kempt as an ordinary user`,
    );
  }
  writeFileSync(path.join(dataFolder, 'location'), `${home}\n`);
  return home;
}

/** Makes the folder for what Postgres must reach and cannot reach where it is. */
export function makeStagingFolder(stagingFolder: string): void {
  try {
    mkdirSync(stagingFolder, { recursive: true, mode: 0o755 });
    accessSync(stagingFolder, constants.W_OK);
  } catch (error) {
    throw new EmbeddedPostgresError(
      'start-failed',
      `Postgres refuses to run as root, another account cannot enter this folder, and ${stagingFolder} cannot be written: start Kempt as an ordinary user`,
      error,
    );
  }
}

/** A data folder that somebody removed leaves its staged part behind; the next one at the same place cleans up. */
function removeAbandonedHomes(dataFolder: string, stagingFolder: string): void {
  for (const name of readdirSync(stagingFolder)) {
    const folder = path.join(stagingFolder, name);
    const owner = path.join(folder, 'owner');
    if (name.startsWith('data-') && existsSync(owner) && readFileSync(owner, 'utf8').trim() === dataFolder) {
      rmSync(folder, { recursive: true, force: true });
    }
  }
}

function ownedFolder(folder: string, account: ServerAccount): string {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (account.uid !== undefined && statSync(folder).uid !== account.uid) {
    chmodSync(folder, 0o700);
    chownSync(folder, account.uid, account.gid);
  }
  return folder;
}
