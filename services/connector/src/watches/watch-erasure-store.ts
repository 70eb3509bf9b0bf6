import type { Transaction } from '@kempt/postgres';

const tables = ['webhook_notice', 'audit_record', 'audit_source', 'completeness', 'crm_status'] as const;

/**
 * Removes what looks at an account besides its records have brought: people and apps with access, counts, probes, notices.
 * Whoever is having a look at this moment can save nothing more.
 */
export async function eraseWatched(tx: Transaction, account: string): Promise<void> {
  await tx.execute(
    `update watch set due_at = 'infinity', holder = null, expires_at = null, epoch = epoch + 1
      where tenant_id = $1 and account = $2`,
    [tx.tenantId, account],
  );
  for (const table of tables) {
    await tx.execute(`delete from ${table} where tenant_id = $1 and account = $2`, [tx.tenantId, account]);
  }
}
