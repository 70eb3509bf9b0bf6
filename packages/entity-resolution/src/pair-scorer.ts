import { rarityLimitBits } from './levels.ts';
import type { MatchModel } from './model.ts';
import { onGrid } from './model.ts';
import type { RecordStore } from './record-store.ts';

/** Added to the weight of a pair that can never match: far below anything that agreement can outweigh. */
export const conflictWeight = -256;

/** Scores pairs of rows with the weights of a model. */
export class PairScorer {
  readonly store: RecordStore;
  readonly prior: number;
  readonly #weights: readonly Float64Array[];
  readonly #factors: readonly Float64Array[];
  readonly #logU: readonly Float64Array[];
  /** Whether the last scored pair is in hard conflict. */
  conflict = false;

  constructor(model: Pick<MatchModel, 'prior' | 'features'>, store: RecordStore) {
    this.store = store;
    this.prior = model.prior;
    this.#weights = model.features.map((feature) => Float64Array.from(feature.levels, (level) => level.weight));
    this.#factors = model.features.map((feature) => Float64Array.from(feature.levels, (level) => level.termFrequency));
    this.#logU = model.features.map((feature) => Float64Array.from(feature.levels, (level) => Math.log2(level.u)));
  }

  /** Match weight of two rows, in bits. */
  weigh(left: number, right: number): number {
    const store = this.store;
    store.compare(left, right);
    const { levels } = store;
    let weight = this.prior;
    for (let feature = 0; feature < levels.length; feature += 1) {
      const level = levels[feature] as number;
      if (level >= 0)
        weight += ((this.#weights[feature] as Float64Array)[level] as number) + this.rarityWeight(feature);
    }
    this.conflict = store.conflict(left, right);
    return this.conflict ? weight + conflictWeight : weight;
  }

  /** The term-frequency part of one comparison of the pair that was weighed last. */
  rarityWeight(feature: number): number {
    const level = this.store.levels[feature] as number;
    const rarity = this.store.rarities[feature] as number;
    if (level < 0 || rarity === 0) return 0;
    const factor = (this.#factors[feature] as Float64Array)[level] as number;
    if (factor === 0) return 0;
    const gain = rarity + ((this.#logU[feature] as Float64Array)[level] as number);
    if (factor === 1) return onGrid(gain);
    return onGrid(Math.max(-rarityLimitBits, Math.min(rarityLimitBits, factor * gain)));
  }

  levelWeight(feature: number): number {
    const level = this.store.levels[feature] as number;
    return level < 0 ? 0 : ((this.#weights[feature] as Float64Array)[level] as number);
  }
}
