import type { Database, Transaction } from '@kempt/postgres';
import { createRepeatedWork, type RepeatedWork } from '@kempt/service-runtime';
import type { Gauge, Logger } from '@kempt/telemetry';
import { listTenantsOfSchedule } from '../sync/lease-store.ts';
import { listConnections, lockByAccount, putSeal } from './connection-store.ts';
import { sealContextOf } from './connections.ts';
import { keyVersionOf, type Sealer } from './sealing.ts';

interface CredentialResealingOptions {
  readonly database: Database;
  readonly sealer: Sealer;
  /** Credentials that the last pass could not seal with the first key. */
  readonly olderSeals: Gauge;
  readonly logger: Logger;
  /** Default an hour. */
  readonly intervalMs?: number;
}

const connectionsTogether = 100;

/**
 * Seals credentials anew with the first key, so that an older one can be taken out of the configuration once nothing is
 * sealed with it any more. Any number of instances may do it at the same time.
 */
export function createCredentialResealing(options: CredentialResealingOptions): RepeatedWork {
  const { database, sealer, olderSeals, logger } = options;

  /** Opens and seals one connection's credentials. False when they cannot be opened. */
  async function reseal(tx: Transaction, account: string, current: number): Promise<boolean> {
    const connection = await lockByAccount(tx, account);
    const sealed = connection?.sealedCredentials ?? null;
    if (connection === undefined || sealed === null || keyVersionOf(sealed) === current) return true;
    const context = sealContextOf(connection);
    const plain = await sealer.open(context, sealed).catch(() => null);
    if (plain === null) return false;
    await putSeal(tx, account, await sealer.seal(context, plain));
    return true;
  }

  async function resealTenant(tenantId: string, current: number): Promise<{ done: number; left: number }> {
    let done = 0;
    let left = 0;
    for (let after = ''; ; ) {
      const page = await database.transaction(
        tenantId,
        (tx) => listConnections(tx, { after, limit: connectionsTogether }),
        { readOnly: true },
      );
      const last = page.at(-1);
      if (last === undefined) return { done, left };
      after = last.account;
      for (const { account, sealedCredentials } of page) {
        if (sealedCredentials === null || keyVersionOf(sealedCredentials) === current) continue;
        const isDone = await database.transaction(tenantId, (tx) => reseal(tx, account, current));
        if (isDone) done += 1;
        else left += 1;
      }
    }
  }

  return createRepeatedWork({
    name: 'credential-resealing',
    intervalMs: options.intervalMs ?? 3_600_000,
    turn: async (signal) => {
      const current = await sealer.currentVersion();
      let done = 0;
      let left = 0;
      for (const tenantId of await database.systemTransaction((tx) => listTenantsOfSchedule(tx), { readOnly: true })) {
        if (signal.aborted) return;
        const ofTenant = await resealTenant(tenantId, current);
        done += ofTenant.done;
        left += ofTenant.left;
      }
      olderSeals.set(left);
      if (done > 0)
        logger.info({ credentials: done, keyVersion: current }, 'credentials are sealed with the first key');
      if (left > 0) logger.warn({ credentials: left }, 'credentials cannot be opened, so they keep their seal');
    },
    onFailure: (error) => logger.warn({ err: error }, 'credentials could not be sealed anew; it is tried again'),
  });
}
