import { appendToOutbox } from '@kempt/outbox';
import type { Transaction } from '@kempt/postgres';
import { failedLogins, forgetLogins, knowsLogins, lastLoginsOfApplications } from '../access/login-store.ts';
import { loadUsers } from '../access/user-store.ts';
import type { AccountTurn } from '../accounts/account-store.ts';
import { forgetUsages, loadApps, loadUsages } from '../integrations/app-store.ts';
import { describeIntegrations } from '../integrations/crm-integration.ts';
import { removeDeletedIntegrations, saveCrmIntegrations } from '../integrations/integration-store.ts';
import type { IntegrationAuditMetrics } from '../metrics.ts';
import { riskyActions } from '../setup-changes/setup-change.ts';
import { forgetSetupChanges, knowsSetupChanges, listSetupChanges } from '../setup-changes/setup-change-store.ts';
import type { AuditFacts, Thresholds } from './audit-facts.ts';
import { detectAll } from './audit-rules.ts';
import { findingChanges } from './finding-change.ts';
import type { FindingEvents } from './finding-events.ts';
import { findingId } from './finding-id.ts';
import { lockFindings, removeResolved, saveFindings } from './finding-store.ts';

interface AccountAssessorOptions {
  readonly thresholds: Thresholds;
  readonly historyDays: number;
  readonly events: FindingEvents;
  readonly metrics: IntegrationAuditMetrics;
  readonly now: () => Date;
}

const dayMs = 86_400_000;
/** More changes than these in the days that are looked at are an import or an upgrade, and nobody would read them. */
const mostRiskyChanges = 1_000;

/** Works out the register and the findings of an account from what is known of it. The account's row is held. */
export function createAccountAssessor({ thresholds, historyDays, events, metrics, now }: AccountAssessorOptions) {
  async function readFacts(tx: Transaction, account: string, { firstSeenAt }: AccountTurn): Promise<AuditFacts> {
    const time = now();
    const recent = new Date(time.getTime() - thresholds.recentChangeDays * dayMs);
    const integrations = describeIntegrations(account, {
      apps: await loadApps(tx, account),
      usages: await loadUsages(tx, account),
      appLogins: await lastLoginsOfApplications(tx, account),
      now: time,
    });
    return {
      account,
      now: time,
      firstSeenAt,
      users: await loadUsers(tx, account),
      integrations,
      riskyChanges: await listSetupChanges(tx, {
        account,
        actions: riskyActions.map(({ action }) => action),
        since: recent,
        limit: mostRiskyChanges,
      }),
      failedLogins: await failedLogins(tx, account, recent),
      knowsLogins: await knowsLogins(tx, account),
      knowsSetupChanges: await knowsSetupChanges(tx, account),
    };
  }

  return async (tx: Transaction, account: string, turn: AccountTurn): Promise<void> => {
    const tenantId = tx.tenantId ?? '';
    const before = (days: number): Date => new Date(now().getTime() - days * dayMs);
    await forgetLogins(tx, account, before(historyDays));
    await forgetSetupChanges(tx, account, before(historyDays));
    await forgetUsages(tx, account, before(2 * historyDays));
    const known = await lockFindings(tx, account);
    const facts = await readFacts(tx, account, turn);
    for (const { kind, status } of await saveCrmIntegrations(tx, account, facts)) {
      metrics.integrationChanges.inc({ kind, status });
    }
    const changes = findingChanges(known, detectAll(facts, thresholds), {
      account,
      now: facts.now,
      newId: (detection) => findingId(tenantId, account, detection),
    });
    await saveFindings(tx, changes);
    if (changes.length > 0) {
      await appendToOutbox(
        tx,
        changes.map((finding) => events(tenantId, finding)),
      );
    }
    for (const { ruleId, state } of changes) metrics.findingChanges.inc({ rule: ruleId, state });
    if (!turn.erased) return;
    await removeResolved(tx, account);
    await removeDeletedIntegrations(tx, account);
  };
}
