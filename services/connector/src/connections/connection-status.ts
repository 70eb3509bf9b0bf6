import type { WireFormat } from '@kempt/contracts';
import { appendToOutbox } from '@kempt/outbox';
import type { Transaction } from '@kempt/postgres';
import { countBackfilled } from '../sync/cursor-store.ts';
import { type Connection, workingStatus } from './connection.ts';
import { connectionEvent } from './connection-events.ts';
import { lockByAccount, putReason, putStatus } from './connection-store.ts';

/** Changes of status that come from reading an account. Each is told in the transaction that makes it. */
export interface ConnectionStatuses {
  /** The account can be read: a failing connection works again, and one whose objects were all read is connected. */
  noteWorking(tx: Transaction, account: string): Promise<Connection | undefined>;
  /** The account cannot be read. */
  noteFailing(
    tx: Transaction,
    account: string,
    reason: { readonly reasonCode: string; readonly reason: string },
  ): Promise<void>;
}

export function createConnectionStatuses(options: {
  readonly wireFormat: WireFormat;
  readonly now: () => number;
}): ConnectionStatuses {
  return {
    async noteWorking(tx, account) {
      const connection = await lockByAccount(tx, account);
      if (connection === undefined || connection.status === 'paused' || connection.status === 'deleted')
        return connection;
      const status = workingStatus(connection, await countBackfilled(tx, account, connection.objects));
      if (status === connection.status) return connection;
      const changed = await putStatus(tx, account, { status });
      await appendToOutbox(tx, [connectionEvent(changed, options)]);
      return changed;
    },
    async noteFailing(tx, account, reason) {
      const connection = await lockByAccount(tx, account);
      if (connection === undefined || connection.status === 'paused' || connection.status === 'deleted') return;
      // The sentence may differ at each try; what is told is that something else is wrong now.
      if (connection.status === 'failing' && connection.reasonCode === reason.reasonCode) {
        return putReason(tx, account, reason);
      }
      const changed = await putStatus(tx, account, { status: 'failing', ...reason });
      await appendToOutbox(tx, [connectionEvent(changed, options)]);
    },
  };
}
