import { levelsOf, rarityLimitBits } from './levels.ts';
import { linkedOdds, relatedOdds } from './links.ts';
import type { FeatureModel, MatchModel } from './model.ts';
import { onGrid } from './model.ts';
import type { RecordStore } from './record-store.ts';

/** Added to the weight of a pair that can never match: far below anything that agreement can outweigh. */
export const conflictWeight = -256;

/** What of a model, or of an estimate, weighs pairs. */
export type ScoringModel = Pick<
  MatchModel,
  'prior' | 'sourcePriors' | 'features' | 'confusions' | 'carelessness' | 'patternPriors' | 'calibration'
>;

/** Only that part of it, which threads need not be given more than. */
export function scoringPartOf(model: ScoringModel): ScoringModel {
  const { prior, sourcePriors, features, confusions, carelessness, patternPriors, calibration } = model;
  return {
    prior,
    sourcePriors,
    features,
    confusions,
    carelessness,
    patternPriors,
    ...(calibration !== undefined && { calibration }),
  };
}

/** Scores pairs of rows with the weights of a model. */
export class PairScorer {
  readonly store: RecordStore;
  /** Prior of the last scored pair. */
  prior = 0;
  readonly #priorAcross: number;
  readonly #priorsWithin: number[] = [];
  /** By level of all comparisons, one after the other. */
  readonly #weights: Float64Array;
  readonly #factors: Float64Array;
  readonly #logU: Float64Array;
  readonly #confusionPriors: readonly number[];
  /** By level and confusion: bits against chance, 0 where the confusion does not share the comparison, and by comparison which do. */
  readonly #confusionWeights: Float64Array;
  readonly #shares: Uint8Array;
  /** Where the levels of each comparison start. */
  readonly #starts: Int32Array;
  /** The rarity parts of the comparisons of the pair at hand. */
  readonly #gains: Float64Array;
  readonly #odds: Float64Array;
  readonly #careless: Float64Array;
  readonly #carelessShare: number;
  readonly #patternPriors: (readonly number[] | undefined)[] = [];
  /** Whether the last scored pair is in hard conflict. */
  conflict = false;
  /** What the last scored pair lost because confusions explain its agreement; never positive. */
  confusionWeight = 0;

  /** What the last scored pair gained or lost because errors come together. */
  carelessWeight = 0;
  /** What the last scored pair gained because one of the two names the other: as much as it takes from the prior to the odds of a link. */
  linkWeight = 0;
  /** What judged pairs add to or take from the weight of the last scored pair. */
  calibrationWeight = 0;
  /** Sum of prior, comparisons and rarities of the pair at hand, the bits by which it is careless, and the shifts of its pattern. */
  #plain = 0;
  #slack = 0;
  #shifts: readonly number[] | undefined = undefined;
  /** Comparisons that have had other levels when the model was trained, with what each level of today was then. */
  readonly #former: readonly { readonly feature: number; readonly places: Int8Array }[];
  readonly #isCalibrated: boolean;
  readonly #slope: number;
  readonly #offset: number;

