import { type BlockIndex, BlockIndexBuilder, several } from './block-index.ts';
import { createBlocker } from './blocking.ts';
import type { Rarities } from './frequencies.ts';
import { TextHasher } from './hash.ts';
import { joined, keyKindName, keyKindOf, keyKinds } from './key-kind.ts';
import { KeyTrail } from './key-trail.ts';
import { type BlockingModel, probabilityOf } from './model.ts';
import type { Pace } from './pace.ts';
import type { ComparedPairs } from './pair-sample.ts';
import type { Plan } from './plan.ts';
import type { RecordStore } from './record-store.ts';
import { RowKeys } from './row-keys.ts';
import { SharedHashes } from './shared-hashes.ts';

/** Candidate pairs that a record may cost on average; blocks are capped until it holds. */
const pairsPerRecord = 25;
const leastBudget = 20_000;
const blockSizes = [400, 250, 150, 100, 60, 40, 25];

/**
 * A kind of key whose pairs, where they share nothing else, come to less than one match in so many is weak, as long as all such kinds
 * together hold no more than this share of the matches. Most of what the model takes for a match there is none: of 100,000 generated
 * contacts the pairs that share one key of a weak kind were 71 % of all candidates and held 0.2 % of the true matches.
 */
const pairsPerMatch = 500;
const mostUnseen = 0.005;

/** What the estimate knows nothing of: two records that are linked are always worth a look. */
const linkKeys = keyKindOf('ln');

/** About how many keys a row has, and how many come up when those that are too common are joined. */
const keysPerRow = 12;
const joinedPerRow = 24;

interface Options {
  readonly rarities: Rarities;
  readonly pace: Pace;
}

/**
 * Chooses how large a block may be from what all blocks together cost, and which keys are therefore too common to stand alone. Those are
 * joined with further properties; joined keys that are still too common are dropped.
 */
export async function chooseBlocking(
  plan: Plan,
  store: RecordStore,
  options: Options,
): Promise<{ blocking: BlockingModel; index: BlockIndex }> {
  const budget = Math.max(leastBudget, store.rows * pairsPerRecord);
  const index = new BlockIndexBuilder(store.rows, true);
  const trail = new KeyTrail(store.rows);
  await indexKeys(plan, store, { ...options, index, trail });
  const limit = blockSizes.find((size) => index.costUpTo(size) <= budget) ?? (blockSizes.at(-1) as number);
  const tooCommon = index.hashesAbove(limit);
  if (tooCommon.length === 0) return { blocking: modelFor(limit, []), index: index.build() };
  await joinCommonKeys(trail, index, { rows: store.rows, limit, pace: options.pace });
  // What is still too common has been joined already: it is left out.
  const hopeless = index.hashesAbove(limit);
  const stopKeys = [...new Set([...tooCommon, ...hopeless])].sort((left, right) => left - right);
  return { blocking: modelFor(limit, stopKeys), index: index.build(limit) };
}

/** Fills an index with those keys of all rows that several of them have, and a trail with all of them. */
async function indexKeys(
  plan: Plan,
  store: RecordStore,
  options: Options & { readonly index: BlockIndexBuilder; readonly trail: KeyTrail },
): Promise<void> {
  const { index, trail, pace } = options;
  const shared = new SharedHashes(store.rows * keysPerRow);
  const noting = {
    addRow: (hashes: readonly number[]) => {
      for (const hash of hashes) shared.note(hash);
    },
  };
  await writeKeys(plan, store, { ...options, stopKeys: [], index: noting, trail });
  const hashes: number[] = [];
  for (let row = 0; row < store.rows; row += 1) {
    hashes.length = 0;
    trail.hashesOf(row, hashes);
    index.addShared(hashes, shared);
    if (row % 128 === 0 && pace.due()) await pace.pause('block', row, store.rows);
  }
}

