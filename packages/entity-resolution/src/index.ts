export { type JudgedPair, type Recalibration, recalibrate } from './calibration.ts';
export { historyOf, sentenceOf } from './cluster-history.ts';
export {
  type ClusterOptions,
  type ClusterReason,
  type ClusterStep,
  clusterComponent,
  type Edge,
  type Origins,
  type PairScore,
} from './clustering.ts';
export type { Crew } from './crew.ts';
export type { ExplainOptions, Explanation, ExplanationRow } from './explanation.ts';
export { inferSchema } from './infer-schema.ts';
export type { KeyRule } from './key-kind.ts';
export { linkColumns } from './links.ts';
export { createMatcher, type Matcher, type MatcherOptions, type PairResult } from './matcher.ts';
export { type MergeTreeOptions, mergeTreeSvg } from './merge-tree.ts';
export {
  type CalibrationModel,
  type ColumnDiagnostics,
  decisionThreshold,
  type FeatureModel,
  type LevelModel,
  type MatchModel,
  ModelError,
  probabilityOf,
  sealModel,
  weightOf,
} from './model.ts';
export type { NormalRecord } from './normal-record.ts';
export type { PaceOptions, Progress } from './pace.ts';
export {
  areCandidates,
  type PairOutcome,
  type PairReasoning,
  type ReasoningOptions,
  reasonFor,
} from './pair-reasoning.ts';
export type { RecordShelf, ShelfMatch } from './record-shelf.ts';
export { prepareRecords, type RecordBatches, type RecordTable, settleDateOrders } from './record-table.ts';
export {
  type Resolution,
  type ResolvedEdge,
  type ResolveOptions,
  type RowResolution,
  resolutionOf,
  resolve,
  resolveTable,
} from './resolve.ts';
export { chooseForReview, type ReviewCandidate, reviewValue } from './review-value.ts';
export { type Column, type ColumnKind, type FieldValue, type InputRecord, type Schema, SchemaError } from './schema.ts';
export {
  type FieldPolicy,
  foldText,
  plainValues,
  type SurvivingValue,
  type SurvivorRecord,
  type SurvivorshipPolicy,
  type SurvivorshipRule,
  survive,
  surviveField,
  type ValueReading,
} from './survivorship.ts';
export { escapeXml } from './svg.ts';
export { type TrainOptions, trainModel } from './training.ts';
export { type WaterfallOptions, waterfallSvg } from './waterfall.ts';
