import type { System } from '../crm/crm-client.ts';
import type { CrmStatus } from './crm-status-store.ts';
import type { ProbeOutcome } from './probe.ts';

export const probeOutcomes = ['up', 'down', 'refused'] as const satisfies readonly ProbeOutcome[];

/** The accounts of one system, without telling one from another: there may be thousands. */
export interface AccountSummary {
  readonly system: System;
  /** How many accounts the last probe found in which way. */
  readonly accounts: Readonly<Record<ProbeOutcome, number>>;
  /** API calls of the day of the accounts that say so; null when none does. */
  readonly calls: {
    readonly used: number;
    readonly allowed: number;
    /** What is left of the account that has least, 0 to 1. */
    readonly lowestRemainingRatio: number;
  } | null;
}

type Probed = Pick<CrmStatus, 'account' | 'system' | 'outcome' | 'callsRemaining' | 'callsAllowed'>;

/** Sums up what was probed. Several tenants may read one account: the last one in the list speaks for it. */
export function summariseAccounts(statuses: readonly Probed[]): AccountSummary[] {
  const byAccount = new Map(statuses.map((status) => [status.account, status]));
  return [...Map.groupBy(byAccount.values(), ({ system }) => system)].map(([system, accounts]) => ({
    system,
    accounts: {
      up: accounts.filter(({ outcome }) => outcome === 'up').length,
      down: accounts.filter(({ outcome }) => outcome === 'down').length,
      refused: accounts.filter(({ outcome }) => outcome === 'refused').length,
    },
    calls: callsOf(accounts),
  }));
}

function callsOf(accounts: readonly Probed[]): AccountSummary['calls'] {
  const told = accounts.flatMap(({ callsRemaining: remaining, callsAllowed: allowed }) =>
    remaining === null || allowed === null || allowed <= 0 ? [] : [{ remaining, allowed }],
  );
  if (told.length === 0) return null;
  return {
    used: told.reduce((sum, { remaining, allowed }) => sum + Math.max(0, allowed - remaining), 0),
    allowed: told.reduce((sum, { allowed }) => sum + allowed, 0),
    lowestRemainingRatio: Math.min(...told.map(({ remaining, allowed }) => Math.max(0, remaining) / allowed)),
  };
}
