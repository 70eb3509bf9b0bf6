import { type BlockIndex, BlockIndexBuilder, CandidateWalk } from './block-index.ts';
import { createBlocker } from './blocking.ts';
import { guessDateOrder } from './date.ts';
import { type Estimate, estimate, type PairSample, type Stratum } from './estimation.ts';
import { createRarities, FrequencyCounter, type FrequencyTables } from './frequencies.ts';
import { type BlockingModel, type MatchModel, sealModel } from './model.ts';
import { createNormaliser } from './normal-record.ts';
import { createPace, type Pace, type PaceOptions } from './pace.ts';
import { PairScorer } from './pair-scorer.ts';
import { readName, soundOf } from './person-name.ts';
import { type Plan, planOf } from './plan.ts';
import { createRandom } from './random.ts';
import { createValueTable, RecordStore } from './record-store.ts';
import { clusterRows } from './row-clustering.ts';
import { checkSchema, type InputRecord, type Schema } from './schema.ts';
import { WordPool } from './word-pool.ts';

export interface TrainOptions extends PaceOptions {
  /** Decides the random samples; equal data, schema and seed give an equal model. Default 1. */
  readonly seed?: number;
}

/** Candidate pairs that are compared for the estimate, at most. */
const mostCandidatePairs = 200_000;
const randomPairs = 80_000;
/** Candidate pairs a record may cost on average; blocks are capped until it holds. */
const pairsPerRecord = 60;
const blockSizes = [400, 250, 150, 100, 60, 40, 25];
const mostStrata = 64;
/** One bit in favour: two to one that a pair matches. */
const threshold = 2 / 3;
const reviewFloor = 0.1;

type Values = readonly (readonly string[])[];

/**
 * Learns a match model from records without any labels. It needs the data once; memory grows with the distinct values. Yields to the event
 * loop while it works and stops with the signal's reason when that is aborted.
 */
export async function trainModel(
  records: Iterable<InputRecord>,
  schema: Schema,
  options: TrainOptions = {},
): Promise<MatchModel> {
  checkSchema(schema);
  const pace = createPace(options);
  const all = Array.isArray(records) ? (records as InputRecord[]) : [...records];
  const settledSchema = settleDateOrders(schema, all);
  const plan = planOf(settledSchema);
  const normalise = createNormaliser(settledSchema, plan);
  const rows: Values[] = [];
  const sources = all.map((record) => record.source);
  for (const record of all) {
    rows.push(normalise(record).values);
    if (rows.length % 256 === 0 && pace.due()) await pace.pause('normalise', rows.length, all.length);
  }

  let frequencies = countFrequencies(plan, rows, null);
  const { blocking, index } = await chooseBlocking(plan, rows, frequencies, pace);
  const random = createRandom(options.seed ?? 1);
  const strata = strataOf(sources);
  let store = fillStore(plan, rows, sources, frequencies);
  const pairs = await samplePairs(index, blocking.largestBlock, rows.length, random, pace);
  let fit = estimate(plan.features, comparePairs(store, pairs, strata), strata);
  // A second round counts every entity of the first one once, so that values held by duplicates do not look common.
  const owners = await clusterRows(new PairScorer(fit, store), index, blocking.largestBlock, pace);
  frequencies = countFrequencies(plan, rows, owners);
  store = fillStore(plan, rows, sources, frequencies);
  fit = estimate(plan.features, comparePairs(store, pairs, strata), strata);
  return sealModel(modelOf(settledSchema, fit, frequencies, blocking, rows.length, pairs.candidates));
}

function modelOf(
  schema: Schema,
  fit: Estimate,
  frequencies: FrequencyTables,
  blocking: BlockingModel,
  records: number,
  candidatePairs: number,
): Omit<MatchModel, 'version'> {
  return {
    format: 'kempt.match-model.v1',
    schema,
    prior: fit.prior,
    sourcePriors: fit.sourcePriors,
    features: fit.features,
    confusions: fit.confusions,
    frequencies,
    blocking,
    threshold,
    reviewFloor,
    diagnostics: {
      records,
      candidatePairs,
      expectedMatches: Math.round(fit.expectedMatches),
      untrainedLevels: fit.features.flatMap((feature) =>
        feature.levels.filter((level) => !level.trained).map((level) => `${feature.name}: ${level.label}`),
      ),
      iterations: fit.iterations,
    },
  };
}

