import { ProblemError } from '@kempt/service-runtime';

/** The answer to a question about an integration that is not on the register. */
export function unknownIntegration(id: string): ProblemError {
  return new ProblemError({
    status: 404,
    code: 'unknown-integration',
    detail: `"${id}" is not on the register of integrations. GET /v1/integrations lists what is.`,
  });
}
