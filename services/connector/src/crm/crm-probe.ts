/** API calls that an account may make a day. */
export interface CallAllowance {
  readonly remaining: number;
  readonly allowed: number;
}

/**
 * Asks a CRM for the least that shows that it answers: one call, never tried again, past the breaker and the rate of
 * everything else, so that it tells of the CRM and not of our own pauses. Gives the allowance where it came along, null
 * otherwise; with `withAllowance` it is asked for. Rejects with CrmError, or with the reason of the signal.
 */
export type AskCrm = (
  options: { readonly withAllowance: boolean },
  signal: AbortSignal,
) => Promise<CallAllowance | null>;
