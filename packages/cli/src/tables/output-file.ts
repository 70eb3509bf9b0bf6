import { randomBytes } from 'node:crypto';
import { type FileHandle, open, realpath, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { tableError } from './table-error.ts';

/** A file that appears whole or not at all: it is written beside its place and moved there by `commit`. */
export interface OutputFile {
  write(content: AsyncIterable<string | Buffer> | Iterable<string | Buffer>, signal?: AbortSignal): Promise<void>;
  /** Makes the content durable and puts it in its place. */
  commit(): Promise<void>;
  /** Takes away what was written, unless it has been committed. */
  discard(): Promise<void>;
}

const flushedBytes = 1 << 18;

/** Fails at once where the file could not be written in the end. */
export async function openOutputFile(file: string): Promise<OutputFile> {
  const target = await realpath(file).catch(() => path.resolve(file));
  const existing = await stat(target).catch(() => undefined);
  if (existing !== undefined && !existing.isFile()) {
    throw tableError({ file }, { code: 'not-a-file', message: 'this is no regular file; name a file to write to.' });
  }
  const temporary = path.join(path.dirname(target), `.${path.basename(target)}.${randomBytes(6).toString('hex')}.tmp`);
  let handle: FileHandle | undefined;
  try {
    handle = await open(temporary, 'wx', existing === undefined ? 0o666 : existing.mode & 0o777);
  } catch (error) {
    throw unwritable(file, error);
  }
  let isCommitted = false;
  const close = async (): Promise<void> => {
    const open = handle;
    handle = undefined;
    await open?.close();
  };
  return {
    async write(content, signal) {
      if (handle === undefined) throw new Error(`${file} is already closed; write before commit`);
      try {
        let parts: Buffer[] = [];
        let size = 0;
        for await (const part of content) {
          signal?.throwIfAborted();
          parts.push(Buffer.from(part));
          size += part.length;
          if (size < flushedBytes) continue;
          await handle.appendFile(Buffer.concat(parts));
          parts = [];
          size = 0;
        }
        await handle.appendFile(Buffer.concat(parts));
      } catch (error) {
        throw unwritable(file, error);
      }
    },
    async commit() {
      try {
        await handle?.sync();
        await close();
        await rename(temporary, target);
        isCommitted = true;
      } catch (error) {
        throw unwritable(file, error);
      }
    },
    async discard() {
      if (isCommitted) return;
      await close();
      await rm(temporary, { force: true });
    },
  };
}

/** Refuses to write over a file that is read, or twice to one place. */
export async function checkPlaces(
  inputs: readonly (string | undefined)[],
  outputs: readonly (string | undefined)[],
): Promise<void> {
  const real = (file: string): Promise<string> => realpath(file).catch(() => path.resolve(file));
  const taken = new Set<string>();
  for (const file of inputs) if (file !== undefined) taken.add(await real(file));
  for (const file of outputs) {
    if (file === undefined) continue;
    const place = await real(file);
    if (taken.has(place)) {
      throw tableError({ file }, { code: 'file-twice', message: 'this file is already named; write to another one.' });
    }
    taken.add(place);
  }
}

function unwritable(file: string, error: unknown): unknown {
  if (typeof error !== 'object' || error === null || !('syscall' in error)) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  return tableError(
    { file },
    {
      code: 'file-unwritable',
      message: `the file cannot be written (${code ?? message}); check its folder, your rights and the space that is left.`,
      cause: error,
    },
  );
}

/** Rows as RFC 4180 text with a header and line feeds. */
export async function* csvText(
  columns: readonly string[],
  rows: Iterable<readonly (string | number)[]>,
): AsyncGenerator<Buffer> {
  const { stringify } = await import('csv-stringify');
  const all = function* (): Generator<readonly (string | number)[]> {
    yield columns;
    yield* rows;
  };
  yield* Readable.from(all()).pipe(stringify({ record_delimiter: 'unix' })) as AsyncIterable<Buffer>;
}

/** One value of such a text, in quotes where it needs them. */
export function csvCell(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Values as one line of JSON each. */
export async function* ndjsonText(values: AsyncIterable<unknown>): AsyncGenerator<string> {
  for await (const value of values) yield `${JSON.stringify(value)}\n`;
}
