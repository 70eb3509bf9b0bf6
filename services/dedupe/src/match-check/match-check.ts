import { decisionThreshold } from '@kempt/entity-resolution';
import type { Database } from '@kempt/postgres';
import { explainPair } from '../clusters/pair-explanation.ts';
import { noModelYet } from '../errors.ts';
import { keyHashes } from '../matching/edge-scoring.ts';
import type { EntityKind } from '../matching/entity-kind.ts';
import type { NormalCache } from '../matching/record-scorer.ts';
import type { DecidingModels } from '../models/deciding-model.ts';
import { lockFreeState } from '../models/model-store.ts';
import { findLikelyRecords } from './likely-record-store.ts';

/** Records that are scored at most: those that share the rarest keys. */
const scoredMax = 100;

export interface MatchQuestion {
  readonly entityKind: EntityKind;
  /** By column of the match model. */
  readonly fields: Readonly<Record<string, string | string[]>>;
  /** Where the record would be created, `account:object`; empty when that is not settled. */
  readonly source: string;
  readonly minProbability: number;
  readonly limit: number;
  readonly explain: boolean;
}

/** Name of the record that is asked about, in explanations. */
const asked = 'asked';

/**
 * Finds existing records that a record which is about to be created would match. The probability is the one that the two
 * will have once it is created. Nothing is stored. Throws a problem with status 409 while no model decides.
 */
export function createMatchCheck(options: {
  readonly database: Database;
  readonly models: DecidingModels;
  readonly cache: NormalCache;
}) {
  const { database, models, cache } = options;
  return {
    async find(tenantId: string, question: MatchQuestion) {
      const { deciding, normal, candidates } = await database.transaction(
        tenantId,
        async (tx) => {
          const state = await lockFreeState(tx, question.entityKind);
          if (state.phase === 'collecting') throw noModelYet();
          const found = await models.get(tx, question.entityKind, state.modelVersion);
          const own = found.matcher.normalise({ id: asked, source: question.source, fields: question.fields });
          return {
            deciding: found,
            normal: own,
            candidates: await findLikelyRecords(tx, question.entityKind, {
              hashes: keyHashes(found.matcher, own),
              blockSizeMax: found.model.blocking.largestBlock,
              rule: found.matcher.keyRule,
              recordsMax: scoredMax,
            }),
          };
        },
        { readOnly: true },
      );
      const { matcher, model } = deciding;
      const forms = cache.formsOf(tenantId, matcher);
      const matches = candidates
        .flatMap((record) => {
          const other = forms.of(record);
          const { probability, weight, conflict } = matcher.score(normal, other);
          if (conflict || probability < question.minProbability) return [];
          return [{ record, other, probability, weight }];
        })
        .toSorted((left, right) => right.weight - left.weight || (left.record.ref < right.record.ref ? -1 : 1))
        .slice(0, question.limit);
      const best = matches[0];
      const exists = best !== undefined && best.probability >= decisionThreshold(model);
      return {
        entityKind: question.entityKind,
        modelVersion: model.version,
        threshold: decisionThreshold(model),
        exists,
        goldenId: exists ? best.record.goldenId : null,
        matches: matches.map(({ record, other, probability, weight }) => ({
          record: record.ref,
          goldenId: record.goldenId,
          probability,
          weight,
          fields: record.fields,
          ...(question.explain
            ? {
                explanation: explainPair(matcher, { ref: asked, normal }, { ref: record.ref, normal: other }),
              }
            : {}),
        })),
      };
    },
  };
}

export type MatchAnswer = Awaited<ReturnType<MatchCheck['find']>>;

export type MatchCheck = ReturnType<typeof createMatchCheck>;