  constructor(model: ScoringModel, store: RecordStore) {
    this.store = store;
    this.#priorAcross = model.prior;
    for (const [source, prior] of Object.entries(model.sourcePriors))
      this.#priorsWithin[store.sourceId(source)] = prior;
    const { features, confusions } = model;
    const kinds = confusions.length;
    const levels = features.flatMap((feature) => feature.levels);
    this.#former = features.flatMap((feature, at) => formerLevels(feature, at));
    this.#starts = new Int32Array(features.length + 1);
    features.forEach((feature, at) => {
      this.#starts[at + 1] = (this.#starts[at] as number) + feature.levels.length;
    });
    this.#weights = Float64Array.from(levels, (level) => level.weight);
    this.#factors = Float64Array.from(levels, (level) => level.termFrequency);
    this.#logU = Float64Array.from(levels, (level) => Math.log2(level.u));
    this.#gains = new Float64Array(features.length);
    this.#confusionPriors = confusions.map((confusion) => confusion.prior);
    this.#confusionWeights = new Float64Array(levels.length * kinds);
    this.#shares = new Uint8Array(features.length * kinds);
    confusions.forEach(({ weights }, kind) => {
      weights.forEach((list, feature) => {
        if (list === null) return;
        this.#shares[feature * kinds + kind] = 1;
        list.forEach((weight, level) => {
          this.#confusionWeights[((this.#starts[feature] as number) + level) * kinds + kind] = weight;
        });
      });
    });
    this.#odds = new Float64Array(model.confusions.length);
    this.#careless = Float64Array.from(model.carelessness.weights.flat());
    for (const [mask, bits] of Object.entries(model.patternPriors)) this.#patternPriors[Number(mask)] = bits;
    this.#carelessShare = model.carelessness.share;
    this.#isCalibrated = model.calibration !== undefined;
    this.#slope = model.calibration?.slope ?? 1;
    this.#offset = model.calibration?.offset ?? 0;
  }

  /** Match weight of two rows, in bits. Below `floor` the answer may be any number below it, and the parts of the weight are not told. */
  weigh(left: number, right: number, floor = Number.NEGATIVE_INFINITY): number {
    const { store } = this;
    store.compare(left, right);
    this.#readAsFormer(store.levels);
    const source = store.sourceOf(left);
    this.#sum(
      { levels: store.levels, rarities: store.rarities, base: 0 },
      source === store.sourceOf(right) ? source : -1,
      store.maskOf(left) & store.maskOf(right),
    );
    this.conflict = store.conflict(left, right);
    if (store.linked(left, right)) {
      this.linkWeight = Math.max(0, linkedOdds - this.prior);
      this.#plain += this.linkWeight;
    }
    if (this.#most() < floor) return Number.NEGATIVE_INFINITY;
    return this.#correct(store.levels, 0);
  }

