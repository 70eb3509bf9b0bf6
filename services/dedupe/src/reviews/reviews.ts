import { appendToOutbox } from '@kempt/outbox';
import type { Database, Transaction } from '@kempt/postgres';
import { derivedId } from '../clusters/golden-id.ts';
import { contradictoryVerdict, unfitReview, unknownIdentity, unknownReview } from '../errors.ts';
import type { ChangeResolution } from '../matching/change-resolution.ts';
import type { EntityKind } from '../matching/entity-kind.ts';
import { recordKinds } from '../matching/match-record-store.ts';
import { survivorsOf } from '../matching/survivor-store.ts';
import type { DedupeMetrics } from '../metrics.ts';
import type { DecidingModels } from '../models/deciding-model.ts';
import { lockStateAlone } from '../models/model-store.ts';
import type { GateKeeper } from '../proposals/gate-keeper.ts';
import type { ReviewEvents } from './review-events.ts';
import {
  edgeProbability,
  loadReview,
  type Review,
  saveReview,
  type Verdict,
  type VerdictOrigin,
  verdictsAround,
} from './review-store.ts';
import { contradictions } from './verdict-graph.ts';

/** What a reviewer says of two records. */
export interface VerdictGiven {
  readonly left: string;
  readonly right: string;
  readonly verdict: Verdict;
  readonly note: string;
  readonly by: string;
  /** Default: single. */
  readonly origin?: VerdictOrigin;
}

export interface Reviews {
  /**
   * Takes a verdict and clusters anew what it touches, in one transaction. Saying the same again changes nothing.
   * Throws a problem with status 404 for an unknown record, 422 for two that cannot be one, 409 when verdicts that
   * stand rule this one out.
   */
  decide(tenantId: string, given: VerdictGiven): Promise<{ readonly review: Review; readonly isNew: boolean }>;
  /** Takes a verdict back and clusters anew what it held. Throws a problem with status 404 for an unknown review. */
  revoke(tenantId: string, decisionId: string, by: string): Promise<Review>;
}

export interface ReviewsOptions {
  readonly database: Database;
  readonly changes: ChangeResolution;
  readonly models: DecidingModels;
  readonly events: ReviewEvents;
  readonly gate: Pick<GateKeeper, 'look'>;
  readonly metrics: DedupeMetrics;
  readonly now: () => Date;
}

export function createReviews(options: ReviewsOptions): Reviews {
  const { database, changes, models, events, gate, metrics, now } = options;

  async function decide(tenantId: string, given: VerdictGiven): Promise<{ review: Review; isNew: boolean }> {
    if (given.left === given.right) throw unfitReview('/right', 'A verdict is on two records; these are one.');
    const [left, right] = [given.left, given.right].toSorted() as [string, string];
    return database.transaction(tenantId, async (tx) => {
      const kind = await commonKind(tx, left, right);
      const state = await lockStateAlone(tx, kind);
      const decisionId = derivedId(`review:${tenantId}:${left}:${right}`);
      const before = await loadReview(tx, decisionId);
      if (before !== undefined && saysTheSame(before, given)) return { review: before, isNew: false };
      const leftNow = before?.leftNow ?? (await survivorsOf(tx, [left]))[0] ?? left;
      const rightNow = before?.rightNow ?? (await survivorsOf(tx, [right]))[0] ?? right;
      await refuseContradiction(tx, kind, { decisionId, verdict: given.verdict, left: leftNow, right: rightNow });
      const review: Review = {
        decisionId,
        entityKind: kind,
        left,
        right,
        leftNow,
        rightNow,
        verdict: given.verdict,
        note: given.note,
        decidedBy: given.by,
        decidedAt: now(),
        version: (before?.version ?? 0) + 1,
        revoked: false,
        origin: given.origin ?? 'single',
        probability: await edgeProbability(tx, leftNow, rightNow),
      };
      await store(tx, review, state.phase === 'streaming' ? state.modelVersion : undefined);
      return { review, isNew: before === undefined };
    });
  }

  async function revoke(tenantId: string, decisionId: string, by: string): Promise<Review> {
    return database.transaction(tenantId, async (tx) => {
      const found = await loadReview(tx, decisionId);
      if (found === undefined) throw unknownReview(decisionId);
      const state = await lockStateAlone(tx, found.entityKind);
      // Read again under the lock: somebody may have changed it meanwhile.
      const before = (await loadReview(tx, decisionId)) ?? found;
      if (before.revoked) return before;
      const review: Review = {
        ...before,
        decidedBy: by,
        decidedAt: now(),
        version: before.version + 1,
        revoked: true,
      };
      await store(tx, review, state.phase === 'streaming' ? state.modelVersion : undefined);
      return review;
    });
  }

  async function store(tx: Transaction, review: Review, modelVersion: string | undefined): Promise<void> {
    await saveReview(tx, review);
    await appendToOutbox(tx, [events.matchDecided(tx.tenantId as string, review)], { lane: 'live' });
    metrics.reviews.inc({ entity_kind: review.entityKind, verdict: review.revoked ? 'revoked' : review.verdict });
    // Before the first resolution there is nothing to cluster: it takes the verdicts into account.
    if (modelVersion === undefined) return;
    await gate.look(tx, review.entityKind);
    const deciding = await models.get(tx, review.entityKind, modelVersion);
    const refs = [...new Set([review.leftNow, review.rightNow])];
    const counts = await changes.regroup(tx, review.entityKind, { deciding, refs });
    metrics.clusterChanges.inc({ entity_kind: review.entityKind }, counts.clusters);
  }

  return { decide, revoke };
}

function saysTheSame(review: Review, given: VerdictGiven): boolean {
  return !review.revoked && review.verdict === given.verdict && review.note === given.note;
}

async function commonKind(tx: Transaction, left: string, right: string): Promise<EntityKind> {
  const kinds = await recordKinds(tx, [left, right]);
  const [leftKind, rightKind] = [kinds.get(left), kinds.get(right)];
  if (leftKind === undefined) throw unknownIdentity(left);
  if (rightKind === undefined) throw unknownIdentity(right);
  if (leftKind !== rightKind) {
    throw unfitReview('/right', `${left} is a record of a ${leftKind} and ${right} of a ${rightKind}.`);
  }
  return leftKind;
}

async function refuseContradiction(
  tx: Transaction,
  kind: EntityKind,
  asked: { readonly decisionId: string; readonly verdict: Verdict; readonly left: string; readonly right: string },
): Promise<void> {
  const { verdict, left, right } = asked;
  if (verdict === 'unsure') return;
  const around = await verdictsAround(tx, kind, [left, right]);
  const others = around.filter((standing) => standing.decisionId !== asked.decisionId);
  const against = contradictions(others, { verdict, left, right });
  if (against.length > 0) throw contradictoryVerdict(against);
}
