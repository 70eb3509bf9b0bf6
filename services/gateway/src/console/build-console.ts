/**
 * Writes the console as it is served into a folder, for builds that leave its sources and the bundler behind.
 *
 *     node --conditions=source build-console.ts <folder>
 */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadConsole } from './console-bundle.ts';

const folder = process.argv[2];
if (folder === undefined) throw new Error('Name the folder.');
await rm(folder, { recursive: true, force: true });
await mkdir(folder, { recursive: true });
for (const { path, content } of (await loadConsole()).values()) {
  await writeFile(join(folder, path === '' ? 'index.html' : path), content);
}
