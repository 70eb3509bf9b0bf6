import { ProblemError } from '@kempt/service-runtime';

/** The answer to a question about an object of which no record is known. */
export function unknownProfile(account: string, object: string): ProblemError {
  return new ProblemError({
    status: 404,
    code: 'unknown-profile',
    detail: `No record of ${object} in ${account} is known. GET /v1/data-quality/profiles lists what is.`,
  });
}

export function unknownScore(account: string, object: string): ProblemError {
  return new ProblemError({
    status: 404,
    code: 'unknown-score',
    detail: `No rule applies to a record of ${object} in ${account}. GET /v1/data-quality/scores lists what is scored.`,
  });
}

export function unknownRule(ruleId: string): ProblemError {
  return new ProblemError({
    status: 404,
    code: 'unknown-rule',
    detail: `The rule ${ruleId} was neither changed nor added. GET /v1/data-quality/rules lists the rules; to switch a default off, put it with enabled false.`,
  });
}

export function unknownStandard(standardId: string): ProblemError {
  return new ProblemError({
    status: 404,
    code: 'unknown-standardisation',
    detail: `There is no standardisation ${standardId}. GET /v1/data-quality/standardisations lists what there is.`,
  });
}

export function nothingToFix(account: string, object: string): ProblemError {
  return new ProblemError({
    status: 409,
    code: 'nothing-to-fix',
    detail: `No value of ${object} in ${account} can be written in a more standard way.`,
  });
}

export function unknownFixProposal(proposalId: string): ProblemError {
  return new ProblemError({
    status: 404,
    code: 'unknown-proposal',
    detail: `There is no proposal ${proposalId}. GET /v1/data-quality/proposals lists what there is.`,
  });
}
