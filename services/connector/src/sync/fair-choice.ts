import type { SyncTarget } from './sync-target.ts';

export interface FairLimits {
  /** Targets read at the same time. */
  readonly total: number;
  /** Targets of one account read at the same time. */
  readonly perAccount: number;
}

const accountOf = (target: SyncTarget): string => `${target.tenantId}:${target.account}`;

/**
 * Which of the due targets to begin with, given those that are being read: one of each account in turn, so that an
 * account with much to read does not keep the others waiting. `due` is in the order of waiting.
 */
export function chooseFairly(
  due: readonly SyncTarget[],
  running: readonly SyncTarget[],
  limits: FairLimits,
): SyncTarget[] {
  const busy = new Map<string, number>();
  for (const target of running) busy.set(accountOf(target), (busy.get(accountOf(target)) ?? 0) + 1);
  const queues = new Map<string, SyncTarget[]>();
  for (const target of due) {
    const queue = queues.get(accountOf(target));
    if (queue === undefined) queues.set(accountOf(target), [target]);
    else queue.push(target);
  }
  const chosen: SyncTarget[] = [];
  for (let progress = true; progress && running.length + chosen.length < limits.total; ) {
    progress = false;
    // Accounts that are read least come first; those that are equal in the order of waiting.
    const accounts = [...queues.keys()].sort((left, right) => (busy.get(left) ?? 0) - (busy.get(right) ?? 0));
    for (const account of accounts) {
      if (running.length + chosen.length >= limits.total) break;
      if ((busy.get(account) ?? 0) >= limits.perAccount) continue;
      const next = queues.get(account)?.shift();
      if (next === undefined) continue;
      chosen.push(next);
      busy.set(account, (busy.get(account) ?? 0) + 1);
      progress = true;
    }
  }
  return chosen;
}
