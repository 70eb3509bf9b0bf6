import type { BlockIndex } from './block-index.ts';
import { guessDateOrder } from './date.ts';
import { textsOf } from './field-texts.ts';
import { type FrequencyTables, nothingKnown } from './frequencies.ts';
import type { BlockingModel } from './model.ts';
import { createNormaliser, type NormalRecord } from './normal-record.ts';
import { createPace, type PaceOptions } from './pace.ts';
import type { PackedRecords } from './packed-records.ts';
import { type Plan, planOf } from './plan.ts';
import { RecordStore } from './record-store.ts';
import { forget } from './remembered.ts';
import { checkSchema, type FieldValue, type InputRecord, type Schema } from './schema.ts';

/** Blocks that were made for a model, so that resolving the very records it was trained on need not make them again. */
export interface TableBlocks {
  readonly stopKeys: BlockingModel['stopKeys'];
  readonly frequencies: FrequencyTables;
  readonly index: BlockIndex;
}

/**
 * Records in normal form, every distinct value kept once: what training and resolving work on. Rows stand in the order of ids, so that nothing
 * depends on the order in which they came. The records themselves are not kept.
 */
export interface RecordTable {
  /** As it was given, with the order of ambiguous dates settled. */
  readonly schema: Schema;
  readonly plan: Plan;
  readonly ids: readonly string[];
  readonly sources: readonly string[];
  /** For every row how many records had come before it. */
  readonly arrivals: Int32Array;
  readonly store: RecordStore;
  blocks: TableBlocks | null;
}

/** How records become a RecordTable one by one. */
export class RecordTableBuilder {
  readonly schema: Schema;
  readonly #plan: Plan;
  readonly #normalise: ReturnType<typeof createNormaliser>;
  readonly #store: RecordStore;
  readonly #ids: string[] = [];
  readonly #sources: string[] = [];

  /** The schema should say how dates are written, see settleDateOrders; `expected` is how many records there may be. */
  constructor(schema: Schema, expected = 0) {
    checkSchema(schema);
    this.schema = schema;
    this.#plan = planOf(schema);
    this.#normalise = createNormaliser(schema, this.#plan);
    this.#store = new RecordStore(this.#plan, nothingKnown, expected);
  }

  get rows(): number {
    return this.#ids.length;
  }

  add(record: InputRecord): void {
    this.addNormal(this.#normalise(record));
  }

  addNormal({ id, source, values }: NormalRecord): void {
    this.#store.add(values, source);
    this.#ids.push(id);
    this.#sources.push(source);
  }

  /** Many records of the schema that were normalised and packed elsewhere. */
  addPacked(packed: PackedRecords): void {
    this.#store.addPacked(packed);
    for (const id of packed.ids) this.#ids.push(id);
    for (const source of packed.sourceOf) this.#sources.push(packed.sources[source] as string);
  }

  build(): RecordTable {
    this.#store.seal();
    forget();
    const ids = this.#ids;
    const sources = this.#sources;
    const follows = (left: number, right: number): boolean => {
      const a = ids[left] as string;
      const b = ids[right] as string;
      return a > b || (a === b && (sources[left] as string) > (sources[right] as string));
    };
    let isSorted = true;
    for (let row = 1; row < ids.length && isSorted; row += 1) isSorted = !follows(row - 1, row);
    const table = { schema: this.schema, plan: this.#plan, store: this.#store, blocks: null };
    const order = Int32Array.from(ids.keys());
    if (isSorted) return { ...table, ids, sources, arrivals: order };
    order.sort((left, right) => (follows(left, right) ? 1 : follows(right, left) ? -1 : 0));
    this.#store.arrange(order);
    return {
      ...table,
      arrivals: order,
      ids: Array.from(order, (row) => ids[row] as string),
      sources: Array.from(order, (row) => sources[row] as string),
    };
  }
}

/** Records that come many at a time, which saves waiting for each of them. */
export interface RecordBatches {
  readonly batches: AsyncIterable<readonly InputRecord[]>;
}

/** Normalises records for training and resolving together. Yields to the event loop and honours the signal while it works. */
export async function prepareRecords(
  records: Iterable<InputRecord> | AsyncIterable<InputRecord> | RecordBatches,
  schema: Schema,
  options: PaceOptions & { readonly expected?: number } = {},
): Promise<RecordTable> {
  const pace = createPace(options);
  const builder = new RecordTableBuilder(schema, options.expected ?? 0);
  const pause = (): Promise<void> =>
    pace.pause('normalise', builder.rows, Math.max(builder.rows, options.expected ?? 0));
  if ('batches' in records) {
    for await (const batch of records.batches) {
      for (const record of batch) {
        builder.add(record);
        if (builder.rows % 256 === 0 && pace.due()) await pause();
      }
    }
    return builder.build();
  }
  for await (const record of records) {
    builder.add(record);
    if (builder.rows % 256 === 0 && pace.due()) await pause();
  }
  return builder.build();
}

/** Columns of dates whose order nobody declared get the one their values speak for. */
export function settleDateOrders(schema: Schema, rows: Iterable<Readonly<Record<string, FieldValue>>>): Schema {
  return {
    ...schema,
    columns: schema.columns.map((column) => {
      if (column.kind !== 'date' || column.dateOrder !== undefined) return column;
      const values = function* (): Generator<string> {
        for (const row of rows) yield* textsOf(row, column.name);
      };
      return { ...column, dateOrder: guessDateOrder(values()) };
    }),
  };
}
