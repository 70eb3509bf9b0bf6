import { decisionThreshold, type Matcher, type NormalRecord, type ShelfMatch } from '@kempt/entity-resolution';
import type { Database } from '@kempt/postgres';
import { explainPair } from '../clusters/pair-explanation.ts';
import { noModelYet } from '../errors.ts';
import { keyHashes } from '../matching/edge-scoring.ts';
import type { EntityKind } from '../matching/entity-kind.ts';
import { inputRecord } from '../matching/record-scorer.ts';
import type { RecordShelves } from '../matching/record-shelves.ts';
import type { DecidingModels } from '../models/deciding-model.ts';
import { lockFreeState } from '../models/model-store.ts';
import { findLikelyRecords, type LikelyRecord } from './likely-record-store.ts';

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
  readonly shelves: RecordShelves;
}) {
  const { database, models, shelves } = options;
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
      const matches = matchesAmong(candidates, { normal, matcher, shelves, tenantId })
        .filter(({ probability }) => probability >= question.minProbability)
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
        matches: matches.map(({ record, probability, weight }) => ({
          record: record.ref,
          goldenId: record.goldenId,
          probability,
          weight,
          fields: record.fields,
          ...(question.explain
            ? {
                explanation: explainPair(
                  matcher,
                  { ref: asked, normal },
                  { ref: record.ref, normal: matcher.normalise(inputRecord(record)) },
                ),
              }
            : {}),
        })),
      };
    },
  };
}

interface LikelyMatch extends ShelfMatch {
  readonly record: LikelyRecord;
}

/** Weighs the record that is asked about against each candidate; nothing is waited for meanwhile, so nobody else uses the shelf. */
function matchesAmong(
  candidates: readonly LikelyRecord[],
  {
    normal,
    matcher,
    shelves,
    tenantId,
  }: {
    readonly normal: NormalRecord;
    readonly matcher: Matcher;
    readonly shelves: RecordShelves;
    readonly tenantId: string;
  },
): LikelyMatch[] {
  const { shelf, giveBack } = shelves.borrow(tenantId, matcher);
  try {
    const onShelf: LikelyRecord[] = [];
    const matches: LikelyMatch[] = [];
    for (const record of candidates) {
      const known = shelf.versionOf(record.recordNo);
      if (known <= record.version) {
        if (known < record.version) shelf.put(record.recordNo, record.version, matcher.normalise(inputRecord(record)));
        onShelf.push(record);
        continue;
      }
      // A change that is on its way put a newer version there, and needs it.
      const { conflict, ...found } = matcher.score(normal, matcher.normalise(inputRecord(record)));
      if (!conflict) matches.push({ record, ...found });
    }
    const numbers = onShelf.map(({ recordNo }) => recordNo);
    shelf.matchesOf(normal, numbers, Number.NEGATIVE_INFINITY).forEach((found, at) => {
      if (found !== null) matches.push({ record: onShelf[at] as LikelyRecord, ...found });
    });
    return matches;
  } finally {
    giveBack();
  }
}

export type MatchAnswer = Awaited<ReturnType<MatchCheck['find']>>;

export type MatchCheck = ReturnType<typeof createMatchCheck>;
