import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const requirements = 'scripts/bench/peers/requirements.txt';

/** The Python with the peers in it; it is made in bench-results/peers when it is not there yet, which needs the network. */
export function peerPython(): string {
  const folder = join('bench-results', 'peers');
  const python = join(folder, 'bin', 'python');
  const stamp = join(folder, 'requirements.txt');
  const wanted = readFileSync(requirements, 'utf8');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return python;
  mkdirSync(folder, { recursive: true });
  for (const [command, ...args] of [
    ['python3', '-m', 'venv', folder],
    [python, '-m', 'pip', 'install', '--quiet', '--requirement', requirements],
  ] as [string, ...string[]][]) {
    const { status, stderr } = spawnSync(command, args, { encoding: 'utf8' });
    if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed: ${stderr}`);
  }
  writeFileSync(stamp, wanted);
  return python;
}

/** The environment that peers run in: a forced processor type would slow down their arithmetic. */
export function peerEnvironment(): NodeJS.ProcessEnv {
  const { OPENBLAS_CORETYPE: _, ...rest } = process.env;
  return rest;
}
