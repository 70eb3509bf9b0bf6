import { v5 as uuidv5 } from 'uuid';
import { type ConnectionDefinition, hubspotUrl } from '../crm/connection-definition.ts';

export type ConnectionStatus = 'backfilling' | 'connected' | 'failing' | 'paused' | 'deleted';

/** Everything of a definition that is no secret. */
export type ConnectionSettings =
  | { readonly loginUrl: string; readonly grant: string }
  | {
      readonly baseUrl: string;
      readonly grant: string;
      readonly requestsPerSecond?: number;
      readonly searchesPerSecond?: number;
    };

/** A CRM account that a tenant lets Kempt read. */
export interface Connection {
  readonly id: string;
  readonly tenantId: string;
  /** `sf:<org id>` or `hs:<portal id>`. */
  readonly account: string;
  readonly system: ConnectionDefinition['system'];
  readonly displayName: string;
  readonly status: ConnectionStatus;
  /** Why it is failing: a code for programs, a sentence for people. */
  readonly reasonCode: string | null;
  readonly reason: string | null;
  readonly settings: ConnectionSettings;
  /** Sorted. */
  readonly objects: readonly string[];
  /** Null once it is deleted. */
  readonly sealedCredentials: string | null;
  readonly version: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

const connectionNamespace = '6f0c1c0e-3c5b-5d0e-9a53-0d7c0a5e9b11';

/** The id of the connection to an account: the same wherever and however often the account is connected. */
export const connectionIdOf = (tenantId: string, account: string): string =>
  uuidv5(`${tenantId}:${account}`, connectionNamespace);

/** What a definition says besides its credentials. */
export function settingsOf(definition: ConnectionDefinition): ConnectionSettings {
  const { grant } = definition.credentials;
  if (definition.system === 'salesforce') return { loginUrl: definition.loginUrl, grant };
  return {
    baseUrl: definition.baseUrl ?? hubspotUrl,
    grant,
    ...(definition.requestsPerSecond === undefined ? {} : { requestsPerSecond: definition.requestsPerSecond }),
    ...(definition.searchesPerSecond === undefined ? {} : { searchesPerSecond: definition.searchesPerSecond }),
  };
}

/** The definition of a connection, put together from its settings and its opened credentials. */
export function definitionOf(
  system: Connection['system'],
  settings: ConnectionSettings,
  credentials: unknown,
): ConnectionDefinition {
  const { grant: _grant, ...rest } = settings;
  return { system, ...rest, credentials } as ConnectionDefinition;
}

/** What a connection that works is called, given how many of its objects were read to the end. */
export const workingStatus = (connection: Pick<Connection, 'objects'>, backfilled: number): ConnectionStatus =>
  backfilled >= connection.objects.length ? 'connected' : 'backfilling';
