import { ProblemError } from '@kempt/service-runtime';

/** The answer to a question about an integration that is not on the register. */
export function unknownIntegration(id: string): ProblemError {
  return new ProblemError({
    status: 404,
    code: 'unknown-integration',
    detail: `"${id}" is not on the register of integrations. GET /v1/integrations lists what is.`,
  });
}

export function unknownFinding(id: string): ProblemError {
  return new ProblemError({
    status: 404,
    code: 'unknown-finding',
    detail: `There is no finding ${id}. GET /v1/findings?state=all lists what there is.`,
  });
}

export function findingIsResolved(id: string): ProblemError {
  return new ProblemError({
    status: 409,
    code: 'finding-is-resolved',
    detail: `The finding ${id} is resolved: there is nothing to accept any more.`,
  });
}

export function findingIsNotAccepted(id: string): ProblemError {
  return new ProblemError({
    status: 409,
    code: 'finding-is-not-accepted',
    detail: `The finding ${id} is not accepted. GET /v1/findings/${id} shows its state.`,
  });
}
