import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { treeUse } from './process-tree.ts';

/** What a process and its children took. */
export interface MeasuredRun {
  /** Until the process said that it was done, or ended. */
  readonly seconds: number;
  /** Processor time until then, as far as it was seen. */
  readonly cpuSeconds: number;
  readonly peakBytes: number;
  /** Null where it went well, else what it said last. */
  readonly failure: string | null;
}

const everyMs = 100;
const lastLines = 12;

/** Runs a process to its end. A line that says `done` stops the clock, so that what it does afterwards is not measured. */
export async function measure(
  command: string,
  args: readonly string[],
  options: { readonly env?: NodeJS.ProcessEnv; readonly mostSeconds: number },
): Promise<MeasuredRun> {
  const startedAt = performance.now();
  const child = spawn(command, args, { env: options.env ?? process.env, stdio: ['ignore', 'pipe', 'pipe'] });
  const pid = child.pid ?? 0;
  const said: string[] = [];
  let seconds: number | undefined;
  let peakBytes = 0;
  let cpu = 0;
  let isOver = false;
  const stop = (): void => {
    seconds ??= (performance.now() - startedAt) / 1000;
  };
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => {
      if (line.trim() === 'done') stop();
      said.push(line);
      if (said.length > lastLines) said.shift();
    });
  }
  const limit = setTimeout(() => child.kill('SIGKILL'), options.mostSeconds * 1000);
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      isOver = true;
      resolve(code);
    });
  });
  while (!isOver) {
    if (seconds === undefined) {
      const use = await treeUse(pid);
      peakBytes = Math.max(peakBytes, use.residentBytes);
      cpu = Math.max(cpu, use.cpuSeconds);
    }
    await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, everyMs))]);
  }
  const code = await ended;
  clearTimeout(limit);
  stop();
  return {
    seconds: seconds as number,
    cpuSeconds: cpu,
    peakBytes,
    failure: code === 0 ? null : `ended with ${code ?? 'a signal'}: ${said.join('\n')}`,
  };
}