/** Fills an index with the keys of all rows. */
export async function writeKeys(
  plan: Plan,
  store: RecordStore,
  options: Options & {
    readonly stopKeys: readonly number[];
    readonly index: Pick<BlockIndexBuilder, 'addRow'>;
    readonly trail?: KeyTrail;
  },
): Promise<void> {
  const { pace, index, trail } = options;
  const { rarities, stopKeys } = options;
  const rowKeys = store.words.hasForeign ? null : new RowKeys(plan, store, { rarities, stopKeys, trail });
  const blocker = rowKeys === null ? createBlocker(plan, rarities, stopKeys) : null;
  for (let row = 0; row < store.rows; row += 1) {
    index.addRow(rowKeys?.of(row) ?? blocker?.hashes(store.valuesOf(row), trail) ?? []);
    if (row % 128 === 0 && pace.due()) await pace.pause('block', row, store.rows);
  }
}

/** Starts the index again, with every key that is too common joined with further properties of its row. */
async function joinCommonKeys(
  trail: KeyTrail,
  index: BlockIndexBuilder,
  { rows, limit, pace }: { readonly rows: number; readonly limit: number; readonly pace: Pace },
): Promise<void> {
  const before = index.restart(limit);
  const hasher = new TextHasher();
  const shared = new SharedHashes(rows * joinedPerRow);
  const into: number[] = [];
  for (let row = 0; row < rows; row += 1) {
    for (let place = before.rowStarts[row] as number; place < (before.rowStarts[row + 1] as number); place += 1) {
      if (before.sizeAt(place) <= limit) continue;
      into.length = 0;
      trail.join(place, row, { hasher, into });
      for (const hash of into) shared.note(hash);
    }
    if (row % 128 === 0 && pace.due()) await pace.pause('block', row, rows);
  }
  for (let row = 0; row < rows; row += 1) {
    index.addAgain(before, row, { shared, instead: (place, found) => trail.join(place, row, { hasher, into: found }) });
    if (row % 128 === 0 && pace.due()) await pace.pause('block', row, rows);
  }
  before.giveBack();
  trail.giveBack();
}

/** Blocks may outgrow the size they were chosen for while records arrive, up to four times; above that the key needs a new model. */
function modelFor(limit: number, stopKeys: readonly number[]): BlockingModel {
  return { largestBlock: limit * 4, stopKeys };
}

/**
 * The kinds of keys of which one alone is too little: those whose pairs, where they share nothing else, are matches most seldom, as long
 * as all of them together hold hardly any match. Only pairs that would become edges count, since no other is ever seen. None where the
 * candidate pairs are so few that nothing is gained.
 * @param pairs candidate pairs that were compared, and what pairs of the data each stands for
 * @param weigh the match weight of one of them, in bits
 * @param floor the least weight of an edge, in bits
 */
export function chooseWeakKinds(
  pairs: ComparedPairs,
  {
    candidates,
    weigh,
    floor,
  }: { readonly candidates: number; readonly weigh: (pair: number) => number; readonly floor: number },
): string[] {
  if (candidates <= leastBudget) return [];
  const stands = new Float64Array(keyKinds);
  const matches = new Float64Array(keyKinds);
  let all = 0;
  for (let pair = 0; pair < pairs.count; pair += 1) {
    const stood = pairs.weights[pair] as number;
    const kind = pairs.shared[pair] as number;
    if (kind !== several) stands[kind] = (stands[kind] as number) + stood;
    const weight = weigh(pair);
    if (weight < floor) continue;
    const expected = stood * probabilityOf(weight);
    all += expected;
    if (kind !== several) matches[kind] = (matches[kind] as number) + expected;
  }
  const share = (kind: number): number => (matches[kind] as number) / (stands[kind] as number);
  const bySeldomness = Array.from(stands.keys())
    .filter((kind) => (stands[kind] as number) > 0 && kind % joined !== linkKeys)
    .sort((left, right) => share(left) - share(right) || left - right);
  const weak: string[] = [];
  let unseen = 0;
  for (const kind of bySeldomness) {
    unseen += matches[kind] as number;
    if (share(kind) * pairsPerMatch >= 1 || unseen > mostUnseen * all) break;
    weak.push(keyKindName(kind));
  }
  return weak.sort();
}
