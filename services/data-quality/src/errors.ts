import { ProblemError } from '@kempt/service-runtime';

/** The answer to a question about an object of which no record is known. */
export function unknownProfile(account: string, object: string): ProblemError {
  return new ProblemError({
    status: 404,
    code: 'unknown-profile',
    detail: `No record of ${object} in ${account} is known. GET /v1/data-quality/profiles lists what is.`,
  });
}
