#!/usr/bin/env -S node --max-semi-space-size=8
import module, { createRequire } from 'node:module';

// What was compiled once is kept for the next call, which starts in half the time and with less memory. Older versions have no such cache.
module.enableCompileCache?.();
const [{ runCli }, { readText }] = await Promise.all([import('./cli.ts'), import('./text-source.ts')]);

const { version } = createRequire(import.meta.url)('../package.json') as { version: string };
const interrupted = new AbortController();
process.once('SIGINT', () => interrupted.abort(new Error('interrupted')));
// Whoever reads the output may stop reading, as `head` does.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? 0 : 1);
});

process.exitCode = await runCli({
  args: process.argv.slice(2),
  env: process.env,
  version,
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
  readText: (file) => readText(file, process.stdin),
  signal: interrupted.signal,
});
