import type { Transaction } from '@kempt/postgres';
import type { Integration, IntegrationStatus } from './integration.ts';

/**
 * Takes what an event says into the register, unless something newer is known. The status keeps its beginning while it
 * stays the same, and so does the entry. Resolves to whether anything was news.
 */
export async function saveIntegration(tx: Transaction, integration: Integration): Promise<boolean> {
  const { id, kind, account, system, name, status, statusSince, registeredAt, objects, version } = integration;
  const count = await tx.execute(
    `insert into integration as known
       (tenant_id, id, kind, account, system, name, status, status_since, registered_at, objects, version)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
     on conflict (tenant_id, id) do update
       set system = excluded.system, name = excluded.name, status = excluded.status, objects = excluded.objects,
           version = excluded.version,
           status_since = case when known.status = excluded.status then known.status_since else excluded.status_since end
       where known.version < excluded.version`,
    [tx.tenantId, id, kind, account, system, name, status, statusSince, registeredAt, objects, version],
  );
  return count > 0;
}

/** Removes what was erased; a tombstone that comes late removes nothing newer. */
export async function removeIntegration(
  tx: Transaction,
  { id, version }: { readonly id: string; readonly version: number },
): Promise<void> {
  await tx.execute('delete from integration where tenant_id = $1 and id = $2 and version < $3', [
    tx.tenantId,
    id,
    version,
  ]);
}

interface IntegrationRow {
  readonly id: string;
  readonly kind: 'kempt-connection';
  readonly account: string;
  readonly system: string;
  readonly name: string;
  readonly status: IntegrationStatus;
  readonly status_since: Date;
  readonly registered_at: Date;
  readonly objects: string[];
  readonly version: string;
}

const columns = 'id, kind, account, system, name, status, status_since, registered_at, objects, version';

function fromRow(row: IntegrationRow): Integration {
  const { status_since: statusSince, registered_at: registeredAt, version, ...rest } = row;
  return { ...rest, statusSince, registeredAt, version: Number(version) };
}

export interface IntegrationQuery {
  readonly status?: IntegrationStatus | undefined;
  /** The page begins behind this id. */
  readonly after: string;
  readonly limit: number;
}

/** The register in the order of ids. */
export async function listIntegrations(tx: Transaction, query: IntegrationQuery): Promise<Integration[]> {
  const rows = await tx.query<IntegrationRow>(
    `select ${columns} from integration
      where tenant_id = $1 and id > $2 and ($3::text is null or status = $3)
      order by id limit $4`,
    [tx.tenantId, query.after, query.status ?? null, query.limit],
  );
  return rows.map(fromRow);
}

export async function findIntegration(tx: Transaction, id: string): Promise<Integration | undefined> {
  const [row] = await tx.query<IntegrationRow>(`select ${columns} from integration where tenant_id = $1 and id = $2`, [
    tx.tenantId,
    id,
  ]);
  return row && fromRow(row);
}
