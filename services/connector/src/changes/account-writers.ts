import type { Database } from '@kempt/postgres';
import type { Connection } from '../connections/connection.ts';
import { findByAccount } from '../connections/connection-store.ts';
import type { CrmWriter } from '../crm/crm-writer.ts';
import type { OpenReaders } from '../sync/open-readers.ts';

/** A writer of an account with the connection that it belongs to. */
export interface AccountWriter {
  readonly connection: Connection;
  readonly writer: CrmWriter;
}

/** Gives the writers of accounts. */
export interface AccountWriters {
  /** Rejects with NoConnectionError when the account is not connected, or its connection is paused. */
  of(tenantId: string, account: string): Promise<AccountWriter>;
}

/** An account that nothing can be written to, since Kempt is not connected to it. */
export class NoConnectionError extends Error {
  readonly code: 'unknown-account' | 'connection-paused';
  readonly retriable = false;

  constructor(account: string, isPaused: boolean) {
    super(
      isPaused
        ? `The connection to ${account} is paused. Resume it first.`
        : `There is no connection to ${account}. Connect it first.`,
    );
    this.name = 'NoConnectionError';
    this.code = isPaused ? 'connection-paused' : 'unknown-account';
  }
}

export function createAccountWriters(options: {
  readonly database: Database;
  readonly readers: Pick<OpenReaders, 'client'>;
}): AccountWriters {
  return {
    async of(tenantId, account) {
      const connection = await options.database.transaction(tenantId, (tx) => findByAccount(tx, account), {
        readOnly: true,
      });
      if (connection === undefined || connection.status === 'deleted') throw new NoConnectionError(account, false);
      if (connection.status === 'paused') throw new NoConnectionError(account, true);
      const client = await options.readers.client(connection);
      return { connection, writer: client.writer };
    },
  };
}
