import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { processCommand, processExists, processFolder } from './process-identity.ts';
import type { ServerAccount } from './server-account.ts';

interface LaunchOptions {
  readonly program: string;
  readonly parameters: readonly string[];
  readonly clusterFolder: string;
  readonly account: ServerAccount;
  readonly onLine: (line: string) => void;
  /** Removed when this process dies without stopping the server. */
  readonly removeAfterwards?: string;
}

export interface ServerProcess {
  readonly pid: number;
  readonly exited: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
  hasExited(): boolean;
  stop(): Promise<void>;
  kill(): Promise<void>;
}

/** A fast shutdown writes a checkpoint; past this, an immediate one leaves the rest to recovery at the next start. */
const fastShutdownMs = 4_000;
const immediateShutdownMs = 2_000;

/**
 * Starts the server in place of the shell, after a guard has been set beside it. The guard reads from a pipe whose other
 * end this process holds. When the pipe closes without a word, this process is dead, whatever killed it, and the guard
 * shuts the server down. The guard is no child of the server, which would wonder about it.
 */
const launchScript = `
running=$1; removed=$2; shift 2
server=$$
( (
  if ! read -r word <&3; then
    for signal in INT QUIT KILL; do
      kill -$signal $server
      pause=0
      while [ -e "$running" ] && kill -0 $server && [ $pause -lt 50 ]; do sleep 0.1; pause=$((pause + 1)); done
      [ -e "$running" ] && kill -0 $server || break
    done
    [ -z "$removed" ] || rm -rf "$removed"
  fi
) </dev/null >/dev/null 2>&1 & )
exec "$@" 3<&-
`;

export function launchServer(options: LaunchOptions): ServerProcess {
  const { program, parameters, account, clusterFolder, onLine } = options;
  const guarded = process.platform !== 'win32';
  const [command, ...rest] = guarded
    ? [
        '/bin/sh',
        '-c',
        launchScript,
        'sh',
        path.join(clusterFolder, 'postmaster.pid'),
        options.removeAfterwards ?? '',
        program,
        ...parameters,
      ]
    : [program, ...parameters];
  const child = spawn(command as string, rest, {
    ...account,
    cwd: clusterFolder,
    env: serverEnvironment(),
    // A session of its own: Ctrl-C in the terminal reaches this process, which stops the server last.
    detached: true,
    windowsHide: true,
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
  });
  const exited = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.once('error', () => resolve({ code: -1, signal: null }));
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });
  readLines(child, onLine);
  const guard = child.stdio[3] as Writable;
  guard.on('error', () => undefined);
  void exited.then(() => guard.end('done\n'));
  // A server that runs does not keep this process alive: whoever started it decides that.
  child.unref();
  for (const stream of [child.stderr, guard]) (stream as unknown as { unref?(): void }).unref?.();
  const hasExited = (): boolean => child.exitCode !== null || child.signalCode !== null || child.pid === undefined;
  return {
    pid: child.pid ?? 0,
    exited,
    hasExited,
    stop: async () => {
      if (hasExited()) return;
      await signalUntilGone(
        (signal) => child.kill(signal),
        async (withinMs) => {
          const deadline = new AbortController();
          const late = sleep(withinMs, false, { signal: deadline.signal }).catch(() => false);
          const gone = await Promise.race([exited.then(() => true), late]);
          deadline.abort();
          return gone;
        },
      );
    },
    kill: async () => {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

async function signalUntilGone(
  send: (signal: NodeJS.Signals) => unknown,
  gone: (withinMs: number) => Promise<boolean>,
): Promise<void> {
  send('SIGINT');
  if (await gone(fastShutdownMs)) return;
  send('SIGQUIT');
  if (await gone(immediateShutdownMs)) return;
  send('SIGKILL');
  await gone(immediateShutdownMs);
}

function readLines(child: ChildProcess, onLine: (line: string) => void): void {
  let rest = '';
  child.stderr?.setEncoding('utf8');
  child.stderr?.on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line.trim() !== '') onLine(line);
  });
}

export function serverEnvironment(): NodeJS.ProcessEnv {
  const kept = ['PATH', 'SystemRoot', 'TEMP', 'TMP', 'LD_LIBRARY_PATH', 'DYLD_LIBRARY_PATH'];
  return {
    ...Object.fromEntries(kept.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]]))),
    LC_ALL: 'C',
    TZ: 'UTC',
  };
}

/** What the server writes into its own lock file. */
export function readPostmasterFile(clusterFolder: string): { pid: number; ready: boolean } | undefined {
  try {
    const lines = readFileSync(path.join(clusterFolder, 'postmaster.pid'), 'utf8').split('\n');
    const pid = Number(lines[0]);
    return Number.isInteger(pid) && pid > 0 ? { pid, ready: lines[7]?.trim() === 'ready' } : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Stops a server that an earlier process left on this cluster. Resolves to `stale` when `postmaster.pid` names a process
 * that is something else, to `none` when there is nothing to do.
 */
export async function stopOrphan(clusterFolder: string): Promise<'stopped' | 'stale' | 'none'> {
  const found = readPostmasterFile(clusterFolder);
  if (found === undefined || !processExists(found.pid)) return 'none';
  const folder = processFolder(found.pid);
  const isServer =
    folder === null ? (processCommand(found.pid)?.includes(clusterFolder) ?? false) : folder === clusterFolder;
  if (!isServer) return 'stale';
  await signalUntilGone(
    (signal) => {
      try {
        process.kill(found.pid, signal);
      } catch {
        // It went away between the look and the signal.
      }
    },
    async (withinMs) => {
      const deadline = Date.now() + withinMs;
      while (processExists(found.pid)) {
        if (Date.now() > deadline) return false;
        await sleep(20);
      }
      return true;
    },
  );
  return 'stopped';
}
