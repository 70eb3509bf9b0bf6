import type { Transaction } from '@kempt/postgres';
import type { Connection, ConnectionSettings, ConnectionStatus } from './connection.ts';

interface ConnectionRow {
  readonly id: string;
  readonly tenant_id: string;
  readonly account: string;
  readonly system: Connection['system'];
  readonly display_name: string;
  readonly status: ConnectionStatus;
  readonly reason_code: string | null;
  readonly reason: string | null;
  readonly settings: ConnectionSettings;
  readonly objects: string[];
  readonly sealed_credentials: string | null;
  readonly version: number;
  readonly created_at: Date;
  readonly updated_at: Date;
}

const columns = `id, tenant_id, account, system, display_name, status, reason_code, reason, settings, objects,
  sealed_credentials, version, created_at, updated_at`;

const connectionOf = (row: ConnectionRow): Connection => ({
  id: row.id,
  tenantId: row.tenant_id,
  account: row.account,
  system: row.system,
  displayName: row.display_name,
  status: row.status,
  reasonCode: row.reason_code,
  reason: row.reason,
  settings: row.settings,
  objects: row.objects,
  sealedCredentials: row.sealed_credentials,
  version: row.version,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
});

/** A connection by account, deleted ones included. */
export async function findByAccount(tx: Transaction, account: string): Promise<Connection | undefined> {
  const [row] = await tx.query<ConnectionRow>(
    `select ${columns} from connection where tenant_id = $1 and account = $2`,
    [tx.tenantId, account],
  );
  return row === undefined ? undefined : connectionOf(row);
}

/** Like `findByAccount`, and holds the row until the transaction ends. */
export async function lockByAccount(tx: Transaction, account: string): Promise<Connection | undefined> {
  const [row] = await tx.query<ConnectionRow>(
    `select ${columns} from connection where tenant_id = $1 and account = $2 for update`,
    [tx.tenantId, account],
  );
  return row === undefined ? undefined : connectionOf(row);
}

/** A connection that is not deleted, by id. */
export async function findById(tx: Transaction, id: string): Promise<Connection | undefined> {
  const [row] = await tx.query<ConnectionRow>(
    `select ${columns} from connection where tenant_id = $1 and id = $2 and status <> 'deleted'`,
    [tx.tenantId, id],
  );
  return row === undefined ? undefined : connectionOf(row);
}

/** A connection by id, deleted ones included. */
export async function findAnyById(tx: Transaction, id: string): Promise<Connection | undefined> {
  const [row] = await tx.query<ConnectionRow>(`select ${columns} from connection where tenant_id = $1 and id = $2`, [
    tx.tenantId,
    id,
  ]);
  return row === undefined ? undefined : connectionOf(row);
}

/** Connections that are not deleted, in the order of their accounts. */
export async function listConnections(
  tx: Transaction,
  page: { readonly after: string; readonly limit: number },
): Promise<Connection[]> {
  const rows = await tx.query<ConnectionRow>(
    `select ${columns} from connection
      where tenant_id = $1 and status <> 'deleted' and account > $2
      order by account limit $3`,
    [tx.tenantId, page.after, page.limit],
  );
  return rows.map(connectionOf);
}

export interface ConnectionContent {
  readonly account: string;
  readonly id: string;
  readonly system: Connection['system'];
  readonly displayName: string;
  readonly status: ConnectionStatus;
  readonly settings: ConnectionSettings;
  readonly objects: readonly string[];
  readonly sealedCredentials: string;
}

/** Writes a connection, new or over an older one of the account, and raises its version. */
export async function putConnection(tx: Transaction, content: ConnectionContent): Promise<Connection> {
  const [row] = await tx.query<ConnectionRow>(
    `insert into connection (tenant_id, account, id, system, display_name, status, settings, objects,
                             sealed_credentials, version)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, 1)
     on conflict (tenant_id, account) do update
       set display_name = excluded.display_name, status = excluded.status, settings = excluded.settings,
           objects = excluded.objects, sealed_credentials = excluded.sealed_credentials, reason_code = null,
           reason = null, version = connection.version + 1, updated_at = now(),
           created_at = case when connection.status = 'deleted' then now() else connection.created_at end
     returning ${columns}`,
    [
      tx.tenantId,
      content.account,
      content.id,
      content.system,
      content.displayName,
      content.status,
      JSON.stringify(content.settings),
      content.objects,
      content.sealedCredentials,
    ],
  );
  return connectionOf(row as ConnectionRow);
}

/** Replaces the seal of a connection's credentials. They are the same ones, so nothing is told and its version stays. */
export async function putSeal(tx: Transaction, account: string, sealedCredentials: string): Promise<void> {
  await tx.execute('update connection set sealed_credentials = $3 where tenant_id = $1 and account = $2', [
    tx.tenantId,
    account,
    sealedCredentials,
  ]);
}

/** Changes the status of a connection whose row is locked, and raises its version. */
export async function putStatus(
  tx: Transaction,
  account: string,
  change: { readonly status: ConnectionStatus; readonly reasonCode?: string; readonly reason?: string },
): Promise<Connection> {
  const [row] = await tx.query<ConnectionRow>(
    `update connection
        set status = $3, reason_code = $4, reason = $5, version = version + 1, updated_at = now(),
            sealed_credentials = case when $3 = 'deleted' then null else sealed_credentials end
      where tenant_id = $1 and account = $2
      returning ${columns}`,
    [tx.tenantId, account, change.status, change.reasonCode ?? null, change.reason ?? null],
  );
  return connectionOf(row as ConnectionRow);
}

/** Keeps the newest reason of a connection that goes on failing. That alone is no change that is told. */
export async function putReason(
  tx: Transaction,
  account: string,
  reason: { readonly reasonCode: string; readonly reason: string },
): Promise<void> {
  await tx.execute('update connection set reason_code = $3, reason = $4 where tenant_id = $1 and account = $2', [
    tx.tenantId,
    account,
    reason.reasonCode,
    reason.reason,
  ]);
}
