import type { Transaction } from '@kempt/postgres';

/** Makes the tenant known to the sweeps. */
export async function ensureTenant(tx: Transaction): Promise<void> {
  await tx.execute(`insert into known_tenant (tenant_id) values ($1) on conflict (tenant_id) do nothing`, [
    tx.tenantId,
  ]);
}

/** In a system transaction. */
export async function listTenants(tx: Transaction): Promise<string[]> {
  const rows = await tx.query<{ tenant_id: string }>(`select tenant_id from known_tenant order by tenant_id`);
  return rows.map(({ tenant_id }) => tenant_id);
}

const columns = { kpis: 'kpis_due_at', calendar: 'calendar_due_at' } as const;

/**
 * Takes the tenant's turn of a periodic work, and says when the next one is. False when it is not due yet: another
 * instance has taken it. The row stays locked until the transaction ends.
 */
export async function takeTurn(
  tx: Transaction,
  work: keyof typeof columns,
  { now, nextAt }: { readonly now: Date; readonly nextAt: Date },
): Promise<boolean> {
  const column = columns[work];
  const taken = await tx.execute(`update known_tenant set ${column} = $3 where tenant_id = $1 and ${column} <= $2`, [
    tx.tenantId,
    now,
    nextAt,
  ]);
  return taken > 0;
}
