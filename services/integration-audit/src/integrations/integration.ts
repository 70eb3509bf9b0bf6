import { type ConnectionChanged, ConnectionStatus, type KemptEvent, type topics } from '@kempt/contracts';

export type IntegrationStatus = 'backfilling' | 'connected' | 'failing' | 'paused' | 'deleted' | 'unknown';

export type IntegrationKind = 'kempt-connection' | 'app' | 'client';

/** One entry of the register. */
export interface Integration {
  readonly id: string;
  readonly kind: IntegrationKind;
  readonly account: string;
  readonly system: string;
  readonly name: string;
  readonly status: IntegrationStatus;
  readonly statusSince: Date;
  readonly registeredAt: Date;
  /** What a connection of Kempt reads. */
  readonly objects: readonly string[];
  readonly version: number;
  readonly use: IntegrationUse | null;
}

/** How an app or a client uses a CRM; of a connection of Kempt it is not known. */
export interface IntegrationUse {
  /** connected-app, oauth-app, private-app, or empty. */
  readonly appKind: string;
  readonly userIds: readonly string[];
  readonly lastUsedAt: Date | null;
  /** In the last 30 days. */
  readonly calls: number;
  readonly peak: { readonly day: string; readonly calls: number; readonly dailyLimit: number } | null;
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
    use: null,
  };
}
