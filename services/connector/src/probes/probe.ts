import type { CrmClient } from '../crm/crm-client.ts';
import { CrmError } from '../crm/crm-error.ts';
import type { CallAllowance } from '../crm/crm-probe.ts';
import { reasonOf } from '../errors.ts';

export type ProbeOutcome = 'up' | 'down' | 'refused';

export interface ProbeResult {
  readonly outcome: ProbeOutcome;
  /** How long the answer took; 0 when there was none. */
  readonly latencyMs: number;
  /** For people; empty when it was up. */
  readonly reason: string;
  /** Null when the answer did not tell. A CRM that refuses since it is used up does not say of how much. */
  readonly allowance: CallAllowance | { readonly remaining: 0; readonly allowed: null } | null;
}

const isSilence = (error: CrmError): boolean => error.kind === 'unavailable' || error.kind === 'malformed';

/** What an answer that is none, or an error, says of the CRM. Null when it says nothing: the fault is ours. */
export function judgeProbe(error: unknown, elapsedMs: number): ProbeResult | null {
  if (!(error instanceof CrmError)) return null;
  // It answers, and would do as it is asked if it had been asked less often: nothing is wrong with it or with our credentials.
  if (error.kind === 'quota' || error.kind === 'rate') {
    const allowance = error.kind === 'quota' ? ({ remaining: 0, allowed: null } as const) : null;
    return { outcome: 'up', latencyMs: elapsedMs, reason: '', allowance };
  }
  const { reason } = reasonOf(error);
  // An error status is an answer, but not to be served counts as down however fast it came.
  if (isSilence(error)) return { outcome: 'down', latencyMs: 0, reason, allowance: null };
  return { outcome: 'refused', latencyMs: elapsedMs, reason, allowance: null };
}

/** How much later than its time limit a probe may end before it is clear that we ourselves stood still meanwhile. */
const stallMs = 2_000;

/**
 * Asks a CRM once whether it is there. Null when the probe tells nothing of the CRM, because we were the ones who could
 * not: stopped, suspended, without usable credentials.
 */
export async function probeOnce(
  client: Pick<CrmClient, 'ask' | 'system'>,
  options: { readonly withAllowance: boolean; readonly timeoutMs: number; readonly clock: () => number },
  signal: AbortSignal,
): Promise<ProbeResult | null> {
  const begun = options.clock();
  const timeLimit = AbortSignal.timeout(options.timeoutMs);
  try {
    const allowance = await client.ask(options, AbortSignal.any([signal, timeLimit]));
    return { outcome: 'up', latencyMs: Math.round(options.clock() - begun), reason: '', allowance };
  } catch (error) {
    if (signal.aborted) return null;
    const elapsedMs = Math.round(options.clock() - begun);
    if (!timeLimit.aborted || error instanceof CrmError) return judgeProbe(error, elapsedMs);
    if (elapsedMs > options.timeoutMs + stallMs) return null;
    const name = client.system === 'salesforce' ? 'Salesforce' : 'HubSpot';
    const reason = `${name} did not answer within ${options.timeoutMs} ms.`;
    return { outcome: 'down', latencyMs: 0, reason, allowance: null };
  }
}