  /** Levels that the model does not know yet count as the next stronger one that it does. */
  #readAsFormer(levels: Int8Array): void {
    for (const { feature, places } of this.#former) {
      const level = levels[feature] as number;
      if (level >= 0) levels[feature] = places[level] as number;
    }
  }

  /** Match weight of an agreement that was compared before: one entry a comparison from `base` on. */
  weighAgreement(
    levels: Int8Array,
    rarities: Float64Array | Float32Array,
    base: number,
    pair: { readonly sameSource: number; readonly conflict: boolean; readonly mask: number },
  ): number {
    this.#sum({ levels, rarities, base }, pair.sameSource, pair.mask);
    this.conflict = pair.conflict;
    return this.#correct(levels, base);
  }

  /** Adds up prior, comparisons and rarities. */
  #sum(
    { levels, rarities, base }: { levels: Int8Array; rarities: Float64Array | Float32Array; base: number },
    sameSource: number,
    mask: number,
  ): void {
    const shifts = this.#patternPriors[mask];
    this.#shifts = shifts;
    this.prior = sameSource >= 0 ? (this.#priorsWithin[sameSource] ?? this.#priorAcross) : this.#priorAcross;
    if (shifts !== undefined) this.prior += shifts[0] ?? 0;
    const starts = this.#starts;
    const gains = this.#gains;
    let weight = this.prior;
    let careless = 0;
    this.linkWeight = 0;
    for (let feature = 0; feature < gains.length; feature += 1) {
      const level = levels[base + feature] as number;
      if (level < 0) continue;
      const place = (starts[feature] as number) + level;
      const rarity = rarities[base + feature] as number;
      const gain = rarity === 0 ? 0 : this.#rarityWeight(place, rarity);
      gains[feature] = gain;
      weight += (this.#weights[place] as number) + gain;
      careless += this.#careless[place] as number;
    }
    this.#plain = weight;
    this.#slack = careless;
  }

  /** What the pair at hand can weigh at most: care adds no more than its bits, and all other corrections take away. */
  #most(): number {
    const most = this.#plain + Math.max(0, this.#slack);
    const calibrated = this.#isCalibrated ? onGrid(most * this.#slope + this.#offset) : most;
    return calibrated + (this.conflict ? conflictWeight : 0);
  }

  /** Takes care, confusions and verdicts into account. */
  #correct(levels: Int8Array, base: number): number {
    const share = this.#carelessShare;
    let weight = this.#plain;
    this.carelessWeight = onGrid(Math.log2(1 - share + share * 2 ** Math.min(200, this.#slack)));
    weight += this.carelessWeight;
    // Pairs far below any floor need no correction, which can only lower them further.
    this.confusionWeight = weight < -20 ? 0 : this.#explainedAway(levels, base);
    weight += this.confusionWeight;
    this.calibrationWeight = this.#isCalibrated ? onGrid(weight * this.#slope + this.#offset) - weight : 0;
    return weight + this.calibrationWeight + (this.conflict ? conflictWeight : 0);
  }

  /** The term-frequency part of one comparison of the pair that was weighed last by its rows. */
  rarityWeight(feature: number): number {
    const level = this.store.levels[feature] as number;
    const rarity = this.store.rarities[feature] as number;
    return level < 0 || rarity === 0 ? 0 : this.#rarityWeight((this.#starts[feature] as number) + level, rarity);
  }

  levelWeight(feature: number): number {
    const level = this.store.levels[feature] as number;
    return level < 0 ? 0 : (this.#weights[(this.#starts[feature] as number) + level] as number);
  }

  #rarityWeight(place: number, rarity: number): number {
    const factor = this.#factors[place] as number;
    if (factor === 0) return 0;
    const gain = rarity + (this.#logU[place] as number);
    if (factor === 1) return onGrid(gain);
    return onGrid(Math.max(-rarityLimitBits, Math.min(rarityLimitBits, factor * gain)));
  }

  /** Minus log2 of how much likelier chance or a confusion is than chance alone. */
  #explainedAway(levels: Int8Array, base: number): number {
    const odds = this.#odds;
    const kinds = odds.length;
    const shifts = this.#shifts;
    const gains = this.#gains;
    for (let kind = 0; kind < kinds; kind += 1)
      odds[kind] = (this.#confusionPriors[kind] as number) + (shifts?.[kind + 1] ?? 0);
    if (this.linkWeight > 0) {
      const related = relatedOdds(kinds);
      for (let kind = 0; kind < kinds; kind += 1) odds[kind] = Math.max(odds[kind] as number, related);
    }
    for (let feature = 0; feature < gains.length; feature += 1) {
      const level = levels[base + feature] as number;
      if (level < 0) continue;
      const place = ((this.#starts[feature] as number) + level) * kinds;
      const gain = gains[feature] as number;
      for (let kind = 0; kind < kinds; kind += 1)
        if (this.#shares[feature * kinds + kind] === 1)
          odds[kind] = (odds[kind] as number) + (this.#confusionWeights[place + kind] as number) + gain;
    }
    let total = 1;
    for (const value of odds) total += 2 ** Math.min(200, value);
    return total < 1.0005 ? 0 : -onGrid(Math.log2(total));
  }
}

function formerLevels(
  { kind, levels }: FeatureModel,
  feature: number,
): { readonly feature: number; readonly places: Int8Array }[] {
  const known = levels.map(({ label }) => label);
  const today = levelsOf[kind].map(({ label }) => label);
  if (today.length === known.length) return [];
  const places = new Int8Array(today.length);
  today.forEach((label, level) => {
    const place = known.indexOf(label);
    places[level] = place >= 0 ? place : level === 0 ? 0 : (places[level - 1] as number);
  });
  return [{ feature, places }];
}
