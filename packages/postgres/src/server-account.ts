import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** The account that Postgres runs under. Empty: the account of this process. */
export type ServerAccount = { readonly uid: number; readonly gid: number } | Record<string, never>;

/** Postgres refuses to run as root, so root needs an account without rights; these exist nearly everywhere. */
const preferredNames = ['postgres', 'nobody', 'daemon'];

export function runsAsRoot(): boolean {
  return process.getuid?.() === 0;
}

/** An existing account without rights, for a server started by root. None is created. */
export function unprivilegedAccount(): ServerAccount {
  const accounts = new Map<string, { uid: number; gid: number }>();
  try {
    for (const line of readFileSync('/etc/passwd', 'utf8').split('\n')) {
      const [name, , uid, gid] = line.split(':');
      if (name !== undefined && uid !== undefined && gid !== undefined) {
        accounts.set(name, { uid: Number(uid) >>> 0, gid: Number(gid) >>> 0 });
      }
    }
  } catch {
    // An image without that file still has the number that everybody uses for "nobody".
  }
  for (const name of preferredNames) {
    const account = accounts.get(name);
    if (account !== undefined && account.uid !== 0) return account;
  }
  return { uid: 65_534, gid: 65_534 };
}

/** True when the account can enter the folder and write into it. Asks the system, which knows more than mode bits. */
export function canWriteInto(folder: string, account: ServerAccount): boolean {
  const result = spawnSync('/bin/sh', ['-c', 'cd "$1" && test -w .', 'sh', folder], {
    ...account,
    cwd: '/',
    stdio: 'ignore',
  });
  return result.status === 0;
}

/** True when the account can run the program. */
export function canRun(program: string, account: ServerAccount): boolean {
  const result = spawnSync(program, ['--version'], { ...account, cwd: '/', stdio: 'ignore' });
  return result.status === 0;
}
