import { rarityLimitBits } from './levels.ts';
import type { MatchModel } from './model.ts';
import { onGrid } from './model.ts';
import type { RecordStore } from './record-store.ts';

/** Added to the weight of a pair that can never match: far below anything that agreement can outweigh. */
export const conflictWeight = -256;

/** Scores pairs of rows with the weights of a model. */
export class PairScorer {
  readonly store: RecordStore;
  /** Prior of the last scored pair. */
  prior = 0;
  readonly #priorAcross: number;
  readonly #priorsWithin: number[] = [];
  readonly #weights: readonly Float64Array[];
  readonly #factors: readonly Float64Array[];
  readonly #logU: readonly Float64Array[];
  readonly #confusionPriors: readonly number[];
  readonly #confusionWeights: readonly (readonly (Float64Array | null)[])[];
  readonly #odds: Float64Array;
  /** Whether the last scored pair is in hard conflict. */
  conflict = false;
  /** What the last scored pair lost because confusions explain its agreement; never positive. */
  confusionWeight = 0;

  constructor(model: Pick<MatchModel, 'prior' | 'sourcePriors' | 'features' | 'confusions'>, store: RecordStore) {
    this.store = store;
    this.#priorAcross = model.prior;
    for (const [source, prior] of Object.entries(model.sourcePriors))
      this.#priorsWithin[store.sourceId(source)] = prior;
    this.#weights = model.features.map((feature) => Float64Array.from(feature.levels, (level) => level.weight));
    this.#factors = model.features.map((feature) => Float64Array.from(feature.levels, (level) => level.termFrequency));
    this.#logU = model.features.map((feature) => Float64Array.from(feature.levels, (level) => Math.log2(level.u)));
    this.#confusionPriors = model.confusions.map((confusion) => confusion.prior);
    this.#confusionWeights = model.confusions.map((confusion) =>
      confusion.weights.map((weights) => (weights === null ? null : Float64Array.from(weights))),
    );
    this.#odds = new Float64Array(model.confusions.length);
  }

  /** Match weight of two rows, in bits. */
  weigh(left: number, right: number): number {
    const store = this.store;
    store.compare(left, right);
    const { levels } = store;
    const confusions = this.#confusionWeights;
    const odds = this.#odds;
    for (let index = 0; index < odds.length; index += 1) odds[index] = this.#confusionPriors[index] as number;
    const source = store.sourceOf(left);
    this.prior =
      source === store.sourceOf(right) ? (this.#priorsWithin[source] ?? this.#priorAcross) : this.#priorAcross;
    let weight = this.prior;
    for (let feature = 0; feature < levels.length; feature += 1) {
      const level = levels[feature] as number;
      if (level < 0) continue;
      const rarity = this.rarityWeight(feature);
      weight += ((this.#weights[feature] as Float64Array)[level] as number) + rarity;
      for (let index = 0; index < odds.length; index += 1) {
        const weights = confusions[index]?.[feature];
        if (weights !== null && weights !== undefined)
          odds[index] = (odds[index] as number) + (weights[level] as number) + rarity;
      }
    }
    // Pairs far below any floor need no correction, which can only lower them further.
    this.confusionWeight = weight < -20 ? 0 : this.#explainedAway();
    this.conflict = store.conflict(left, right);
    return weight + this.confusionWeight + (this.conflict ? conflictWeight : 0);
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

  /** Minus log2 of how much likelier chance or a confusion is than chance alone. */
  #explainedAway(): number {
    let total = 1;
    for (const value of this.#odds) total += 2 ** Math.min(200, value);
    return total < 1.0005 ? 0 : -onGrid(Math.log2(total));
  }
}
