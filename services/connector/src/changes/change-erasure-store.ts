import type { Transaction } from '@kempt/postgres';

/**
 * Removes every value that change sets keep of an account's records: what was asked for, before-images, journal, aliases.
 * That there were change sets, who agreed to them and the hashes that seal them stay. They cannot be undone any more.
 */
export async function eraseChanges(tx: Transaction, account: string): Promise<void> {
  const ofAccount = 'select id from change_set where tenant_id = $1 and $2 = any (accounts)';
  await tx.execute('delete from record_alias where tenant_id = $1 and account = $2', [tx.tenantId, account]);
  await tx.execute('delete from change_record_lock where tenant_id = $1 and account = $2', [tx.tenantId, account]);
  await tx.execute(`delete from change_journal where tenant_id = $1 and change_set_id in (${ofAccount})`, [
    tx.tenantId,
    account,
  ]);
  await tx.execute(
    `update change_operation
        set plan = null, result = null,
            request = case when request ? 'fields' then jsonb_set(request, '{fields}', '{}') else request end
      where tenant_id = $1 and change_set_id in (${ofAccount})`,
    [tx.tenantId, account],
  );
}
