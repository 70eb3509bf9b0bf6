import { ProblemError } from '@kempt/service-runtime';

/** The answer to a question about an object over which no sync run has finished. */
export function unknownSyncKpi(account: string, object: string): ProblemError {
  return new ProblemError({
    status: 404,
    code: 'unknown-sync-kpi',
    detail: `No sync run over ${object} of ${account} has finished. GET /v1/kpis/sync lists what has.`,
  });
}
