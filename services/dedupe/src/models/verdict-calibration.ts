import { createMatcher, type MatchModel, type Recalibration, recalibrate } from '@kempt/entity-resolution';
import type { MatchRecord } from '../matching/match-record-store.ts';
import { inputRecord } from '../matching/record-scorer.ts';
import type { StandingVerdict } from '../reviews/verdict-graph.ts';

/** Lets the verdicts that stand on records that are there correct what a model's match weights mean. */
export function calibrateByVerdicts(
  model: MatchModel,
  records: readonly MatchRecord[],
  verdicts: readonly StandingVerdict[],
): Recalibration {
  const { normalise } = createMatcher(model);
  const judged = new Set(verdicts.flatMap(({ left, right }) => [left, right]));
  const normals = new Map(
    records.filter(({ ref }) => judged.has(ref)).map((record) => [record.ref, normalise(inputRecord(record))] as const),
  );
  return recalibrate(
    model,
    verdicts.flatMap(({ left, right, verdict }) => {
      const [one, other] = [normals.get(left), normals.get(right)];
      if (one === undefined || other === undefined || left === right) return [];
      return [{ left: one, right: other, same: verdict === 'same' }];
    }),
  );
}
