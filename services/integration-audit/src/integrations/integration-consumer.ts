import { decodeEvent, topics } from '@kempt/contracts';
import type { Handle } from '@kempt/outbox';
import { eraseAccount } from '../accounts/account-store.ts';
import type { IntegrationAuditMetrics } from '../metrics.ts';
import { integrationOf } from './integration.ts';
import { removeIntegration, saveIntegration } from './integration-store.ts';

/** Keeps the register in step with Kempt's own connections. */
export function createIntegrationConsumer(metrics: IntegrationAuditMetrics, now: () => Date): Handle {
  return async (tx, records) => {
    for (const record of records) {
      const event = decodeEvent(topics.connectionChanged, record);
      if (event.data === null) {
        const account = event.key.slice(event.tenantId.length + 1);
        const removed = await removeIntegration(tx, { id: `kempt:${account}`, version: event.sequence });
        if (removed) await eraseAccount(tx, account, { erasedAt: event.time, now: now() });
        continue;
      }
      const integration = integrationOf(event, event.data);
      if (await saveIntegration(tx, integration)) {
        metrics.integrationChanges.inc({ kind: integration.kind, status: integration.status });
      }
    }
  };
}
