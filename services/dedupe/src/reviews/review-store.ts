import type { Transaction } from '@kempt/postgres';
import type { EntityKind } from '../matching/entity-kind.ts';
import type { Pair, StandingVerdict } from './verdict-graph.ts';

export type Verdict = 'same' | 'different' | 'unsure';
/** Whether somebody looked at the pair, or accepted it among others of its pattern. */
export type VerdictOrigin = 'single' | 'bulk';

/** The newest verdict on two records. */
export interface Review {
  readonly decisionId: string;
  readonly entityKind: EntityKind;
  /** The record that sorts first. */
  readonly left: string;
  readonly right: string;
  readonly leftNow: string;
  readonly rightNow: string;
  readonly verdict: Verdict;
  readonly note: string;
  readonly decidedBy: string;
  readonly decidedAt: Date;
  readonly version: number;
  readonly revoked: boolean;
  readonly origin: VerdictOrigin;
  /** Match probability of the two when the verdict was given; null when it was too small to be kept. */
  readonly probability: number | null;
}

const columns = `decision_id as "decisionId", entity_kind as "entityKind", left_ref as "left", right_ref as "right",
  left_now as "leftNow", right_now as "rightNow", verdict, note, decided_by as "decidedBy", decided_at as "decidedAt",
  version, revoked, origin, probability`;

export async function loadReview(tx: Transaction, decisionId: string): Promise<Review | undefined> {
  const rows = await tx.query<Review>(`select ${columns} from review where tenant_id = $1 and decision_id = $2`, [
    tx.tenantId,
    decisionId,
  ]);
  return rows[0];
}

export async function saveReview(tx: Transaction, review: Review): Promise<void> {
  await tx.execute(
    `insert into review (tenant_id, decision_id, entity_kind, left_ref, right_ref, left_now, right_now, verdict, note,
                         decided_by, decided_at, version, revoked, origin, probability)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
     on conflict (tenant_id, decision_id) do update
       set verdict = excluded.verdict, note = excluded.note, decided_by = excluded.decided_by,
           decided_at = excluded.decided_at, version = excluded.version, revoked = excluded.revoked, origin = excluded.origin,
           probability = excluded.probability`,
    [
      tx.tenantId,
      review.decisionId,
      review.entityKind,
      review.left,
      review.right,
      review.leftNow,
      review.rightNow,
      review.verdict,
      review.note,
      review.decidedBy,
      review.decidedAt,
      review.version,
      review.revoked,
      review.origin,
      review.probability,
    ],
  );
}

export async function listReviews(
  tx: Transaction,
  filter: {
    readonly verdict: Verdict | undefined;
    readonly record: string | undefined;
    readonly includeRevoked: boolean;
    readonly after: string;
    readonly limit: number;
  },
): Promise<Review[]> {
  return tx.query<Review>(
    `select ${columns} from review
     where tenant_id = $1 and ($2::text is null or verdict = $2)
       and ($3::text is null or $3 in (left_ref, right_ref, left_now, right_now))
       and ($4 or not revoked) and decision_id > $5
     order by decision_id limit $6`,
    [tx.tenantId, filter.verdict ?? null, filter.record ?? null, filter.includeRevoked, filter.after, filter.limit],
  );
}

/** Standing verdicts of a kind, or of the records only when some are given. `unsure` asks for nothing. */
export async function standingVerdicts(
  tx: Transaction,
  kind: EntityKind,
  refs?: readonly string[],
): Promise<StandingVerdict[]> {
  return tx.query<StandingVerdict>(
    `select decision_id as "decisionId", verdict, left_now as "left", right_now as "right"
     from review
     where tenant_id = $1 and entity_kind = $2 and not revoked and verdict <> 'unsure'
       and ($3::text[] is null or left_now = any($3) or right_now = any($3))
     order by decision_id`,
    [tx.tenantId, kind, refs ?? null],
  );
}

/** The newest standing verdicts of a kind that say something, as labels. */
export async function newestVerdicts(tx: Transaction, kind: EntityKind, limit: number): Promise<StandingVerdict[]> {
  return tx.query<StandingVerdict>(
    `select decision_id as "decisionId", verdict, left_now as "left", right_now as "right"
     from review
     where tenant_id = $1 and entity_kind = $2 and not revoked and verdict <> 'unsure'
     order by decided_at desc, decision_id limit $3`,
    [tx.tenantId, kind, limit],
  );
}

