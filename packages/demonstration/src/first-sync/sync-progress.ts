import type { ApiClient } from './api-client.ts';

/** What the API says of a connection. */
export interface ConnectionView {
  readonly id: string;
  readonly account: string;
  readonly system: string;
  readonly name: string;
  readonly status: string;
  readonly reason?: string;
  readonly objects: readonly ObjectProgress[];
}

export interface ObjectProgress {
  readonly object: string;
  readonly backfilled: boolean;
  readonly recordsRead: number;
}

interface ModelView {
  readonly entityKind: string;
  readonly deciding: boolean;
}

export interface SyncProgress {
  readonly connections: readonly ConnectionView[];
  readonly backfilled: boolean;
  /** Every entity kind has a match model that decides. */
  readonly resolved: boolean;
}

/** Where the first sync and the first resolution stand. */
export async function readProgress(api: ApiClient): Promise<SyncProgress> {
  const connections: ConnectionView[] = [];
  for await (const connection of api.list<ConnectionView>('/v1/connections')) connections.push(connection);
  const models = await api.get<{ readonly items: readonly ModelView[] }>('/v1/models');
  const deciding = new Set(models.items.filter((model) => model.deciding).map((model) => model.entityKind));
  return {
    connections,
    backfilled:
      connections.length > 0 &&
      connections.every((connection) => connection.objects.every((object) => object.backfilled)),
    resolved: deciding.has('person') && deciding.has('organisation'),
  };
}

/** One line for people: `Salesforce 8,400 records, HubSpot 3,100 records`. */
export function progressLine(progress: SyncProgress): string {
  return progress.connections
    .map((connection) => {
      const records = connection.objects.reduce((sum, object) => sum + object.recordsRead, 0);
      const done = connection.objects.filter((object) => object.backfilled).length;
      return `${connection.name} ${records.toLocaleString('en')} records (${done} of ${connection.objects.length} objects)`;
    })
    .join(', ');
}
