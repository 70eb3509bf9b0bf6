import { type PaceOptions, prepareRecords, type RecordTable, type Schema } from '@kempt/entity-resolution';
import { PieceUnreadableError, type ThreadCrew } from '@kempt/entity-resolution/parallel';
import { changed, comparedColumns, type LoadedRecord, loadRecords, type Source } from './resolve-records.ts';
import type { RecordPiece } from './resolve-worker.ts';

export interface TableOptions extends PaceOptions {
  readonly crew: ThreadCrew | undefined;
  /** Told of every record in turn; then only one thread reads. */
  readonly onRecord?: ((record: LoadedRecord) => void) | undefined;
}

/** Reads all files again and normalises their records, in several threads where there are some and they can read the files. */
export async function tableOf(sources: readonly Source[], schema: Schema, options: TableOptions): Promise<RecordTable> {
  const { crew, onRecord, signal } = options;
  const expected = sources.reduce((sum, { rows }) => sum + rows, 0);
  const pieces = sources.flatMap((source) => piecesOf(source, schema) ?? [null]);
  if (crew !== undefined && onRecord === undefined && pieces.every((piece) => piece !== null)) {
    try {
      return await crew.prepare(pieces, schema, {
        ...options,
        expected,
        reader: new URL(
          import.meta.url.endsWith('.ts') ? './resolve-worker.ts' : './resolve-worker.js',
          import.meta.url,
        ),
      });
    } catch (error) {
      if (!(error instanceof PieceUnreadableError)) throw error;
      const { source, csv } = pieces[error.piece] as RecordPiece;
      throw changed(sources.find(({ name }) => name === source) as Source, csv.line);
    }
  }
  const batches = async function* (): AsyncGenerator<readonly LoadedRecord[]> {
    for (const source of sources) {
      for await (const batch of loadRecords(source, schema, { signal })) {
        if (onRecord !== undefined) for (const record of batch) onRecord(record);
        yield batch;
      }
    }
  };
  return prepareRecords({ batches: batches() }, schema, { ...options, expected });
}

function piecesOf(source: Source, schema: Schema): RecordPiece[] | null {
  const compared = comparedColumns(source, schema);
  return source.pieces?.map((csv) => ({ csv, source: source.name, idColumn: source.idColumn, compared })) ?? null;
}
