import { createReadStream } from 'node:fs';
import { tableError } from './table-error.ts';

/** Texts of this size are made and forgotten without asking the system for memory each time. */
const pieceBytes = 1 << 16;

/** The text of a file, piece by piece, without a byte order mark. Bytes that are not UTF-8 are refused by line and column. */
export async function* utf8Text(file: string, signal?: AbortSignal): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let line = 1;
  try {
    for await (const bytes of createReadStream(file, { highWaterMark: pieceBytes }) as AsyncIterable<Buffer>) {
      signal?.throwIfAborted();
      let text: string;
      try {
        text = decoder.decode(bytes, { stream: true });
      } catch (error) {
        throw notUtf8(file, line, bytes, error);
      }
      for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) line += 1;
      yield text;
    }
    try {
      yield decoder.decode();
    } catch (error) {
      throw notUtf8(file, line, Buffer.of(), error);
    }
  } catch (error) {
    throw unreadable(file, error);
  }
}

/** The error for a file that the system does not give; any other error is returned as it is. */
export function unreadable(file: string, error: unknown): unknown {
  if (typeof error !== 'object' || error === null || !('syscall' in error)) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  return tableError(
    { file },
    {
      code: 'file-unreadable',
      message: `the file cannot be read (${code ?? message}); check that it exists and that you may read it.`,
      cause: error,
    },
  );
}

function notUtf8(file: string, firstLine: number, bytes: Buffer, cause: unknown): unknown {
  const before = bytes.toString('utf8').split('\ufffd')[0] ?? '';
  const lines = before.split('\n');
  return tableError(
    { file, line: firstLine + lines.length - 1, column: (lines.at(-1)?.length ?? 0) + 1 },
    { code: 'not-utf8', message: 'the text is not UTF-8; save the file as UTF-8 or convert it with iconv.', cause },
  );
}
