import { type BlockIndex, several } from './block-index.ts';
import type { Crew } from './crew.ts';
import type { FrequencyTables } from './frequencies.ts';
import { KeyIndex } from './key-index.ts';
import { joined, keyKindName, keyKindOf, keyKinds } from './key-kind.ts';
import { type BlockingModel, probabilityOf } from './model.ts';
import type { Pace } from './pace.ts';
import type { ComparedPairs } from './pair-sample.ts';
import type { RecordStore } from './record-store.ts';

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

/**
 * Chooses how large a block may be from what all blocks together cost, and which keys are therefore too common to stand alone. Those are
 * joined with further properties; joined keys that are still too common are dropped.
 */
export async function chooseBlocking(
  store: RecordStore,
  options: { readonly frequencies: FrequencyTables; readonly crew: Crew; readonly pace: Pace },
): Promise<{ blocking: BlockingModel; index: BlockIndex }> {
  const budget = Math.max(leastBudget, store.rows * pairsPerRecord);
  const keys = await KeyIndex.of(store, { ...options, stopKeys: [], limits: blockSizes, joins: true });
  const limit = blockSizes.find((_, at) => keys.costUpTo(at) <= budget) ?? (blockSizes.at(-1) as number);
  const tooCommon = keys.hashesAbove(limit);
  // What is still too common after it was joined is left out.
  const hopeless = tooCommon.length === 0 ? await keys.joinNothing() : await keys.join(limit);
  const stopKeys = [...new Set([...tooCommon, ...hopeless])].sort((left, right) => left - right);
  return { blocking: modelFor(limit, stopKeys), index: keys.build() };
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
