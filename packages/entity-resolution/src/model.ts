import type { FrequencyTables } from './frequencies.ts';
import { hashDocument } from './hash.ts';
import type { FeatureKind } from './plan.ts';
import type { Schema } from './schema.ts';

export interface LevelModel {
  readonly label: string;
  /** Probability of this level among matching records that both have a value. */
  readonly m: number;
  /** Probability of this level among records of different entities that both have a value. */
  readonly u: number;
  /** log2(m / u) in steps of 1/1024, so that sums of weights are exact in any order. */
  readonly weight: number;
  readonly termFrequency: number;
  /** False when the data held too few pairs of this level, so that the starting values decide. */
  readonly trained: boolean;
}

export interface FeatureModel {
  readonly name: string;
  readonly kind: FeatureKind;
  readonly slot: number;
  readonly levels: readonly LevelModel[];
}

/** How pairs of different entities that have something in common agree; see confusions.ts. */
export interface ConfusionModel {
  readonly label: string;
  /** log2 odds of such a pair against a chance pair. */
  readonly prior: number;
  /** Weight of every level against chance for the comparisons such pairs share, null for the others. */
  readonly weights: readonly (readonly number[] | null)[];
}

/** The part of the matches that differ in many fields at once, because one of the two records was written down without care. */
export interface CarelessnessModel {
  /** Share of such pairs among matches. */
  readonly share: number;
  /** For every level of every comparison the log2 of how much likelier it is among them than among the other matches. */
  readonly weights: readonly (readonly number[])[];
}

/** What judged pairs made of the weights: `slope * weight + offset` counts instead of the weight that the comparisons add up to. */
export interface CalibrationModel {
  readonly slope: number;
  /** In bits. */
  readonly offset: number;
  /** Judged pairs that it was made from, and how many of them are the same. */
  readonly pairs: number;
  readonly same: number;
}

export interface BlockingModel {
  /** A block with more records than this is too common to compare all its pairs. */
  readonly largestBlock: number;
  /** Hashes of keys that were too common when the model was trained: they only work joined with a second property. */
  readonly stopKeys: readonly number[];
  /**
   * Kinds of keys, by the mark that their text begins with, of which two records have to share one more key to be a candidate pair: hardly
   * any match shares nothing else. Absent where all candidate pairs are few.
   */
  readonly weakKinds?: readonly string[];
}

/** How much one comparison tells. */
export interface ColumnDiagnostics {
  readonly name: string;
  /** Share of records that have a value. */
  readonly filled: number;
  /** Bits by which a match's agreement moves the weight on average, rarity of values left aside. */
  readonly bits: number;
}

export interface ModelDiagnostics {
  readonly records: number;
  readonly candidatePairs: number;
  readonly expectedMatches: number;
  /** Mean match probability of the pairs above the threshold, by the model's own reckoning. Absent in models of older versions. */
  readonly expectedPrecision?: number;
  readonly untrainedLevels: readonly string[];
  readonly columns?: readonly ColumnDiagnostics[];
  /** Comparisons that say little: their values hardly tell, or few records have them. */
  readonly weakColumns?: readonly string[];
  readonly iterations: number;
}

/** Everything that scoring needs, as plain JSON. Two models with the same content have the same version. */
export interface MatchModel {
  readonly format: 'kempt.match-model.v2';
  readonly version: string;
  readonly schema: Schema;
  /** log2 odds that two records taken at random match, where they come from different sources or from a source not known in training. */
  readonly prior: number;
  /** The same for two records of one source, by source: some sources are nearly free of duplicates. */
  readonly sourcePriors: Readonly<Record<string, number>>;
  readonly features: readonly FeatureModel[];
  readonly confusions: readonly ConfusionModel[];
  readonly carelessness: CarelessnessModel;
  /**
   * By bit set of the slots that both records of a pair fill: bits added to the prior of matches first, then to that of each confusion.
   * Patterns that are not listed add nothing.
   */
  readonly patternPriors: Readonly<Record<string, readonly number[]>>;
  /** Absent until people have judged pairs; see calibration.ts. */
  readonly calibration?: CalibrationModel;
  readonly frequencies: FrequencyTables;
  readonly blocking: BlockingModel;
  /** Match probability from which on records are joined. */
  readonly threshold: number;
  /** Match probability from which on a pair is worth keeping as an edge. */
  readonly reviewFloor: number;
  readonly diagnostics: ModelDiagnostics;
}

/** Weights live on a grid of 1/1024 bit: sums of them are exact in floating point whatever their order. */
export function onGrid(weight: number): number {
  return Math.round(weight * 1024) / 1024;
}

/** Match probability of a match weight in bits. */
export function probabilityOf(weight: number): number {
  return weight >= 0 ? 1 / (1 + 2 ** -weight) : 2 ** weight / (1 + 2 ** weight);
}

/** Match weight in bits of a match probability. */
export function weightOf(probability: number): number {
  const bounded = Math.min(1 - 1e-12, Math.max(1e-12, probability));
  return Math.log2(bounded / (1 - bounded));
}

/** The probability at or above which a pair counts as a match; one number for all data, no labels needed. */
export function decisionThreshold(model: MatchModel): number {
  return model.threshold;
}

export function sealModel(model: Omit<MatchModel, 'version'>): MatchModel {
  return { ...model, version: hashDocument(JSON.stringify(model)) };
}

/** A stored model that this version cannot use. */
export class ModelError extends Error {
  readonly code = 'model-unusable';
  readonly retriable = false;

  constructor(message: string) {
    super(message);
    this.name = 'ModelError';
  }
}

export function checkModel(model: MatchModel): void {
  if (model.format !== 'kempt.match-model.v2') {
    throw new ModelError(
      `the match model has the format ${String(model.format)}, this version reads kempt.match-model.v2; train a new model`,
    );
  }
}
