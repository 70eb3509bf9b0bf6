import { isDeepStrictEqual } from 'node:util';
import { type Connection, definitionOf } from '../connections/connection.ts';
import { openCredentials } from '../connections/connections.ts';
import type { Sealer } from '../connections/sealing.ts';
import type { CrmClient, ObjectReader } from '../crm/crm-client.ts';
import type { CrmClientFactory } from '../crm/crm-client-factory.ts';

/** Clients and readers that are in use, so that an account is not logged in to and described for every look. */
export interface OpenReaders {
  /** The reader of an object, described within the last `schemaMaxAgeMs`. */
  reader(connection: Connection, object: string, signal: AbortSignal): Promise<ObjectReader>;
  /** The client of the connection, which readers share. */
  client(connection: Connection): Promise<CrmClient>;
  /** Describes the object afresh at the next use. */
  forget(connection: Connection, object: string): void;
  close(): void;
}

interface OpenClient {
  readonly sealedCredentials: string;
  readonly settings: Connection['settings'];
  readonly client: CrmClient;
  readonly readers: Map<string, { readonly reader: ObjectReader; readonly openedAtMs: number }>;
}

export function createOpenReaders(options: {
  readonly clients: CrmClientFactory;
  readonly sealer: Sealer;
  readonly schemaMaxAgeMs: number;
  readonly now: () => number;
}): OpenReaders {
  const open = new Map<string, OpenClient>();
  const opening = new Map<string, Promise<OpenClient>>();
  const keyOf = (connection: Connection): string => `${connection.tenantId}:${connection.account}`;

  function isCurrent(known: OpenClient, connection: Connection): boolean {
    return (
      known.sealedCredentials === connection.sealedCredentials && isDeepStrictEqual(known.settings, connection.settings)
    );
  }

  async function openClient(connection: Connection): Promise<OpenClient> {
    const credentials = await openCredentials(options.sealer, connection);
    const opened: OpenClient = {
      sealedCredentials: connection.sealedCredentials ?? '',
      settings: connection.settings,
      client: options.clients.create(definitionOf(connection.system, connection.settings, credentials)),
      readers: new Map(),
    };
    open.get(keyOf(connection))?.client.close();
    open.set(keyOf(connection), opened);
    return opened;
  }

  async function clientOf(connection: Connection): Promise<OpenClient> {
    const key = keyOf(connection);
    const known = open.get(key);
    if (known !== undefined && isCurrent(known, connection)) return known;
    const pending = opening.get(key) ?? openClient(connection).finally(() => opening.delete(key));
    opening.set(key, pending);
    return await pending;
  }

  return {
    async reader(connection, object, signal) {
      const client = await clientOf(connection);
      const known = client.readers.get(object);
      const now = options.now();
      if (known !== undefined && now - known.openedAtMs < options.schemaMaxAgeMs) return known.reader;
      const reader = await client.client.open(object, signal);
      client.readers.set(object, { reader, openedAtMs: now });
      return reader;
    },
    async client(connection) {
      return (await clientOf(connection)).client;
    },
    forget(connection, object) {
      open.get(keyOf(connection))?.readers.delete(object);
    },
    close() {
      for (const { client } of open.values()) client.close();
      open.clear();
    },
  };
}
