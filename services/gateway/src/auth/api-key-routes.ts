import type { Database } from '@kempt/postgres';
import {
  type CursorCodec,
  type HttpServer,
  notFound,
  ProblemError,
  type Scope,
  scopes,
  tenantOf,
} from '@kempt/service-runtime';
import { type Static, Type } from 'typebox';
import { generateApiKey, hashApiKey, type Role, roles, type StoredApiKey } from './api-key.ts';
import type { ApiKeyCache } from './api-key-cache.ts';
import { insertApiKey, listApiKeys, revokeApiKey } from './api-key-store.ts';

const DateTime = Type.String({ format: 'date-time' });
const ScopeSchema = Type.Enum([...scopes]);
const RoleSchema = Type.Enum(Object.keys(roles) as Role[], {
  description: 'reader: every :read scope; operator: all but admin; admin: all',
});

const ApiKeySchema = Type.Object({
  id: Type.String({ description: 'The public part of the key' }),
  name: Type.String(),
  environment: Type.String(),
  scopes: Type.Array(Type.String()),
  createdBy: Type.String(),
  createdAt: DateTime,
  expiresAt: Type.Optional(DateTime),
  revokedAt: Type.Optional(DateTime),
  lastUsedAt: Type.Optional(DateTime),
});

const NewApiKeySchema = Type.Object(
  {
    name: Type.String({ minLength: 1, maxLength: 200, description: 'What the key is for' }),
    role: Type.Optional(RoleSchema),
    scopes: Type.Optional(Type.Array(ScopeSchema, { minItems: 1, maxItems: scopes.length, uniqueItems: true })),
    expiresAt: Type.Optional(DateTime),
  },
  { additionalProperties: false, description: 'Either a role or scopes' },
);

const CreatedApiKeySchema = Type.Object({
  ...ApiKeySchema.properties,
  key: Type.String({ description: 'The key itself. It is shown this once and stored nowhere' }),
});

const ApiKeyPageSchema = Type.Object({ items: Type.Array(ApiKeySchema), nextCursor: Type.Optional(Type.String()) });

export interface ApiKeyRoutesOptions {
  readonly http: HttpServer;
  readonly database: Database;
  readonly keys: ApiKeyCache;
  readonly cursors: CursorCodec;
  /** Second part of new keys. */
  readonly environment: string;
  readonly now?: () => Date;
}

const tags = ['API keys'];
const admin = { scope: 'admin' };

/** Creating, listing and revoking the keys of the caller's own tenant. */
export function addApiKeyRoutes(options: ApiKeyRoutesOptions): void {
  const { http, database, keys, cursors, environment, now = () => new Date() } = options;

  http.post(
    '/v1/api-keys',
    {
      config: admin,
      schema: {
        tags,
        operationId: 'createApiKey',
        summary: 'Create an API key',
        body: NewApiKeySchema,
        response: { 201: CreatedApiKeySchema },
      },
    },
    async (request, reply) => {
      const { name, expiresAt } = request.body;
      const { key, id } = generateApiKey(environment);
      const created: StoredApiKey = {
        tenantId: tenantOf(request),
        id,
        environment,
        name,
        keyHash: hashApiKey(key),
        scopes: grantedScopes(request.body),
        createdBy: request.principal?.subject ?? 'unknown',
        createdAt: now(),
        expiresAt: expiresAt === undefined ? null : futureDate(expiresAt, now()),
        revokedAt: null,
        lastUsedAt: null,
      };
      await database.transaction(created.tenantId, (tx) => insertApiKey(tx, created));
      return reply
        .code(201)
        .header('location', `/v1/api-keys/${id}`)
        .send({ ...bodyOf(created), key });
    },
  );

  http.get(
    '/v1/api-keys',
    {
      config: admin,
      schema: {
        tags,
        operationId: 'listApiKeys',
        summary: 'List the API keys of the tenant, revoked and expired ones included',
        querystring: Type.Object({
          cursor: Type.Optional(Type.String({ maxLength: 1_024 })),
          limit: Type.Integer({ minimum: 1, maximum: 200, default: 50 }),
        }),
        response: { 200: ApiKeyPageSchema },
      },
    },
    async (request) => {
      const tenantId = tenantOf(request);
      const { cursor, limit } = request.query;
      const scope = { list: 'api-keys', tenantId };
      const after = cursor === undefined ? '' : String(cursors.decode(scope, cursor)[0]);
      const found = await database.transaction(tenantId, (tx) => listApiKeys(tx, { after, limit: limit + 1 }), {
        readOnly: true,
      });
      const page = found.slice(0, limit);
      const last = page.at(-1);
      return {
        items: page.map(bodyOf),
        ...(found.length > limit && last !== undefined && { nextCursor: cursors.encode(scope, [last.id]) }),
      };
    },
  );

  http.delete(
    '/v1/api-keys/:id',
    {
      config: admin,
      schema: {
        tags,
        operationId: 'revokeApiKey',
        summary: 'Revoke an API key for good',
        params: Type.Object({ id: Type.String({ minLength: 1, maxLength: 64 }) }),
        response: { 204: Type.Null({ description: 'Revoked' }) },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const actor = request.principal?.subject ?? 'unknown';
      if (actor === `api-key:${id}`) {
        throw new ProblemError({
          status: 409,
          code: 'key-in-use',
          detail: 'A key cannot revoke itself. Revoke it with another key, so that nobody is shut out by mistake.',
        });
      }
      const isKnown = await database.transaction(tenantOf(request), (tx) => revokeApiKey(tx, id, { actor, at: now() }));
      if (!isKnown) throw notFound(`API key ${id}`);
      keys.forget(id);
      return reply.code(204).send(null);
    },
  );
}

function grantedScopes({ role, scopes: named }: Static<typeof NewApiKeySchema>): readonly Scope[] {
  if ((role === undefined) === (named === undefined)) {
    throw new ProblemError({
      status: 400,
      code: 'invalid-request',
      detail: 'Name either a role or scopes.',
      errors: [
        { pointer: role === undefined ? '/body/role' : '/body/scopes', detail: 'either role or scopes, not both.' },
      ],
    });
  }
  return role === undefined ? (named ?? []) : roles[role];
}

function futureDate(text: string, now: Date): Date {
  const date = new Date(text);
  if (date > now) return date;
  throw new ProblemError({
    status: 400,
    code: 'invalid-request',
    detail: '/body/expiresAt: must be in the future.',
    errors: [{ pointer: '/body/expiresAt', detail: 'must be in the future.' }],
  });
}

function bodyOf(key: StoredApiKey): Static<typeof ApiKeySchema> {
  const { id, name, environment, createdBy, expiresAt, revokedAt, lastUsedAt } = key;
  return {
    id,
    name,
    environment,
    scopes: [...key.scopes],
    createdBy,
    createdAt: key.createdAt.toISOString(),
    ...(expiresAt !== null && { expiresAt: expiresAt.toISOString() }),
    ...(revokedAt !== null && { revokedAt: revokedAt.toISOString() }),
    ...(lastUsedAt !== null && { lastUsedAt: lastUsedAt.toISOString() }),
  };
}
