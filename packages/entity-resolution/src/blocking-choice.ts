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
  const { rarities, pace } = options;
  const written: number[][] = [];
  const indexWith = async (stopKeys: readonly number[]): Promise<BlockIndexBuilder> => {
    const builder = new BlockIndexBuilder();
    const blocker = createBlocker(plan, rarities, stopKeys);
    const stopped = new Set(stopKeys);
    for (let row = 0; row < rows.length; row += 1) {
      const before = written[row];
      if (before === undefined || before.some((hash) => stopped.has(hash)))
        written[row] = blocker.hashes(rows[row] as Values);
      builder.addRow(written[row] as number[]);
      if (row % 128 === 0 && pace.due()) await pace.pause('block', row, rows.length);
    }
    return builder;
  };
  const budget = Math.max(leastBudget, rows.length * pairsPerRecord);
  const alone = await indexWith([]);
  const limit = blockSizes.find((size) => alone.costUpTo(size) <= budget) ?? (blockSizes.at(-1) as number);
  const tooCommon = alone.hashesAbove(limit);
  if (tooCommon.length === 0) return { blocking: modelFor(limit, []), index: alone.build() };
  const joined = await indexWith(tooCommon);
  const joinedLimit =
    blockSizes.find((size) => size <= limit && joined.costUpTo(size) <= budget * 1.5) ?? (blockSizes.at(-1) as number);
  const stopKeys = [...new Set([...tooCommon, ...joined.hashesAbove(joinedLimit)])].sort((left, right) => left - right);
  const settled = stopKeys.length === tooCommon.length ? joined : await indexWith(stopKeys);
  return { blocking: modelFor(joinedLimit, stopKeys), index: settled.build() };
}

/** Blocks may outgrow the size they were chosen for while records arrive, up to four times; above that the key needs a new model. */
function modelFor(limit: number, stopKeys: readonly number[]): BlockingModel {
  return { largestBlock: limit * 4, stopKeys };
}