function settleDateOrders(schema: Schema, records: readonly InputRecord[]): Schema {
  return {
    ...schema,
    columns: schema.columns.map((column) => {
      if (column.kind !== 'date' || column.dateOrder !== undefined) return column;
      const values = function* (): Generator<string> {
        for (const record of records) {
          const value = record.fields[column.name];
          if (typeof value === 'string') yield value;
          else if (value !== null && value !== undefined) yield* value;
        }
      };
      return { ...column, dateOrder: guessDateOrder(values()) };
    }),
  };
}

/** Spaces whose values identify: a value counts once per distinct name that uses it, not once per record. */
const identifying = /^(email|mailbox|phone|identifier)/;

function countFrequencies(plan: Plan, rows: readonly Values[], owners: Int32Array | null): FrequencyTables {
  const counter = new FrequencyCounter();
  const tables = plan.slots.map((slot) => createValueTable(slot, plan, new WordPool(), { of: () => 0 }));
  const nameSlot = plan.slots.findIndex((slot) => slot.kind === 'personName');
  const organisationSlot = plan.slots.findIndex((slot) => slot.kind === 'organisation');
  const sizes = owners === null ? null : clusterSizes(owners);
  const seen = new Set<string>();
  rows.forEach((values, row) => {
    const weight = owners === null || sizes === null ? 1 : 1 / (sizes[owners[row] as number] as number);
    let signature = '';
    if (owners === null) {
      const name = nameSlot < 0 ? undefined : values[nameSlot]?.[0];
      if (name !== undefined) {
        const { given, family } = readName(name);
        signature = `${given[0]?.charAt(0) ?? ''}${soundOf(family.join(''))}`;
      } else if (organisationSlot >= 0) {
        signature = values[organisationSlot]?.[0]?.split(' ')[0] ?? '';
      }
    }
    plan.slots.forEach((_, slot) => {
      const terms = new Map<string, Set<string>>();
      for (const value of values[slot] ?? []) {
        for (const [space, term] of (tables[slot] as (typeof tables)[number]).terms(value)) {
          const known = terms.get(space);
          if (known === undefined) terms.set(space, new Set([term]));
          else known.add(term);
        }
      }
      for (const [space, words] of terms) {
        if (owners === null && identifying.test(space)) {
          const fresh = [...words].filter((word) => {
            const key = `${space} ${word} ${signature}`;
            if (seen.has(key)) return false;
            seen.add(key);
            return true;
          });
          if (fresh.length > 0) counter.add(space, fresh, weight);
        } else {
          counter.add(space, [...words], weight);
        }
      }
    });
  });
  return counter.tables();
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

function clusterSizes(owners: Int32Array): Int32Array {
  const sizes = new Int32Array(owners.length);
  for (const owner of owners) sizes[owner] = (sizes[owner] as number) + 1;
  return sizes;
}

function fillStore(
  plan: Plan,
  rows: readonly Values[],
  sources: readonly string[],
  frequencies: FrequencyTables,
): RecordStore {
  const store = new RecordStore(plan, createRarities(frequencies), rows.length);
  rows.forEach((values, row) => store.add(values, sources[row] as string));
  return store;
}

async function chooseBlocking(
  plan: Plan,
  rows: readonly Values[],
  frequencies: FrequencyTables,
  pace: Pace,
): Promise<{ blocking: BlockingModel; index: BlockIndex }> {
  const rarities = createRarities(frequencies);
  const indexWith = async (stopKeys: readonly number[]): Promise<BlockIndexBuilder> => {
    const builder = new BlockIndexBuilder();
    const blocker = createBlocker(plan, rarities, stopKeys);
    for (let row = 0; row < rows.length; row += 1) {
      builder.addRow(blocker.keys(rows[row] as Values));
      if (row % 256 === 0 && pace.due()) await pace.pause('block', row, rows.length);
    }
    return builder;
  };
  const alone = await indexWith([]);
  const budget = Math.max(20_000, rows.length * pairsPerRecord);
  const limit = blockSizes.find((size) => alone.costUpTo(size) <= budget) ?? (blockSizes.at(-1) as number);
  const tooCommon = alone.hashesAbove(limit);
  const joined = tooCommon.length === 0 ? alone : await indexWith(tooCommon);
  const joinedLimit = blockSizes.find((size) => size <= limit && joined.costUpTo(size) <= budget * 1.5) ?? limit;
  const stopKeys = [...new Set([...tooCommon, ...joined.hashesAbove(joinedLimit)])].sort((left, right) => left - right);
  return {
    blocking: { largestBlock: Math.max(joinedLimit * 4, 100), stopKeys },
    index: (stopKeys.length === tooCommon.length ? joined : await indexWith(stopKeys)).build(),
  };
}

interface SampledPairs {
  readonly lefts: Int32Array;
  readonly rights: Int32Array;
  readonly weights: Float64Array;
  readonly count: number;
  /** Candidate pairs there are, sampled or not. */
  readonly candidates: number;
}

async function samplePairs(
  index: BlockIndex,
  largestBlock: number,
  rows: number,
  random: ReturnType<typeof createRandom>,
  pace: Pace,
): Promise<SampledPairs> {
  const walk = new CandidateWalk(index, largestBlock);
  let candidates = 0;
  for (let row = 0; row < rows; row += 1) {
    candidates += walk.after(row);
    if (row % 256 === 0 && pace.due()) await pace.pause('pair', row, rows);
  }
  const share = Math.min(1, mostCandidatePairs / Math.max(1, candidates));
  const again = new CandidateWalk(index, largestBlock);
  const lefts: number[] = [];
  const rights: number[] = [];
  for (let row = 0; row < rows; row += 1) {
    const found = again.after(row);
    for (let at = 0; at < found; at += 1) {
      if (share < 1 && random.next() >= share) continue;
      lefts.push(row);
      rights.push(again.candidates[at] as number);
    }
    if (row % 256 === 0 && pace.due()) await pace.pause('pair', row, rows);
  }
  const sampled = lefts.length;
  const total = (rows * (rows - 1)) / 2;
  let others = 0;
  const wanted = Math.min(randomPairs, Math.max(0, total - candidates));
  for (let attempt = 0; attempt < wanted * 3 && others < wanted && rows > 1; attempt += 1) {
    const left = random.below(rows);
    const right = random.below(rows);
    if (left === right || shareBlock(index, left, right, largestBlock)) continue;
    lefts.push(Math.min(left, right));
    rights.push(Math.max(left, right));
    others += 1;
  }
  const weights = new Float64Array(lefts.length);
  weights.fill(1 / share, 0, sampled);
  weights.fill(Math.max(0, total - candidates) / Math.max(1, others), sampled);
  return { lefts: Int32Array.from(lefts), rights: Int32Array.from(rights), weights, count: lefts.length, candidates };
}

function shareBlock(index: BlockIndex, left: number, right: number, largestBlock: number): boolean {
  const { starts, rowStarts, blocks } = index;
  for (let x = rowStarts[left] as number; x < (rowStarts[left + 1] as number); x += 1) {
    const block = blocks[x] as number;
    if ((starts[block + 1] as number) - (starts[block] as number) > largestBlock) continue;
    for (let y = rowStarts[right] as number; y < (rowStarts[right + 1] as number); y += 1)
      if (blocks[y] === block) return true;
  }
  return false;
}

function comparePairs(store: RecordStore, pairs: SampledPairs, strata: readonly Stratum[]): PairSample {
  const stratumOf = new Map(
    strata.flatMap(({ source }, index) => (source === null ? [] : [[store.sourceId(source), index] as const])),
  );
  const features = store.levels.length;
  const levels = new Int8Array(pairs.count * features);
  const rarities = new Float32Array(pairs.count * features);
  const conflicts = new Uint8Array(pairs.count);
  const stratumOfPair = new Uint8Array(pairs.count);
  for (let pair = 0; pair < pairs.count; pair += 1) {
    const left = pairs.lefts[pair] as number;
    const right = pairs.rights[pair] as number;
    store.compare(left, right);
    levels.set(store.levels, pair * features);
    rarities.set(store.rarities, pair * features);
    conflicts[pair] = store.conflict(left, right) ? 1 : 0;
    const source = store.sourceOf(left);
    stratumOfPair[pair] = source === store.sourceOf(right) ? (stratumOf.get(source) ?? 0) : 0;
  }
  return { count: pairs.count, features, levels, rarities, weights: pairs.weights, conflicts, strata: stratumOfPair };
}
