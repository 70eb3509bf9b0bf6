import { PolicyError } from '@kempt/resilience';
import { ProblemError } from '@kempt/service-runtime';
import { CrmError } from './crm/crm-error.ts';

/** Why something failed, for programs and for people. */
export interface FailureReason {
  readonly reasonCode: string;
  readonly reason: string;
}

/** The reason of a failure, as it is kept with runs and connections. Nothing of an unexpected error is shown. */
export function reasonOf(error: unknown): FailureReason {
  if (error instanceof CrmError) return { reasonCode: `crm-${error.kind}`, reason: error.message };
  if (error instanceof PolicyError) return { reasonCode: `crm-${error.code}`, reason: error.message };
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  if (typeof code === 'string' && typeof message === 'string') return { reasonCode: code, reason: message };
  return { reasonCode: 'internal', reason: 'The connector failed. Its log names the reason.' };
}

/** The answer to a request that a CRM did not let succeed. Pointers name the part of the request at fault. */
export function problemOfCrm(errors: readonly unknown[]): ProblemError {
  const [first] = errors;
  if (errors.every((error) => error instanceof CrmError && isRequestsFault(error))) {
    const faults = errors as readonly CrmError[];
    return new ProblemError({
      status: 422,
      code: `crm-${faults[0]?.kind ?? 'refused'}`,
      title: 'The CRM refuses the connection',
      detail: faults.map((fault) => fault.message).join(' '),
      errors: faults.map((fault) => ({ pointer: `/body${fault.pointer ?? ''}`, detail: fault.message })),
      cause: first,
    });
  }
  const cause = errors.find((error) => !(error instanceof CrmError && isRequestsFault(error)));
  if (cause instanceof CrmError || cause instanceof PolicyError) {
    return new ProblemError({
      status: 503,
      code: reasonOf(cause).reasonCode,
      title: 'The CRM does not answer as it should',
      detail: `${cause.message} Try again later.`,
      retryAfterSeconds: Math.ceil((cause.retryAfterMs ?? 10_000) / 1000),
      cause,
    });
  }
  throw cause;
}

/** Whether another request would fare better, so that waiting does not help. */
const isRequestsFault = (error: CrmError): boolean =>
  error.pointer !== undefined || ['auth', 'permission', 'validation', 'not-found'].includes(error.kind);
