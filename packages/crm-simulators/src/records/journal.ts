import { closeSync, existsSync, ftruncateSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

/** Changes made since the load, one JSON line each, so that a restarted simulator finds the same CRM. */
export interface Journal<E> {
  append(entry: E): void;
  close(): void;
}

/** A journal that keeps nothing. */
export const noJournal: Journal<unknown> = { append() {}, close() {} };

/**
 * Opens the journal of one CRM, handing every kept entry to `replay` in order.
 * The first line names the load the changes belong to; another load is refused, since ids would not fit.
 * A last line cut short by a crash is dropped.
 */
export function openJournal<E>(path: string, load: string, replay: (entry: E) => void): Journal<E> {
  mkdirSync(dirname(path), { recursive: true });
  const header = JSON.stringify({ journal: 1, load });
  const content = existsSync(path) ? readFileSync(path, 'utf8') : '';
  const wholeLength = content.lastIndexOf('\n') + 1;
  const lines = content
    .slice(0, wholeLength)
    .split('\n')
    .filter((line) => line !== '');
  if (lines.length > 0 && lines[0] !== header) {
    throw new Error(
      `The journal ${path} belongs to another load: it begins with ${lines[0]}, but this one is ${header}. Move the file away or start with the load it names.`,
    );
  }
  for (const line of lines.slice(1)) replay(JSON.parse(line) as E);
  const file = openSync(path, 'a');
  ftruncateSync(file, Buffer.byteLength(content.slice(0, wholeLength)));
  if (lines.length === 0) writeSync(file, `${header}\n`);
  return {
    append: (entry) => void writeSync(file, `${JSON.stringify(entry)}\n`),
    close: () => closeSync(file),
  };
}
