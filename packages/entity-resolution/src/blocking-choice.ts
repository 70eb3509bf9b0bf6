import { type BlockIndex, BlockIndexBuilder } from './block-index.ts';
import { createBlocker } from './blocking.ts';
import type { Rarities } from './frequencies.ts';
import type { BlockingModel } from './model.ts';
import type { Pace } from './pace.ts';
import type { Plan } from './plan.ts';

type Values = readonly (readonly string[])[];

/** Candidate pairs that a record may cost on average; blocks are capped until it holds. */
const pairsPerRecord = 25;
const leastBudget = 20_000;
const blockSizes = [400, 250, 150, 100, 60, 40, 25];

/**
 * Chooses how large a block may be from what all blocks together cost, and which keys are therefore too common to stand alone. Those are
 * joined with further properties; joined keys that are still too common are dropped.
 */
export async function chooseBlocking(
  plan: Plan,
  rows: readonly Values[],
  options: { readonly rarities: Rarities; readonly pace: Pace },
): Promise<{ blocking: BlockingModel; index: BlockIndex }> {
  const budget = Math.max(leastBudget, rows.length * pairsPerRecord);
  const alone = new BlockIndexBuilder();
  const written = await writeKeys(plan, rows, { ...options, stopKeys: [], index: alone, before: null });
  const limit = blockSizes.find((size) => alone.costUpTo(size) <= budget) ?? (blockSizes.at(-1) as number);
  const tooCommon = alone.hashesAbove(limit);
  if (tooCommon.length === 0) return { blocking: modelFor(limit, []), index: alone.build() };
  const joined = new BlockIndexBuilder();
  const rewritten = await writeKeys(plan, rows, { ...options, stopKeys: tooCommon, index: joined, before: written });
  // What is still too common has been joined already: it is left out.
  const hopeless = new Set(joined.hashesAbove(limit));
  const stopKeys = [...tooCommon, ...hopeless].sort((left, right) => left - right);
  if (hopeless.size === 0) return { blocking: modelFor(limit, stopKeys), index: joined.build() };
  const settled = new BlockIndexBuilder();
  for (const hashes of rewritten) settled.addRow(hashes.filter((hash) => !hopeless.has(hash)));
  return { blocking: modelFor(limit, stopKeys), index: settled.build() };
}

/** Fills an index with the keys of all rows; rows without a stopped key keep those they had before. */
async function writeKeys(
  plan: Plan,
  rows: readonly Values[],
  options: {
    readonly rarities: Rarities;
    readonly pace: Pace;
    readonly stopKeys: readonly number[];
    readonly index: BlockIndexBuilder;
    readonly before: readonly number[][] | null;
  },
): Promise<number[][]> {
  const { pace, index, before } = options;
  const blocker = createBlocker(plan, options.rarities, options.stopKeys);
  const stopped = new Set(options.stopKeys);
  const written: number[][] = [];
  for (let row = 0; row < rows.length; row += 1) {
    const known = before?.[row];
    const hashes =
      known === undefined || known.some((hash) => stopped.has(hash)) ? blocker.hashes(rows[row] as Values) : known;
    written.push(hashes);
    index.addRow(hashes);
    if (row % 128 === 0 && pace.due()) await pace.pause('block', row, rows.length);
  }
  return written;
}

/** Blocks may outgrow the size they were chosen for while records arrive, up to four times; above that the key needs a new model. */
function modelFor(limit: number, stopKeys: readonly number[]): BlockingModel {
  return { largestBlock: limit * 4, stopKeys };
}
