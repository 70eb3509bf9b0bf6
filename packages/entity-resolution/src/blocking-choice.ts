import { type BlockIndex, BlockIndexBuilder } from './block-index.ts';
import { createBlocker } from './blocking.ts';
import type { Rarities } from './frequencies.ts';
import type { BlockingModel } from './model.ts';
import type { Pace } from './pace.ts';
import type { Plan } from './plan.ts';
import type { RecordStore } from './record-store.ts';

/** Candidate pairs that a record may cost on average; blocks are capped until it holds. */
const pairsPerRecord = 25;
const leastBudget = 20_000;
const blockSizes = [400, 250, 150, 100, 60, 40, 25];

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
  const index = new BlockIndexBuilder();
  await writeKeys(plan, store, { ...options, stopKeys: [], index });
  const limit = blockSizes.find((size) => index.costUpTo(size) <= budget) ?? (blockSizes.at(-1) as number);
  const tooCommon = index.hashesAbove(limit);
  if (tooCommon.length === 0) return { blocking: modelFor(limit, []), index: index.build() };
  await joinCommonKeys(plan, store, { ...options, stopKeys: tooCommon, index, limit });
  // What is still too common has been joined already: it is left out.
  const hopeless = index.hashesAbove(limit);
  const stopKeys = [...new Set([...tooCommon, ...hopeless])].sort((left, right) => left - right);
  return { blocking: modelFor(limit, stopKeys), index: index.build(limit) };
}

/** Fills an index with the keys of all rows. */
export async function writeKeys(
  plan: Plan,
  store: RecordStore,
  options: Options & { readonly stopKeys: readonly number[]; readonly index: BlockIndexBuilder },
): Promise<void> {
  const { pace, index } = options;
  const blocker = createBlocker(plan, options.rarities, options.stopKeys);
  for (let row = 0; row < store.rows; row += 1) {
    index.addRow(blocker.hashes(store.valuesOf(row)));
    if (row % 128 === 0 && pace.due()) await pace.pause('block', row, store.rows);
  }
}

/** Writes the keys of those rows again that have a key which is too common. */
async function joinCommonKeys(
  plan: Plan,
  store: RecordStore,
  options: Options & {
    readonly stopKeys: readonly number[];
    readonly index: BlockIndexBuilder;
    readonly limit: number;
  },
): Promise<void> {
  const { pace, index, limit } = options;
  const blocker = createBlocker(plan, options.rarities, options.stopKeys);
  const before = index.restart(limit);
  for (let row = 0; row < store.rows; row += 1) {
    if (before.isCommon(row)) index.addRow(blocker.hashes(store.valuesOf(row)));
    else index.addKnown(before, row);
    if (row % 128 === 0 && pace.due()) await pace.pause('block', row, store.rows);
  }
}

/** Blocks may outgrow the size they were chosen for while records arrive, up to four times; above that the key needs a new model. */
function modelFor(limit: number, stopKeys: readonly number[]): BlockingModel {
  return { largestBlock: limit * 4, stopKeys };
}
