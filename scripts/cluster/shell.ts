import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));

export interface ShellOptions {
  /** Given to standard input. */
  readonly input?: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** Where the command runs. Default: the checkout. */
  readonly folder?: string;
  readonly timeoutMs?: number;
  /** Told each line of standard output as it comes. */
  readonly onLine?: (line: string) => void;
}

/** Thrown when a command ends with another exit code than 0; the message holds the end of what it said. */
export class ShellError extends Error {
  override readonly name = 'ShellError';
  readonly output: string;

  constructor(command: string, ending: string, output: string) {
    super(`${command} ended with ${ending}:\n${output.trim().split('\n').slice(-25).join('\n')}`);
    this.output = output;
  }
}

/** Runs a command, in the checkout unless told otherwise. @returns what it wrote to standard output */
export async function shell(command: string, args: readonly string[], options: ShellOptions = {}): Promise<string> {
  const child = spawn(command, [...args], {
    cwd: options.folder ?? root,
    env: { ...process.env, ...options.environment },
    stdio: ['pipe', 'pipe', 'pipe'],
    ...(options.timeoutMs === undefined ? {} : { timeout: options.timeoutMs }),
  });
  let out = '';
  let all = '';
  let unfinished = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
    all += text;
    const lines = (unfinished + text).split('\n');
    unfinished = lines.pop() ?? '';
    if (options.onLine !== undefined) for (const line of lines) options.onLine(line);
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    all += text;
  });
  // A command that does not read its input may be gone before it is written.
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.input ?? '');
  const ending = await new Promise<string>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve(code === 0 ? '' : (signal ?? `exit code ${code}`)));
  });
  if (ending !== '') throw new ShellError([command, ...args].join(' ').slice(0, 200), ending, all);
  return out;
}

export function kubectl(args: readonly string[], options: ShellOptions = {}): Promise<string> {
  return shell('kubectl', args, options);
}

export async function kubectlJson<T>(args: readonly string[]): Promise<T> {
  return JSON.parse(await kubectl([...args, '--output', 'json'])) as T;
}
