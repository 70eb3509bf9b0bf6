import type { Database } from '@kempt/postgres';
import type { Logger } from '@kempt/telemetry';
import { hashApiKey, parseApiKey, roles } from './api-key.ts';
import { upsertBootstrapKey } from './api-key-store.ts';

export interface BootstrapKeyOptions {
  readonly database: Database;
  readonly key: string;
  readonly tenantId: string;
  readonly logger: Logger;
  readonly now?: () => Date;
}

/**
 * Sees to it that the key of the configuration exists with every scope, so that somebody can create the others. Safe to
 * repeat. A key that was revoked stays revoked, whatever the configuration says: nobody expects a restart to undo that.
 */
export async function ensureBootstrapKey(options: BootstrapKeyOptions): Promise<void> {
  const { database, key, tenantId, logger, now = () => new Date() } = options;
  const parts = parseApiKey(key);
  if (parts === undefined) throw new Error('KEMPT_GATEWAY_BOOTSTRAP_API_KEY has not the form of an API key.');
  const stored = await database.transaction(tenantId, (tx) =>
    upsertBootstrapKey(tx, {
      ...parts,
      tenantId,
      name: 'Bootstrap key',
      keyHash: hashApiKey(key),
      scopes: roles.admin,
      createdBy: 'configuration',
      createdAt: now(),
      expiresAt: null,
    }),
  );
  if (stored.revokedAt !== null) {
    logger.warn({ keyId: stored.id }, 'the bootstrap key was revoked and stays so; configure one with another id');
  }
}
