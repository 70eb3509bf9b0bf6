export { type ClusterOptions, clusterComponent, type Edge, type PairScore } from './clustering.ts';
export type { ExplainOptions, Explanation, ExplanationRow } from './explanation.ts';
export { inferSchema } from './infer-schema.ts';
export { createMatcher, type Matcher, type MatcherOptions, type PairResult } from './matcher.ts';
export {
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
export { type Resolution, type ResolvedEdge, type ResolveOptions, resolve } from './resolve.ts';
export { type Column, type ColumnKind, type FieldValue, type InputRecord, type Schema, SchemaError } from './schema.ts';
export { type TrainOptions, trainModel } from './training.ts';
