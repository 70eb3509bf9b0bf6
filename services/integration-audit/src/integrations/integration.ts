import { type ConnectionChanged, ConnectionStatus, type KemptEvent, type topics } from '@kempt/contracts';

export type IntegrationStatus = 'backfilling' | 'connected' | 'failing' | 'paused' | 'deleted' | 'unknown';

/** One entry of the register. */
export interface Integration {
  readonly id: string;
  readonly kind: 'kempt-connection';
  readonly account: string;
  readonly system: string;
  readonly name: string;
  readonly status: IntegrationStatus;
  readonly statusSince: Date;
  readonly registeredAt: Date;
  readonly objects: readonly string[];
  readonly version: number;
}

const statuses: Readonly<Record<ConnectionStatus, IntegrationStatus>> = {
  [ConnectionStatus.UNSPECIFIED]: 'unknown',
  [ConnectionStatus.BACKFILLING]: 'backfilling',
  [ConnectionStatus.CONNECTED]: 'connected',
  [ConnectionStatus.FAILING]: 'failing',
  [ConnectionStatus.PAUSED]: 'paused',
  [ConnectionStatus.DELETED]: 'deleted',
};

/** The integration that one of Kempt's own connections is. A release may know statuses that this one does not. */
export function integrationOf(
  event: KemptEvent<typeof topics.connectionChanged.message>,
  connection: ConnectionChanged,
): Integration {
  return {
    id: `kempt:${connection.account}`,
    kind: 'kempt-connection',
    account: connection.account,
    system: connection.system,
    name: connection.displayName,
    status: statuses[connection.status] ?? 'unknown',
    statusSince: event.time,
    registeredAt: event.time,
    objects: connection.objects,
    version: event.sequence,
  };
}
