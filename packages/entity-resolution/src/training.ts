import { chooseBlocking } from './blocking-choice.ts';
import { guessDateOrder } from './date.ts';
import { estimate, type Stratum } from './estimation.ts';
import { textsOf } from './field-texts.ts';
import { createRarities } from './frequencies.ts';
import { countFrequencies } from './frequency-count.ts';
import { type MatchModel, sealModel } from './model.ts';
import { diagnosticsOf } from './model-diagnostics.ts';
import { createNormaliser } from './normal-record.ts';
import { createPace, type Pace, type PaceOptions } from './pace.ts';
import { comparePairs, repricePairs, thin } from './pair-sample.ts';
import { PairScorer } from './pair-scorer.ts';
import { planOf } from './plan.ts';
import { createRandom } from './random.ts';
import { RecordStore } from './record-store.ts';
import { clusterRows } from './row-clustering.ts';
import { checkSchema, type InputRecord, type Schema } from './schema.ts';

export interface TrainOptions extends PaceOptions {
  /** Decides the random samples; equal records, schema and seed give an equal model, in whatever order the records come. Default 1. */
  readonly seed?: number;
}

/** Candidate pairs that one estimate is made from. */
const estimatedPairs = 300_000;
/** Rounds of the first estimate, which only has to tell who is who well enough to count values by entity. */
const roughIterations = 15;
const mostStrata = 64;
/** One bit in favour: two to one that a pair matches. */
const threshold = 2 / 3;
const reviewFloor = 0.1;

type Values = readonly (readonly string[])[];

/**
 * Learns a match model from records without any labels. It needs the data once; memory grows with the distinct values and the candidate
 * pairs, of which at most 1.2 million are kept. Yields to the event loop while it works and stops with the signal's reason when that is
 * aborted.
 */
export async function trainModel(
  records: Iterable<InputRecord>,
  schema: Schema,
  options: TrainOptions = {},
): Promise<MatchModel> {
  checkSchema(schema);
  const pace = createPace(options);
  const all = [...records].sort((left, right) =>
    left.id < right.id ? -1 : left.id > right.id ? 1 : left.source < right.source ? -1 : 1,
  );
  const settledSchema = settleDateOrders(schema, all);
  const plan = planOf(settledSchema);
  const rows = await normaliseAll(all, settledSchema, pace);
  const sources = all.map((record) => record.source);
  const strata = strataOf(sources);

  const first = countFrequencies(plan, rows, null);
  const rarities = createRarities(first);
  const { blocking, index } = await chooseBlocking(plan, rows, { rarities, pace });
  const store = new RecordStore(plan, rarities, rows.length);
  rows.forEach((values, row) => store.add(values, sources[row] as string));
  const { largestBlock } = blocking;
  const pairs = await comparePairs(store, index, {
    largestBlock,
    strata,
    random: createRandom(options.seed ?? 1),
    pace,
  });
  const population = { strata, filled: pairs.filled };
  const rough = estimate(plan.features, thin(pairs, estimatedPairs), {
    ...population,
    mostIterations: roughIterations,
  });

  // The second round counts every entity of the first one once, so that values held by duplicates do not look common.
  const owners = await clusterRows(new PairScorer(rough, store), {
    rows: rows.length,
    pairs,
    index,
    largestBlock,
    pace,
  });
  const frequencies = countFrequencies(plan, rows, owners);
  store.reprice(createRarities(frequencies));
  repricePairs(store, pairs);
  const sample = thin(pairs, estimatedPairs);
  const fit = estimate(plan.features, sample, population);
  return sealModel({
    format: 'kempt.match-model.v2',
    schema: settledSchema,
    prior: fit.prior,
    sourcePriors: fit.sourcePriors,
    features: fit.features,
    confusions: fit.confusions,
    carelessness: fit.carelessness,
    patternPriors: fit.patternPriors,
    frequencies,
    blocking,
    threshold,
    reviewFloor,
    diagnostics: diagnosticsOf({ plan, store, fit, pairs, sample, strata, threshold }),
  });
}

async function normaliseAll(records: readonly InputRecord[], schema: Schema, pace: Pace): Promise<Values[]> {
  const normalise = createNormaliser(schema, planOf(schema));
  const rows: Values[] = [];
  for (const record of records) {
    rows.push(normalise(record).values);
    if (rows.length % 128 === 0 && pace.due()) await pace.pause('normalise', rows.length, records.length);
  }
  return rows;
}

/** Columns of dates whose order nobody declared get the one their values speak for. */
function settleDateOrders(schema: Schema, records: readonly InputRecord[]): Schema {
  return {
    ...schema,
    columns: schema.columns.map((column) => {
      if (column.kind !== 'date' || column.dateOrder !== undefined) return column;
      const values = function* (): Generator<string> {
        for (const record of records) yield* textsOf(record.fields, column.name);
      };
      return { ...column, dateOrder: guessDateOrder(values()) };
    }),
  };
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
