import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { fieldsOf } from './field-value.ts';
import { exactDecimals } from './parquet-decimal.ts';
import type { TableRow } from './table.ts';
import { tableError } from './table-error.ts';
import { unreadable } from './utf8-text.ts';

/** The rows of a Parquet file. One row group is in memory at a time; all usual compressions are understood. */
export async function* parquetRows(file: string, signal?: AbortSignal): AsyncGenerator<TableRow> {
  let line = 0;
  try {
    const buffer = await asyncBufferFromFile(file);
    const { metadata, writers } = exactDecimals(await parquetMetadataAsync(buffer));
    let start = 0;
    for (const group of metadata.row_groups) {
      signal?.throwIfAborted();
      const end = start + Number(group.num_rows);
      const rows = await parquetReadObjects({
        file: buffer,
        metadata,
        rowStart: start,
        rowEnd: end,
        compressors,
        utf8: false,
      });
      for (const row of rows) {
        line += 1;
        for (const [name, write] of writers) row[name] = write(row[name]);
        yield { line, fields: fieldsOf(row) };
      }
      start = end;
    }
  } catch (error) {
    signal?.throwIfAborted();
    const readable = unreadable(file, error);
    if (readable !== error) throw readable;
    throw tableError(
      { file, row: line + 1 },
      {
        code: 'parquet-malformed',
        message: `the file cannot be read as Parquet (${error instanceof Error ? error.message : String(error)}); write it again, or export it as CSV.`,
        cause: error,
      },
    );
  }
}
