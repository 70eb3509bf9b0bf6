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
  readonly #careless: readonly Float64Array[];
  readonly #carelessShare: number;
  readonly #patternPriors: (readonly number[] | undefined)[] = [];
  /** Whether the last scored pair is in hard conflict. */
  conflict = false;
  /** What the last scored pair lost because confusions explain its agreement; never positive. */
  confusionWeight = 0;

  /** What the last scored pair gained or lost because errors come together. */
  carelessWeight = 0;
  /** What judged pairs add to or take from the weight of the last scored pair. */
  calibrationWeight = 0;
  readonly #isCalibrated: boolean;
  readonly #slope: number;
  readonly #offset: number;

  constructor(
    model: Pick<MatchModel, 'prior' | 'sourcePriors' | 'features' | 'confusions' | 'carelessness' | 'patternPriors'> &
      Pick<MatchModel, 'calibration'>,
    store: RecordStore,
  ) {
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
    this.#careless = model.carelessness.weights.map((weights) => Float64Array.from(weights));
    for (const [mask, bits] of Object.entries(model.patternPriors)) this.#patternPriors[Number(mask)] = bits;
    this.#carelessShare = model.carelessness.share;
    this.#isCalibrated = model.calibration !== undefined;
    this.#slope = model.calibration?.slope ?? 1;
    this.#offset = model.calibration?.offset ?? 0;
  }

  /** Match weight of two rows, in bits. */
  weigh(left: number, right: number): number {
    const { store } = this;
    store.compare(left, right);
    return this.weighAgreement(store.levels, store.rarities, 0, {
      sameSource: store.sourceOf(left) === store.sourceOf(right) ? store.sourceOf(left) : -1,
      conflict: store.conflict(left, right),
      mask: store.maskOf(left) & store.maskOf(right),
    });
  }

  /** Match weight of an agreement that was compared before: one entry a comparison from `base` on. */
  weighAgreement(
    levels: Int8Array,
    rarities: Float64Array | Float32Array,
    base: number,
    pair: { readonly sameSource: number; readonly conflict: boolean; readonly mask: number },
  ): number {
    const confusions = this.#confusionWeights;
    const odds = this.#odds;
    const shifts = this.#patternPriors[pair.mask];
    for (let index = 0; index < odds.length; index += 1)
      odds[index] = (this.#confusionPriors[index] as number) + (shifts?.[index + 1] ?? 0);
    this.prior = pair.sameSource >= 0 ? (this.#priorsWithin[pair.sameSource] ?? this.#priorAcross) : this.#priorAcross;
    this.prior += shifts?.[0] ?? 0;
    let weight = this.prior;
    let careless = 0;
    for (let feature = 0; feature < this.#weights.length; feature += 1) {
      const level = levels[base + feature] as number;
      if (level < 0) continue;
      const rarity = this.#rarityWeight(feature, level, rarities[base + feature] as number);
      weight += ((this.#weights[feature] as Float64Array)[level] as number) + rarity;
      careless += (this.#careless[feature] as Float64Array)[level] as number;
      for (let index = 0; index < odds.length; index += 1) {
        const weights = (confusions[index] as (Float64Array | null)[])[feature] as Float64Array | null;
        if (weights !== null) odds[index] = (odds[index] as number) + (weights[level] as number) + rarity;
      }
    }
    const share = this.#carelessShare;
    this.carelessWeight = onGrid(Math.log2(1 - share + share * 2 ** Math.min(200, careless)));
    weight += this.carelessWeight;
    // Pairs far below any floor need no correction, which can only lower them further.
    this.confusionWeight = weight < -20 ? 0 : this.#explainedAway();
    this.conflict = pair.conflict;
    weight += this.confusionWeight;
    this.calibrationWeight = this.#isCalibrated ? onGrid(weight * this.#slope + this.#offset) - weight : 0;
    return weight + this.calibrationWeight + (pair.conflict ? conflictWeight : 0);
  }

  /** The term-frequency part of one comparison of the pair that was weighed last by its rows. */
  rarityWeight(feature: number): number {
    const level = this.store.levels[feature] as number;
    return level < 0 ? 0 : this.#rarityWeight(feature, level, this.store.rarities[feature] as number);
  }

  levelWeight(feature: number): number {
    const level = this.store.levels[feature] as number;
    return level < 0 ? 0 : ((this.#weights[feature] as Float64Array)[level] as number);
  }

  #rarityWeight(feature: number, level: number, rarity: number): number {
    if (rarity === 0) return 0;
    const factor = (this.#factors[feature] as Float64Array)[level] as number;
    if (factor === 0) return 0;
    const gain = rarity + ((this.#logU[feature] as Float64Array)[level] as number);
    if (factor === 1) return onGrid(gain);
    return onGrid(Math.max(-rarityLimitBits, Math.min(rarityLimitBits, factor * gain)));
  }

  /** Minus log2 of how much likelier chance or a confusion is than chance alone. */
  #explainedAway(): number {
    let total = 1;
    for (const value of this.#odds) total += 2 ** Math.min(200, value);
    return total < 1.0005 ? 0 : -onGrid(Math.log2(total));
  }
}
