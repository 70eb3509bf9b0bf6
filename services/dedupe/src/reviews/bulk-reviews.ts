import { weightOf } from '@kempt/entity-resolution';
import type { Database } from '@kempt/postgres';
import { ProblemError } from '@kempt/service-runtime';
import { explainPair } from '../clusters/pair-explanation.ts';
import { noModelYet, unfitPattern } from '../errors.ts';
import type { EntityKind } from '../matching/entity-kind.ts';
import { loadRecords } from '../matching/match-record-store.ts';
import { inputRecord } from '../matching/record-scorer.ts';
import type { DecidingModels } from '../models/deciding-model.ts';
import { lockFreeState } from '../models/model-store.ts';
import { type ComparisonPattern, matchesPattern, patternOf, patternProblems } from './comparison-pattern.ts';
import type { Reviews } from './reviews.ts';
import { type UnreviewedPair, unreviewedPairs } from './unreviewed-pair-store.ts';

/** Pairs of one page, and pairs that one call looks at at most. */
const pagePairs = 500;
const scannedMax = 20_000;

export interface BulkFilter {
  readonly entityKind: EntityKind;
  readonly pattern: ComparisonPattern;
  readonly minProbability: number;
  readonly maxProbability: number;
  /** Both records are of this account, and of this object. */
  readonly account: string | undefined;
  readonly object: string | undefined;
}

export interface BulkVerdict {
  readonly filter: BulkFilter;
  readonly verdict: 'same' | 'different';
  readonly note: string;
  readonly by: string;
  /** Verdicts that are given at most. */
  readonly limit: number;
  readonly dryRun: boolean;
}

type ExplainedPair = ReturnType<typeof explainPair>;

/** Pairs that were not given the verdict, and why. */
export interface SkippedPair {
  readonly left: string;
  readonly right: string;
  readonly reason: string;
}

export interface BulkOutcome {
  /** Pairs that fit the filter, at most `limit`. */
  readonly matched: number;
  readonly accepted: number;
  readonly skipped: readonly SkippedPair[];
  /** Pairs that were looked at. */
  readonly scanned: number;
  /** There may be more pairs that fit. */
  readonly more: boolean;
  /** The most probable, the least probable, and some between. */
  readonly samples: readonly ExplainedPair[];
}

/** A pattern, and how many pairs have it. */
export interface CountedPattern {
  readonly pattern: Readonly<Record<string, string>>;
  readonly pairs: number;
  readonly minProbability: number;
  readonly maxProbability: number;
  /** The most probable of the pairs. */
  readonly left: string;
  readonly right: string;
}

export interface PatternList {
  readonly patterns: readonly CountedPattern[];
  readonly scanned: number;
  readonly more: boolean;
}

/** Gives one verdict on many pairs of one pattern, each of them as if it had been given alone, by whoever asked for it. */
export function createBulkReviews(options: {
  readonly database: Database;
  readonly models: DecidingModels;
  readonly reviews: Pick<Reviews, 'decide'>;
}) {
  const { database, models, reviews } = options;

  /** Looks at the pairs of a filter, the most probable first, until `take` says that it has enough. */
  async function scan(
    tenantId: string,
    filter: BulkFilter,
    take: (pair: ExplainedPair) => boolean,
  ): Promise<{ readonly scanned: number; readonly more: boolean }> {
    return database.transaction(
      tenantId,
      async (tx) => {
        const state = await lockFreeState(tx, filter.entityKind);
        if (state.phase === 'collecting') throw noModelYet();
        const { matcher, model } = await models.get(tx, filter.entityKind, state.modelVersion);
        const problems = patternProblems(filter.pattern, model);
        if (problems.length > 0) throw unfitPattern(problems);
        let scanned = 0;
        let after: UnreviewedPair | undefined;
        for (;;) {
          const page = await unreviewedPairs(tx, filter.entityKind, {
            minWeight: weightOf(filter.minProbability),
            maxWeight: filter.maxProbability === 1 ? Number.POSITIVE_INFINITY : weightOf(filter.maxProbability),
            account: filter.account,
            object: filter.object,
            after,
            limit: pagePairs,
          });
          const records = await loadRecords(tx, [...new Set(page.flatMap(({ left, right }) => [left, right]))]);
          const normals = new Map(records.map((record) => [record.ref, matcher.normalise(inputRecord(record))]));
          for (const { left, right } of page) {
            const [one, other] = [normals.get(left), normals.get(right)];
            scanned += 1;
            if (one === undefined || other === undefined) continue;
            const pair = explainPair(matcher, { ref: left, normal: one }, { ref: right, normal: other });
            if (matchesPattern(filter.pattern, pair.rows) && !take(pair)) return { scanned, more: true };
          }
          after = page.at(-1);
          if (page.length < pagePairs) return { scanned, more: false };
          if (scanned >= scannedMax) return { scanned, more: true };
        }
      },
      { readOnly: true },
    );
  }

  return {
    /** Throws a problem with status 422 for a pattern that the model does not know, 409 while no model decides. */
    async give(tenantId: string, asked: BulkVerdict): Promise<BulkOutcome> {
      const fitting: ExplainedPair[] = [];
      const { scanned, more } = await scan(tenantId, asked.filter, (pair) => {
        if (fitting.length === asked.limit) return false;
        fitting.push(pair);
        return true;
      });
      const skipped: SkippedPair[] = [];
      let accepted = 0;
      for (const { left, right } of asked.dryRun ? [] : fitting) {
        try {
          await reviews.decide(tenantId, {
            left,
            right,
            verdict: asked.verdict,
            note: asked.note,
            by: asked.by,
            origin: 'bulk',
          });
          accepted += 1;
        } catch (error) {
          // Another verdict of this very run may rule one out, or a record may go meanwhile.
          if (!(error instanceof ProblemError)) throw error;
          skipped.push({ left, right, reason: error.message });
        }
      }
      return { matched: fitting.length, accepted, skipped, scanned, more, samples: spread(fitting, 5) };
    },

    /** The patterns that pairs without a verdict have, those with most pairs first. Throws as `give` does. */
    async patterns(tenantId: string, filter: Omit<BulkFilter, 'pattern'>, limit: number): Promise<PatternList> {
      const found = new Map<string, CountedPattern>();
      const scanned = await scan(tenantId, { ...filter, pattern: {} }, (pair) => {
        const pattern = patternOf(pair.rows);
        const name = JSON.stringify(pattern);
        const known = found.get(name);
        if (known === undefined) {
          const { left, right, probability } = pair;
          found.set(name, { pattern, pairs: 1, minProbability: probability, maxProbability: probability, left, right });
        } else {
          // The most probable come first.
          found.set(name, { ...known, pairs: known.pairs + 1, minProbability: pair.probability });
        }
        return true;
      });
      const most = [...found.values()].toSorted((one, other) => other.pairs - one.pairs);
      return { patterns: most.slice(0, limit), ...scanned };
    },
  };
}

export type BulkReviews = ReturnType<typeof createBulkReviews>;

function spread<T>(items: readonly T[], count: number): T[] {
  if (items.length <= count) return [...items];
  return Array.from(
    { length: count },
    (_, index) => items[Math.round((index * (items.length - 1)) / (count - 1))] as T,
  );
}
