import type { Database, Transaction } from '@kempt/postgres';

/** A connection as far as webhooks need it. */
export interface KnownConnection {
  readonly connectionId: string;
  readonly system: string;
  readonly version: number;
  readonly deleted: boolean;
}

/** Remembers connections of the transaction's tenant. An older version changes nothing. */
export async function rememberConnections(tx: Transaction, connections: readonly KnownConnection[]): Promise<void> {
  // One statement must not touch a row twice.
  const newest = new Map<string, KnownConnection>();
  for (const connection of connections) {
    const { connectionId, version } = connection;
    if (version > (newest.get(connectionId)?.version ?? -1)) newest.set(connectionId, connection);
  }
  const rows = [...newest.values()].sort((a, b) => (a.connectionId < b.connectionId ? -1 : 1));
  await tx.execute(
    `insert into known_connection (tenant_id, connection_id, system, version, deleted)
     select $1, connection_id, system, version, deleted
       from unnest($2::text[], $3::text[], $4::bigint[], $5::boolean[])
            as connection (connection_id, system, version, deleted)
     on conflict (tenant_id, connection_id) do update
        set system = excluded.system, version = excluded.version, deleted = excluded.deleted
      where known_connection.version < excluded.version`,
    [
      tx.tenantId,
      rows.map(({ connectionId }) => connectionId),
      rows.map(({ system }) => system),
      rows.map(({ version }) => version),
      rows.map(({ deleted }) => deleted),
    ],
  );
}

/** The tenant of a living connection of this system; `undefined` when nobody has one of that id. */
export async function findTenantOfConnection(
  database: Database,
  connection: { readonly id: string; readonly system: string },
): Promise<string | undefined> {
  const rows = await database.systemTransaction(
    (tx) =>
      tx.query<{ tenant_id: string }>(
        'select tenant_id from known_connection where connection_id = $1 and system = $2 and not deleted limit 2',
        [connection.id, connection.system],
      ),
    { readOnly: true },
  );
  // Ids are random; should two tenants have the same one all the same, nobody's data goes to the other.
  return rows.length === 1 ? rows[0]?.tenant_id : undefined;
}
