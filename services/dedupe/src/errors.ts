import { ProblemError } from '@kempt/service-runtime';
import type { EntityKind } from './matching/entity-kind.ts';
import type { StandingVerdict } from './reviews/verdict-graph.ts';

/** Thrown when the model that decides for a kind is not stored: the database was restored in part. */
export class MatchModelMissingError extends Error {
  override readonly name = 'MatchModelMissingError';
  readonly code = 'DEDUPE_MODEL_MISSING';
  readonly retriable = false;

  constructor(kind: EntityKind, version: string) {
    super(
      `The match model ${version} for ${kind} records decides but is not stored. Restore the dedupe schema as a whole.`,
    );
  }
}

/** The answer to a look-up that names no cluster and no record that dedupe has seen. */
export function unknownIdentity(identity: string): ProblemError {
  return new ProblemError({
    status: 404,
    code: 'unknown_identity',
    detail:
      `"${identity}" is neither a golden ID nor the reference of a record that was matched. A reference reads ` +
      'account:object:recordId, for example sf:00D000000000001AAA:Contact:003000000000001AAA.',
  });
}

/** The answer to a look-up of a proposal that does not exist. */
export function unknownProposal(id: string): ProblemError {
  return new ProblemError({
    status: 404,
    code: 'unknown_proposal',
    detail: `There is no proposal ${id}. GET /v1/proposals lists them; a proposal whose cluster was absorbed is withdrawn.`,
  });
}

/** The answer to a look-up of a model that does not exist. */
export function unknownModel(version: string): ProblemError {
  return new ProblemError({
    status: 404,
    code: 'unknown_model',
    detail: `There is no match model ${version}. GET /v1/models lists them; candidates that never decided are dropped in time.`,
  });
}

/** The answer to a promotion that something speaks against. */
export function promotionRefused(version: string, objections: readonly string[]): ProblemError {
  return new ProblemError({
    status: 409,
    code: 'promotion_refused',
    detail: `The match model ${version} is not promoted: ${objections.join(' ')} Somebody with the scope admin may insist by force.`,
    errors: objections.map((detail) => ({ pointer: '', detail })),
  });
}

/** The answer to whatever needs a model while records are only collected. */
export function noModelYet(): ProblemError {
  return new ProblemError({
    status: 409,
    code: 'no_model_yet',
    detail:
      'No match model decides yet: the first backfills of all accounts are still running. GET /v1/models shows when.',
  });
}

/** The answer to a look-up of a review that does not exist. */
export function unknownReview(id: string): ProblemError {
  return new ProblemError({
    status: 404,
    code: 'unknown_review',
    detail: `There is no review ${id}. GET /v1/reviews lists them.`,
  });
}

/** The answer to a question about a record to be created that cannot be answered. */
export function unfitMatchQuestion(pointer: string, detail: string): ProblemError {
  return new ProblemError({ status: 422, code: 'unfit_match_question', detail, errors: [{ pointer, detail }] });
}

/** The answer to verdicts in bulk by a pattern that the model does not know. */
export function unfitPattern(errors: readonly { readonly pointer: string; readonly detail: string }[]): ProblemError {
  return new ProblemError({
    status: 422,
    code: 'unfit_pattern',
    detail:
      'The pattern names columns or levels that the match model does not have. Explanations show those that it has.',
    errors: [...errors],
  });
}

/** The answer to a verdict on two records that cannot be compared. */
export function unfitReview(pointer: string, detail: string): ProblemError {
  return new ProblemError({ status: 422, code: 'unfit_review', detail, errors: [{ pointer, detail }] });
}

/** The answer to a verdict that earlier ones, which still stand, rule out. */
export function contradictoryVerdict(verdicts: readonly StandingVerdict[]): ProblemError {
  const detail = 'Other verdicts say the opposite. Revoke one of them by DELETE /v1/reviews/{id} first.';
  return new ProblemError({
    status: 409,
    code: 'contradictory_verdict',
    detail,
    errors: verdicts.map((verdict) => ({
      pointer: '/verdict',
      detail: `review ${verdict.decisionId}: ${verdict.left} and ${verdict.right} are ${verdict.verdict === 'same' ? 'the same' : 'different'}`,
    })),
  });
}
