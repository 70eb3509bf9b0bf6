import { type AuditRecordChanged, decodeEvent, topics } from '@kempt/contracts';
import type { Handle } from '@kempt/outbox';
import { saveLogins } from '../access/login-store.ts';
import { saveUsers } from '../access/user-store.ts';
import { noteNews } from '../accounts/account-store.ts';
import { saveApps, saveUsages } from '../integrations/app-store.ts';
import type { IntegrationAuditMetrics } from '../metrics.ts';
import { saveSetupChanges } from '../setup-changes/setup-change-store.ts';
import { batchOf } from './audit-batch.ts';

interface AuditConsumerOptions {
  readonly settleMs: number;
  readonly metrics: IntegrationAuditMetrics;
  readonly now: () => Date;
}

/** Keeps what the connector tells of users, log-ins, apps, calls and setup changes. Findings follow in the background. */
export function createAuditConsumer({ settleMs, metrics, now }: AuditConsumerOptions): Handle {
  return async (tx, records) => {
    const byAccount = new Map<string, { readonly readAt: Date; readonly data: AuditRecordChanged }[]>();
    for (const record of records) {
      const { data, time } = decodeEvent(topics.auditRecordChanged, record);
      if (data === null || data.kind.case === undefined) continue;
      byAccount.set(data.account, [...(byAccount.get(data.account) ?? []), { readAt: time, data }]);
    }
    for (const [account, all] of [...byAccount].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const erasedAt = await noteNews(tx, account, { now: now(), settleMs });
      const told = all.filter(({ readAt }) => erasedAt === null || readAt > erasedAt).map(({ data }) => data);
      const batch = batchOf(told);
      await saveUsers(tx, account, { users: batch.users, now: now() });
      await saveLogins(tx, account, batch.logins);
      await saveApps(tx, account, batch.apps);
      await saveUsages(tx, account, batch.usages);
      await saveSetupChanges(tx, account, batch.setupChanges);
      for (const { kind } of told) metrics.auditRecords.inc({ kind: kind.case ?? 'unknown' });
    }
  };
}