/** Every standing verdict that follows from, or bears upon, those on the records: whatever `same` connects with them. */
export async function verdictsAround(
  tx: Transaction,
  kind: EntityKind,
  refs: readonly string[],
): Promise<StandingVerdict[]> {
  const found = new Map<string, StandingVerdict>();
  const seen = new Set(refs);
  let frontier = [...refs];
  while (frontier.length > 0) {
    const next: string[] = [];
    for (const verdict of await standingVerdicts(tx, kind, frontier)) {
      found.set(verdict.decisionId, verdict);
      if (verdict.verdict !== 'same') continue;
      for (const end of [verdict.left, verdict.right]) {
        if (seen.has(end)) continue;
        seen.add(end);
        next.push(end);
      }
    }
    frontier = next;
  }
  return [...found.values()];
}

/** Pairs of the records that a reviewer told apart. */
export async function toldApart(tx: Transaction, refs: readonly string[]): Promise<Pair[]> {
  if (refs.length === 0) return [];
  return pairsOf(
    await tx.query(
      `select left_now, right_now from review
       where tenant_id = $1 and not revoked and verdict = 'different'
         and left_now = any($2::text[]) and right_now = any($2::text[])`,
      [tx.tenantId, refs],
    ),
  );
}

/** Pairs of the records that a reviewer looked at and found to be the same. */
export async function toldSame(tx: Transaction, refs: readonly string[]): Promise<Pair[]> {
  if (refs.length === 0) return [];
  return pairsOf(
    await tx.query(
      `select left_now, right_now from review
       where tenant_id = $1 and not revoked and verdict = 'same' and origin = 'single'
         and left_now = any($2::text[]) and right_now = any($2::text[])`,
      [tx.tenantId, refs],
    ),
  );
}

function pairsOf(rows: readonly { left_now: string; right_now: string }[]): Pair[] {
  return rows.map((row) => [row.left_now, row.right_now]);
}

export async function anyReviews(tx: Transaction): Promise<boolean> {
  const rows = await tx.query(`select 1 from review where tenant_id = $1 limit 1`, [tx.tenantId]);
  return rows.length > 0;
}

/** Match probability of two records as their edge has it; null when none is kept. */
export async function edgeProbability(tx: Transaction, left: string, right: string): Promise<number | null> {
  const rows = await tx.query<{ probability: number }>(
    `select probability from edge where tenant_id = $1 and left_ref = least($2, $3) and right_ref = greatest($2, $3)`,
    [tx.tenantId, left, right],
  );
  return rows[0]?.probability ?? null;
}

/**
 * Makes verdicts on records that were merged away, or that came back, speak of those that stand for them today.
 * @returns the records that they spoke of before and speak of now
 */
export async function followSurvivors(tx: Transaction, refs: readonly string[]): Promise<string[]> {
  if (refs.length === 0) return [];
  const rows = await tx.query<{ left_before: string; right_before: string; left_now: string; right_now: string }>(
    `with recursive concerned (ref) as (
       select unnest($2::text[])
       union
       select record.ref from match_record as record join concerned on record.merged_into = concerned.ref
       where record.tenant_id = $1
     ), affected as (
       select decision_id, left_ref, right_ref, left_now, right_now from review
       where tenant_id = $1
         and (left_ref in (select ref from concerned) or right_ref in (select ref from concerned)
              or left_now in (select ref from concerned) or right_now in (select ref from concerned))
     ), path (start, ref, depth) as (
       select left_ref, left_ref, 0 from affected
       union
       select right_ref, right_ref, 0 from affected
       union
       select path.start, record.merged_into, path.depth + 1
       from path join match_record as record on record.tenant_id = $1 and record.ref = path.ref
       where record.merged_into is not null and path.depth < 50
     ), survivor as (
       select distinct on (start) start, ref from path order by start, depth desc
     )
     update review set left_now = lefts.ref, right_now = rights.ref
     from affected
       join survivor as lefts on lefts.start = affected.left_ref
       join survivor as rights on rights.start = affected.right_ref
     where review.tenant_id = $1 and review.decision_id = affected.decision_id
     returning affected.left_now as left_before, affected.right_now as right_before,
               review.left_now, review.right_now`,
    [tx.tenantId, refs],
  );
  return [...new Set(rows.flatMap((row) => [row.left_before, row.right_before, row.left_now, row.right_now]))];
}

/** Takes what reviewers wrote of records that were erased out of their verdicts; the verdicts stay. */
export async function forgetNotes(tx: Transaction, refs: readonly string[]): Promise<void> {
  if (refs.length === 0) return;
  await tx.execute(
    `update review set note = '' where tenant_id = $1 and (left_ref = any($2::text[]) or right_ref = any($2::text[]))`,
    [tx.tenantId, refs],
  );
}
