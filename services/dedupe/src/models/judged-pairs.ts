import { areCandidates, decisionThreshold, type NormalRecord } from '@kempt/entity-resolution';
import type { Transaction } from '@kempt/postgres';
import type { EntityKind } from '../matching/entity-kind.ts';
import { loadRecords } from '../matching/match-record-store.ts';
import { inputRecord } from '../matching/record-scorer.ts';
import { newestVerdicts } from '../reviews/review-store.ts';
import type { DecidingModel } from './deciding-model.ts';
import type { JudgedPair } from './model-comparison.ts';

/** A model is scored on so many verdicts at most, the newest ones. */
const verdictsMax = 10_000;

/**
 * What each of the models says of the pairs on which verdicts stand, by model in their order. Pairs of which a record is
 * deleted or merged away are left out: there is nothing to score any more.
 */
export async function judgeVerdicts(
  tx: Transaction,
  kind: EntityKind,
  models: readonly DecidingModel[],
): Promise<JudgedPair[][]> {
  const verdicts = await newestVerdicts(tx, kind, verdictsMax);
  const refs = new Set(verdicts.flatMap(({ left, right }) => [left, right]));
  const records = new Map((await loadRecords(tx, [...refs])).map((record) => [record.ref, record]));
  return models.map(({ matcher, model }) => {
    const threshold = decisionThreshold(model);
    const normals = new Map<string, NormalRecord>();
    for (const record of records.values()) {
      normals.set(record.ref, matcher.normalise(inputRecord(record)));
    }
    return verdicts.flatMap(({ left, right, verdict }): JudgedPair[] => {
      const [one, other] = [normals.get(left), normals.get(right)];
      if (one === undefined || other === undefined || left === right) return [];
      const { probability, conflict } = matcher.score(one, other);
      return [
        {
          isSame: verdict === 'same',
          probability: conflict ? 0 : probability,
          joins: !conflict && probability >= threshold && areCandidates(matcher, one, other),
        },
      ];
    });
  });
}
