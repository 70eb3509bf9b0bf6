import { createNormaliser } from '../normal-record.ts';
import { RecordPacker } from '../packed-records.ts';
import { planOf } from '../plan.ts';
import type { Schema } from '../schema.ts';
import type { PieceReader, PreparedRecords } from './orders.ts';

/** Reads and normalises pieces of the input in whatever thread it is in. */
export async function createPiecePacker(
  reader: string,
  schema: Schema,
): Promise<(piece: unknown) => PreparedRecords | null> {
  const { readPiece } = (await import(reader)) as { readonly readPiece: PieceReader<unknown> };
  const plan = planOf(schema);
  const normalise = createNormaliser(schema, plan);
  const packer = new RecordPacker(plan.slots.length);
  return (piece) => {
    const records = readPiece(piece);
    if (records === null) return null;
    for (const record of records) packer.add(normalise(record));
    return packer.take() ?? Array.from(readPiece(piece) ?? [], normalise);
  };
}
