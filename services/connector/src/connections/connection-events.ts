import {
  accountKey,
  ConnectionChangedSchema,
  create,
  type EventRecord,
  encodeEvent,
  ConnectionStatus as StatusMessage,
  topics,
  type WireFormat,
} from '@kempt/contracts';
import { v7 as uuidv7 } from 'uuid';
import type { Connection, ConnectionStatus } from './connection.ts';

const statuses: Readonly<Record<ConnectionStatus, StatusMessage>> = {
  backfilling: StatusMessage.BACKFILLING,
  connected: StatusMessage.CONNECTED,
  failing: StatusMessage.FAILING,
  paused: StatusMessage.PAUSED,
  deleted: StatusMessage.DELETED,
};

/** `connection-changed` of a connection as it is now. Nothing in it comes from credentials. */
export function connectionEvent(
  connection: Connection,
  options: { readonly wireFormat: WireFormat; readonly now: () => number },
): EventRecord {
  return encodeEvent(
    {
      topic: topics.connectionChanged,
      id: uuidv7(),
      tenantId: connection.tenantId,
      source: '/kempt/connector',
      subject: connection.account,
      key: accountKey(connection.tenantId, connection.account),
      time: connection.updatedAt,
      recordedTime: new Date(options.now()),
      sequence: connection.version,
      data: create(ConnectionChangedSchema, {
        connectionId: connection.id,
        account: connection.account,
        system: connection.system,
        displayName: connection.displayName,
        status: statuses[connection.status],
        objects: [...connection.objects],
        version: connection.version,
        reason: connection.reason ?? '',
      }),
    },
    options.wireFormat,
  );
}
