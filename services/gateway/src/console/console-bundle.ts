import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { threadId } from 'node:worker_threads';
import { gzipSync } from 'node:zlib';

/** A file of the console as it is served. */
export interface ConsoleFile {
  /** Below `/console/`; empty for the page itself. */
  readonly path: string;
  readonly contentType: string;
  readonly content: Buffer;
  readonly compressed: Buffer;
  /** The name holds the hash of the content, so the file never changes. */
  readonly isImmutable: boolean;
}

export interface ConsoleBundleOptions {
  /** The sources of the app. Default: those beside this file. */
  readonly appFolder?: string;
  /** Where the bundle is kept from one start to the next. Default: a cache folder of this package, which only its owner writes. */
  readonly cacheFolder?: string;
}

const contentTypes: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.html': 'text/html; charset=utf-8',
};

/** Compiled code has the bundle beside it, and no sources to make it from. */
const builtFolder = fileURLToPath(new URL('./bundle/', import.meta.url));

/**
 * The files of the console: those that were built with the code, or else bundled from its sources once and kept under the hash of
 * everything that went in.
 */
export async function loadConsole(options: ConsoleBundleOptions = {}): Promise<ReadonlyMap<string, ConsoleFile>> {
  const built = options.appFolder === undefined ? await readFiles(builtFolder).catch(() => undefined) : undefined;
  if (built !== undefined) return built;
  const appFolder = options.appFolder ?? fileURLToPath(new URL('./app/', import.meta.url));
  const cacheFolder =
    options.cacheFolder ?? fileURLToPath(new URL('../../node_modules/.cache/console/', import.meta.url));
  const hash = await hashOfSources(appFolder);
  const kept = await readFiles(join(cacheFolder, hash)).catch(() => undefined);
  if (kept !== undefined) return kept;
  const files = await bundle(appFolder);
  // A folder that cannot be written costs a quarter of a second at each start.
  await keepFiles(files, { cacheFolder, hash }).catch(() => undefined);
  return files;
}

async function bundle(appFolder: string): Promise<ReadonlyMap<string, ConsoleFile>> {
  // Loaded only here: with a kept bundle there is no use for it.
  const { build, stop } = await import('esbuild');
  try {
    const { outputFiles } = await build({
      entryPoints: { app: join(appFolder, 'main.tsx') },
      outdir: '/',
      entryNames: '[name]-[hash]',
      bundle: true,
      minify: true,
      write: false,
      format: 'esm',
      target: ['es2022'],
      jsx: 'automatic',
      jsxImportSource: 'preact',
      legalComments: 'none',
      logLevel: 'silent',
    });
    const page = await readFile(join(appFolder, 'index.html'), 'utf8');
    const assets = outputFiles.map(({ path, contents }) => fileOf(path.slice(1), Buffer.from(contents)));
    const named = (extension: string): string => assets.find(({ path }) => path.endsWith(extension))?.path ?? '';
    const html = page.replace('%script%', named('.js')).replace('%style%', named('.css'));
    const icon = fileOf('icon.svg', await readFile(join(appFolder, 'icon.svg')));
    return byPath([...assets, icon, fileOf('index.html', Buffer.from(html))]);
  } finally {
    // The bundler is a process of its own, which would stay.
    await stop();
  }
}

async function hashOfSources(folder: string): Promise<string> {
  const hash = createHash('sha256');
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  // The manifest names the versions of what is bundled in.
  const manifest = fileURLToPath(new URL('../../package.json', import.meta.url));
  const builder = fileURLToPath(import.meta.url);
  for (const file of [...files.sort(), manifest, builder]) hash.update(`${file}\0`).update(await readFile(file));
  return hash.digest('hex').slice(0, 24);
}

async function readFiles(folder: string): Promise<ReadonlyMap<string, ConsoleFile>> {
  const names = await readdir(folder);
  return byPath(await Promise.all(names.map(async (name) => fileOf(name, await readFile(join(folder, name))))));
}

/** Written beside and renamed, so that nobody ever reads half of it; bundles of other sources go. */
async function keepFiles(
  files: ReadonlyMap<string, ConsoleFile>,
  { cacheFolder, hash }: { readonly cacheFolder: string; readonly hash: string },
): Promise<void> {
  const half = join(cacheFolder, `${hash}.${process.pid}.${threadId}`);
  await mkdir(half, { recursive: true });
  for (const { path, content } of files.values()) {
    await writeFile(join(half, path === '' ? 'index.html' : path), content);
  }
  for (const other of await readdir(cacheFolder)) {
    if (!other.startsWith(hash)) await rm(join(cacheFolder, other), { recursive: true, force: true });
  }
  await rename(half, join(cacheFolder, hash));
}

function fileOf(name: string, content: Buffer): ConsoleFile {
  return {
    path: name === 'index.html' ? '' : name,
    contentType: contentTypes[extname(name)] ?? 'application/octet-stream',
    content,
    compressed: gzipSync(content),
    isImmutable: /-[A-Z0-9]{8}\./.test(name),
  };
}

function byPath(files: readonly ConsoleFile[]): ReadonlyMap<string, ConsoleFile> {
  return new Map(files.map((file) => [file.path, file]));
}
