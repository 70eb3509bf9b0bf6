import type { Database, Transaction } from '@kempt/postgres';
import { type CursorCodec, type HttpServer, tenantOf } from '@kempt/service-runtime';
import { Type } from 'typebox';
import { unknownIdentity } from '../errors.ts';
import { loadRecords, membersOf } from '../matching/match-record-store.ts';
import type { DecidingModels } from '../models/deciding-model.ts';
import { ClusterPageSchema, ClusterSchema, EntityKindSchema, IdentitySchema } from './cluster-schemas.ts';
import { goldenIdOfRecord, listClusters, loadCluster, resolveAlias, type StoredCluster } from './cluster-store.ts';
import { registerExplanationRoutes } from './explanation-routes.ts';
import { isGoldenId } from './golden-id.ts';

export interface ClusterRoutesOptions {
  readonly http: HttpServer;
  readonly database: Database;
  readonly models: DecidingModels;
  readonly cursors: CursorCodec;
}

/** Clusters, what they are made of and why, and what an identity means today. */
export function registerClusterRoutes({ http, database, models, cursors }: ClusterRoutesOptions): void {
  http.get(
    '/v1/clusters',
    {
      config: { scope: 'clusters:read' },
      schema: {
        summary: 'List clusters',
        description: 'Records that are one person or organisation. Ask for minSize 2 to see duplicates only.',
        querystring: Type.Object({
          entityKind: Type.Optional(EntityKindSchema),
          minSize: Type.Integer({ default: 1, minimum: 1, maximum: 1_000_000 }),
          cursor: Type.Optional(Type.String()),
          limit: Type.Integer({ default: 50, minimum: 1, maximum: 200 }),
        }),
        response: { 200: ClusterPageSchema },
      },
    },
    async (request) => {
      const tenantId = tenantOf(request);
      const { entityKind, minSize, cursor, limit } = request.query;
      const list = { list: 'clusters', tenantId, entityKind, minSize };
      const after = cursor === undefined ? '' : String(cursors.decode(list, cursor)[0]);
      return database.transaction(
        tenantId,
        async (tx) => {
          const found = await listClusters(tx, { entityKind, minSize, after, limit: limit + 1 });
          const page = found.slice(0, limit);
          const members = await memberRefs(
            tx,
            page.map((cluster) => cluster.goldenId),
          );
          const last = page.at(-1);
          return {
            items: page.map((cluster) => ({ ...cluster, members: members.get(cluster.goldenId) ?? [] })),
            ...(found.length > limit && last !== undefined
              ? { nextCursor: cursors.encode(list, [last.goldenId]) }
              : {}),
          };
        },
        { readOnly: true },
      );
    },
  );

  http.get(
    '/v1/clusters/:goldenId',
    {
      config: { scope: 'clusters:read' },
      schema: {
        summary: 'Show a cluster',
        description: 'Also by an id that was superseded: the answer names the one that took its place.',
        params: Type.Object({ goldenId: Type.String({ format: 'uuid' }) }),
        response: { 200: ClusterSchema },
      },
    },
    async (request) =>
      database.transaction(
        tenantOf(request),
        async (tx) => {
          const cluster = await findCluster(tx, request.params.goldenId);
          const members = await membersOf(tx, [cluster.goldenId]);
          const records = await loadRecords(
            tx,
            members.map((member) => member.ref),
          );
          const fieldsOf = new Map(records.map((record) => [record.ref, record.fields]));
          return {
            goldenId: cluster.goldenId,
            entityKind: cluster.entityKind,
            version: cluster.version,
            members: members.map((member) => ({
              record: member.ref,
              probability: member.probability,
              fields: fieldsOf.get(member.ref) ?? {},
            })),
          };
        },
        { readOnly: true },
      ),
  );

  registerExplanationRoutes({ http, database, models, cursors });

  http.get(
    '/v1/ids/:ref',
    {
      config: { scope: 'clusters:read' },
      schema: {
        summary: 'Resolve an identity',
        description: 'Takes the reference of a record (account:object:recordId), a golden ID or a superseded one.',
        params: Type.Object({ ref: Type.String({ minLength: 3, maxLength: 400 }) }),
        response: { 200: IdentitySchema },
      },
    },
    async (request) =>
      database.transaction(
        tenantOf(request),
        async (tx) => {
          const asked = request.params.ref;
          const goldenId = isGoldenId(asked) ? asked : await goldenIdOfRecord(tx, asked);
          if (goldenId === undefined) throw unknownIdentity(asked);
          const cluster = await findCluster(tx, goldenId);
          const members = await memberRefs(tx, [cluster.goldenId]);
          return {
            asked,
            goldenId: cluster.goldenId,
            entityKind: cluster.entityKind,
            members: members.get(cluster.goldenId) ?? [],
          };
        },
        { readOnly: true },
      ),
  );
}

async function findCluster(tx: Transaction, id: string): Promise<StoredCluster> {
  const cluster = await loadCluster(tx, await resolveAlias(tx, id));
  if (cluster === undefined) throw unknownIdentity(id);
  return cluster;
}

async function memberRefs(tx: Transaction, goldenIds: readonly string[]): Promise<Map<string, string[]>> {
  const refs = new Map<string, string[]>();
  for (const member of await membersOf(tx, goldenIds)) {
    refs.set(member.goldenId, [...(refs.get(member.goldenId) ?? []), member.ref]);
  }
  return refs;
}
