import { chooseBlocking, chooseWeakKinds } from './blocking-choice.ts';
import { alone, type Crew } from './crew.ts';
import { distinctRows } from './equal-rows.ts';
import { type Estimate, estimate, type Stratum } from './estimation.ts';
import { asOfOneOwner, createRarities } from './frequencies.ts';
import { FrequencyCount } from './frequency-count.ts';
import { hashText } from './hash.ts';
import { type MatchModel, sealModel, weightOf } from './model.ts';
import { diagnosticsOf } from './model-diagnostics.ts';
import { createPace, type PaceOptions } from './pace.ts';
import { comparePairs, drawPairs, type PairAmounts, repricePairs, type Seeds, weigherOf } from './pair-sample.ts';
import { PairScorer } from './pair-scorer.ts';
import { createRandom } from './random.ts';
import { prepareRecords, type RecordTable, settleDateOrders } from './record-table.ts';
import { partsOfEntities } from './row-clustering.ts';
import { checkSchema, type InputRecord, type Schema } from './schema.ts';

export interface TrainOptions extends PaceOptions {
  /** Decides the random samples; equal records, schema and seed give an equal model, in whatever order the records come. Default 1. */
  readonly seed?: number;
  /** Probabilities are learned from the candidate pairs of so many records, 30,000 by default. */
  readonly sampledRecords?: number;
  /** Who does the work, by default this thread alone. The model is the same. */
  readonly crew?: Crew | undefined;
}

/** Pairs that one estimate is made from: of all records, and of those that stand for all, where half as many that are no candidates tell as much. */
const amountsOfAll: PairAmounts = { candidates: 200_000, sharing: 60_000, chance: 80_000 };
const amountsOfSome: PairAmounts = { candidates: 200_000, sharing: 30_000, chance: 40_000 };
/** Rounds of the first estimate, which only has to tell who is who well enough to count values by entity. */
const roughIterations = 15;
const mostStrata = 64;
/** One bit in favour: two to one that a pair matches. */
const threshold = 2 / 3;
const reviewFloor = 0.1;

/** Where there are more records than this, the candidate pairs of so many stand for those of all: few enough that hardly any is left out. */
const sampledRecords = 30_000;

/**
 * Learns a match model from records, or from a table of them, without any labels. Yields to the event loop while it works and stops with the
 * signal's reason when that is aborted. Of a table the schema is that of the table.
 */
export async function trainModel(
  records: Iterable<InputRecord> | RecordTable,
  schema: Schema,
  options: TrainOptions = {},
): Promise<MatchModel> {
  const whole = isTable(records) ? records : await tabulate([...records], schema, options);
  const table = distinctRows(whole)?.table ?? whole;
  const pace = createPace(options);
  const crew = options.crew ?? alone;
  const { plan, store, sources } = table;
  const rows = store.rows;
  const strata = strataOf(sources);
  const counts = new FrequencyCount(plan, store);
  const isRepeating = table !== whole;
  const first = isRepeating ? asOfOneOwner(counts.byRecord()) : counts.byRecord();
  store.reprice(createRarities(first));
  const { blocking, index } = await chooseBlocking(store, { frequencies: first, crew, pace });
  const { largestBlock } = blocking;
  const sampled = options.sampledRecords ?? sampledRecords;
  const seeds = rows > sampled ? drawSeeds(table.ids, { most: sampled, crew }) : null;
  const amounts = seeds === null ? amountsOfAll : amountsOfSome;
  const pairs = await drawPairs(store, index, {
    largestBlock,
    strata,
    seeds,
    amounts,
    random: createRandom(options.seed ?? 1),
    crew,
    pace,
  });
  const population = { strata, filled: pairs.filled };
  const sample = await comparePairs(store, pairs, { strata, most: amounts.candidates, crew, pace });
  const rough = estimate(plan.features, sample, { ...population, mostIterations: roughIterations });

  const weakKindsBy = (estimated: Estimate): string[] =>
    chooseWeakKinds(sample, {
      candidates: pairs.candidates,
      weigh: weigherOf(new PairScorer(estimated, store), { pairs, sample, strata }),
      floor: weightOf(reviewFloor),
    });

  // The second round counts every entity of the first one once, so that values held by duplicates do not look common.
  const parts = await partsOfEntities(store, {
    rows,
    model: rough,
    pairs,
    index,
    blocking: { largestBlock, weakKinds: weakKindsBy(rough) },
    seeds,
    crew,
    pace,
  });
  // Words stay as they were counted for blocking: a model writes the very keys that it was trained with.
  const byEntity = counts.byEntity(parts);
  const frequencies = {
    ...(isRepeating ? asOfOneOwner(byEntity) : byEntity),
    ...(first.token !== undefined && { token: first.token }),
  };
  store.reprice(createRarities(frequencies));
  await repricePairs(store, sample, { crew, pace });
  const fit = estimate(plan.features, sample, population);
  table.blocks = { stopKeys: blocking.stopKeys, frequencies, index };
  const weakKinds = weakKindsBy(fit);
  const diagnostics = diagnosticsOf({ plan, store, fit, pairs, sample, strata, threshold });
  for (const { lefts, rights } of [pairs, sample]) crew.giveBack(lefts, rights);
  crew.giveBack(pairs.shared, sample.levels, sample.rarities, sample.conflicts);
  return sealModel({
    format: 'kempt.match-model.v2',
    schema: table.schema,
    prior: fit.prior,
    sourcePriors: fit.sourcePriors,
    features: fit.features,
    confusions: fit.confusions,
    carelessness: fit.carelessness,
    patternPriors: fit.patternPriors,
    frequencies,
    blocking: weakKinds.length === 0 ? blocking : { ...blocking, weakKinds },
    threshold,
    reviewFloor,
    diagnostics,
  });
}

function isTable(records: Iterable<InputRecord> | RecordTable): records is RecordTable {
  return 'store' in records;
}

async function tabulate(records: readonly InputRecord[], schema: Schema, options: PaceOptions): Promise<RecordTable> {
  checkSchema(schema);
  const fields = records.map((record) => record.fields);
  return prepareRecords(records, settleDateOrders(schema, fields), { ...options, expected: records.length });
}

/** The rows with the lowest hashes of their ids: a random sample that does not depend on the order of the rows. */
function drawSeeds(ids: readonly string[], { most, crew }: { readonly most: number; readonly crew: Crew }): Seeds {
  const hashes = Float64Array.from(ids, hashText);
  const limit = hashes.slice().sort()[most - 1] as number;
  const has = crew.shared(Uint8Array.from(hashes, (hash) => (hash <= limit ? 1 : 0)));
  const rows: number[] = [];
  has.forEach((mark, row) => {
    if (mark === 1) rows.push(row);
  });
  return { rows: Int32Array.from(rows), has };
}

/** Pairs across sources are the first stratum, pairs inside each of the largest sources one more. */
function strataOf(sources: readonly string[]): Stratum[] {
  const sizes = new Map<string, number>();
  for (const source of sources) sizes.set(source, (sizes.get(source) ?? 0) + 1);
  const named = [...sizes]
    .filter(([, size]) => size > 1)
    .sort(([left, a], [right, b]) => b - a || (left < right ? -1 : 1))
    .slice(0, mostStrata);
  const within = named.map(([source, size]) => ({ source, records: size, pairs: (size * (size - 1)) / 2 }));
  const all = (sources.length * (sources.length - 1)) / 2;
  return [
    { source: null, records: sources.length, pairs: all - within.reduce((sum, { pairs }) => sum + pairs, 0) },
    ...within,
  ];
}
