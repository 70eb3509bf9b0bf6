import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream, type WriteStream } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../services/standalone/src/platform/free-port.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Where code that was compiled once is kept; `scripts/start` names the same folder. */
export const compileCacheFolder = join(root, 'node_modules', '.cache', 'kempt-compile');

/**
 * How node is started for a service, here as in an image: compiled code is kept between starts and the nursery is small, since
 * a service mostly waits and should not hold memory for garbage that it made while starting.
 */
const nodeSettings = {
  NODE_COMPILE_CACHE: compileCacheFolder,
  NODE_OPTIONS: '--max-semi-space-size=8',
};

/** A service in a process of its own, that can be killed and started again at the same address. */
export interface ServiceProcess {
  readonly name: string;
  readonly url: string;
  readonly port: number;
  start(): void;
  /** Resolves when /readyz answers 200. */
  ready(timeoutMs?: number): Promise<void>;
  /** SIGKILL: nothing is finished, nothing is said. */
  kill(): Promise<void>;
  /** SIGTERM, and SIGKILL after the deadline. @returns the exit code */
  stop(): Promise<number | null>;
  /** Proportional memory of the process in bytes, where the kernel tells it. */
  readonly pid: () => number | undefined;
}

export async function createServiceProcess(
  name: string,
  options: {
    readonly environment: Readonly<Record<string, string>>;
    readonly logFolder: string;
    readonly port?: number;
  },
): Promise<ServiceProcess> {
  const port = options.port ?? (await freePort());
  const url = `http://127.0.0.1:${port}`;
  let child: ChildProcess | undefined;
  let log: WriteStream | undefined;
  const exitOf = (process: ChildProcess): Promise<number | null> =>
    process.exitCode !== null || process.signalCode !== null
      ? Promise.resolve(process.exitCode)
      : new Promise((resolve) => process.once('exit', (code) => resolve(code)));
  return {
    name,
    url,
    port,
    pid: () => child?.pid,
    start() {
      log ??= createWriteStream(join(options.logFolder, `${name}.log`), { flags: 'a' });
      child = spawn(
        process.execPath,
        [
          '--conditions=source',
          '--disable-warning=ExperimentalWarning',
          join(root, 'services', name, 'src', 'main.ts'),
        ],
        {
          env: {
            PATH: process.env['PATH'] ?? '',
            HOME: process.env['HOME'] ?? '',
            ...nodeSettings,
            KEMPT_HTTP_HOST: '127.0.0.1',
            KEMPT_HTTP_PORT: String(port),
            ...options.environment,
          },
          stdio: ['ignore', 'pipe', 'pipe'],
        },
      );
      child.stdout?.pipe(log, { end: false });
      child.stderr?.pipe(log, { end: false });
    },
    async ready(timeoutMs = 60_000) {
      const deadline = performance.now() + timeoutMs;
      let reason = 'no answer';
      while (performance.now() < deadline) {
        if (child !== undefined && child.exitCode !== null) {
          throw new Error(`${name} ended with code ${child.exitCode}; its log is in ${options.logFolder}`);
        }
        try {
          const response = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(2_000) });
          if (response.ok) return;
          reason = await response.text();
        } catch (error) {
          reason = String(error);
        }
        await sleep(100);
      }
      throw new Error(`${name} was not ready after ${timeoutMs} ms: ${reason}`);
    },
    async kill() {
      if (child === undefined) return;
      child.kill('SIGKILL');
      await exitOf(child);
    },
    async stop() {
      if (child === undefined) return 0;
      child.kill('SIGTERM');
      const killer = setTimeout(() => child?.kill('SIGKILL'), 30_000);
      const code = await exitOf(child);
      clearTimeout(killer);
      log?.end();
      return code;
    },
  };
}
