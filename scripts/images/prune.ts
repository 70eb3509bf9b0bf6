/**
 * Takes out of a folder with installed packages what no program reads at run time: types, source maps, documentation, tests and
 * bundles for browsers. Licences stay.
 *
 *     node scripts/images/prune.ts <folder>
 */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

const folder = process.argv[2];
if (folder === undefined) throw new Error('Name the folder.');

/** Files by their ending, wherever they are. */
const unread = /\.(d\.[cm]?ts|[cm]?ts|tsx|map|flow|md|markdown|tsbuildinfo)$/i;
/** Files by their name that are no code. */
const papers =
  /^(changelog|history|contributing|security|\.(npmignore|eslintrc.*|prettierrc.*|editorconfig|travis\.yml|taprc))$/i;
/** Folders at the top of a package; further down the same name may be code. */
const unreadFolders = new Set([
  '.github',
  '.vscode',
  '__tests__',
  'benchmark',
  'benchmarks',
  'bench',
  'coverage',
  'doc',
  'docs',
  'example',
  'examples',
  'test',
  'tests',
  'typings',
]);
/** What is known of single packages: their other builds. */
const otherBuilds: Readonly<Record<string, readonly string[]>> = {
  // Types alone.
  '@types': ['.'],
  // Bundles for browsers; Node.js takes lib/.
  jsforce: ['browser', 'dist', 'src', 'core.js'],
};

for (const at of await packageFolders(join(folder, 'node_modules'))) {
  for (const entry of await readdir(at.path, { withFileTypes: true })) {
    if (entry.isDirectory() && unreadFolders.has(entry.name)) await rm(join(at.path, entry.name), { recursive: true });
  }
  for (const part of otherBuilds[at.name] ?? []) await rm(join(at.path, part), { recursive: true, force: true });
  await prune(at.path);
}
await rm(join(folder, 'node_modules', '@types'), { recursive: true, force: true });

/** Every package of a `node_modules` folder, those inside other packages too. */
async function packageFolders(modules: string): Promise<{ readonly name: string; readonly path: string }[]> {
  const found: { readonly name: string; readonly path: string }[] = [];
  for (const entry of await readdir(modules, { withFileTypes: true }).catch(() => [])) {
    if (!entry.isDirectory()) continue;
    const names = entry.name.startsWith('@')
      ? (await readdir(join(modules, entry.name))).map((name) => `${entry.name}/${name}`)
      : [entry.name];
    for (const name of names) {
      const path = join(modules, name);
      found.push({ name, path }, ...(await packageFolders(join(path, 'node_modules'))));
    }
  }
  return found;
}

/** @returns whether anything is left */
async function prune(path: string): Promise<boolean> {
  let left = false;
  for (const entry of await readdir(path, { withFileTypes: true })) {
    const child = join(path, entry.name);
    if (entry.isDirectory()) {
      if (await prune(child)) left = true;
      else await rm(child, { recursive: true });
    } else if (/^licen[cs]e|^notice/i.test(entry.name)) left = true;
    else if (unread.test(entry.name) || papers.test(entry.name)) await rm(child);
    else left = true;
  }
  return left;
}
