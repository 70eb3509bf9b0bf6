import type { Database, Transaction } from '@kempt/postgres';
import type { StoredApiKey } from './api-key.ts';

interface ApiKeyRow {
  readonly tenant_id: string;
  readonly id: string;
  readonly environment: string;
  readonly name: string;
  readonly key_hash: Buffer;
  readonly scopes: string[];
  readonly created_by: string;
  readonly created_at: Date;
  readonly expires_at: Date | null;
  readonly revoked_at: Date | null;
  readonly last_used_at: Date | null;
}

const columns =
  'tenant_id, id, environment, name, key_hash, scopes, created_by, created_at, expires_at, revoked_at, last_used_at';

/** Keys with this id, of whatever tenant: whose it is shows only when its hash is the right one. */
export async function findApiKeys(database: Database, id: string): Promise<readonly StoredApiKey[]> {
  const rows = await database.systemTransaction(
    (tx) => tx.query<ApiKeyRow>(`select ${columns} from api_key where id = $1`, [id]),
    { readOnly: true },
  );
  return rows.map(toApiKey);
}

export async function insertApiKey(
  tx: Transaction,
  key: Omit<StoredApiKey, 'revokedAt' | 'lastUsedAt'>,
): Promise<void> {
  await tx.execute(
    `insert into api_key (tenant_id, id, environment, name, key_hash, scopes, created_by, created_at, expires_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    [
      key.tenantId,
      key.id,
      key.environment,
      key.name,
      Buffer.from(key.keyHash),
      [...key.scopes],
      key.createdBy,
      key.createdAt,
      key.expiresAt,
    ],
  );
}

/**
 * Makes the key what configuration says: the hash and the scopes are replaced, a revocation stays. Gives the key as it is
 * stored now.
 */
export async function upsertBootstrapKey(
  tx: Transaction,
  key: Omit<StoredApiKey, 'revokedAt' | 'lastUsedAt'>,
): Promise<StoredApiKey> {
  const rows = await tx.query<ApiKeyRow>(
    `insert into api_key (tenant_id, id, environment, name, key_hash, scopes, created_by, created_at, expires_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, null)
     on conflict (tenant_id, id) do update
        set environment = excluded.environment, key_hash = excluded.key_hash, scopes = excluded.scopes
     returning ${columns}`,
    [
      key.tenantId,
      key.id,
      key.environment,
      key.name,
      Buffer.from(key.keyHash),
      [...key.scopes],
      key.createdBy,
      key.createdAt,
    ],
  );
  const [stored] = rows.map(toApiKey);
  if (stored === undefined) throw new Error('The bootstrap key was written but not given back.');
  return stored;
}

/** Keys of the transaction's tenant, by id, after the given one. */
export async function listApiKeys(
  tx: Transaction,
  page: { readonly after: string; readonly limit: number },
): Promise<readonly StoredApiKey[]> {
  const rows = await tx.query<ApiKeyRow>(
    `select ${columns} from api_key where tenant_id = $1 and id > $2 order by id limit $3`,
    [tx.tenantId, page.after, page.limit],
  );
  return rows.map(toApiKey);
}

/** False when the tenant has no such key. Revoking again changes nothing. */
export async function revokeApiKey(
  tx: Transaction,
  id: string,
  by: { readonly actor: string; readonly at: Date },
): Promise<boolean> {
  const touched = await tx.execute(
    `update api_key set revoked_at = coalesce(revoked_at, $3), revoked_by = coalesce(revoked_by, $4)
      where tenant_id = $1 and id = $2`,
    [tx.tenantId, id, by.at, by.actor],
  );
  return touched > 0;
}

/** Notes when keys were used last. Never moves a time back: replicas write when it suits them. */
export async function noteUses(
  database: Database,
  uses: readonly { readonly tenantId: string; readonly id: string; readonly at: Date }[],
): Promise<void> {
  await database.systemTransaction((tx) =>
    tx.execute(
      `update api_key set last_used_at = use.at
         from unnest($1::text[], $2::text[], $3::timestamptz[]) as use (tenant_id, id, at)
        where api_key.tenant_id = use.tenant_id and api_key.id = use.id
          and (api_key.last_used_at is null or api_key.last_used_at < use.at)`,
      [uses.map((use) => use.tenantId), uses.map((use) => use.id), uses.map((use) => use.at)],
    ),
  );
}

function toApiKey(row: ApiKeyRow): StoredApiKey {
  return {
    tenantId: row.tenant_id,
    id: row.id,
    environment: row.environment,
    name: row.name,
    keyHash: row.key_hash,
    scopes: row.scopes,
    createdBy: row.created_by,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    revokedAt: row.revoked_at,
    lastUsedAt: row.last_used_at,
  };
}
