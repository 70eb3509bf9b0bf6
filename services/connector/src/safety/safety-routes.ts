import type { Database, Transaction } from '@kempt/postgres';
import { type HttpServer, notFound, ProblemError, tenantOf } from '@kempt/service-runtime';
import type { Logger } from '@kempt/telemetry';
import { type Static, Type } from 'typebox';
import type { Connection } from '../connections/connection.ts';
import { findById, listConnections } from '../connections/connection-store.ts';
import { isLocked, type Safety } from './safety.ts';
import {
  putKillSwitch,
  putLock,
  putTenantSwitches,
  readConnectionSwitches,
  readTenantSwitches,
} from './safety-store.ts';

const ReasonSchema = Type.String({ minLength: 1, maxLength: 500, description: 'Why, for people' });

const FreezeSchema = Type.Object(
  { until: Type.String({ format: 'date-time' }), reason: ReasonSchema },
  { additionalProperties: false },
);

const ConnectionSafetySchema = Type.Object(
  {
    id: Type.String({ format: 'uuid' }),
    account: Type.String(),
    name: Type.String(),
    environment: Type.Optional(
      Type.Union([Type.Literal('production'), Type.Literal('sandbox')], {
        description: 'What the CRM says of itself; absent before it was asked, which the first plan does',
      }),
    ),
    locked: Type.Boolean({ description: 'Nothing is written to a locked account' }),
    lockReason: Type.Optional(Type.String()),
    killSwitch: Type.Boolean({ description: 'Pulled: nothing is written, and what is under way ends' }),
    killReason: Type.Optional(Type.String()),
  },
  { title: 'ConnectionSafety' },
);

const SafetySchema = Type.Object(
  {
    readOnly: Type.Boolean({ description: 'Nothing is written to any CRM' }),
    readOnlyBySetting: Type.Boolean({
      description: 'Set by KEMPT_CONNECTOR_READ_ONLY: only the operator can change it',
    }),
    freeze: Type.Union([
      Type.Object({ until: Type.String({ format: 'date-time' }), reason: Type.String() }),
      Type.Null(),
    ]),
    changedBy: Type.Optional(Type.String()),
    changedAt: Type.Optional(Type.String({ format: 'date-time' })),
    connections: Type.Array(ConnectionSafetySchema),
  },
  { title: 'Safety' },
);

const SafetyRequestSchema = Type.Object(
  { readOnly: Type.Boolean(), freeze: Type.Union([FreezeSchema, Type.Null()]) },
  { additionalProperties: false },
);

const ParamsSchema = Type.Object({ id: Type.String({ format: 'uuid' }) });

type ConnectionSafetyBody = Static<typeof ConnectionSafetySchema>;

const tags = ['safety'];
const read = { scope: 'safety:read' };
const write = { scope: 'safety:write' };
const mostConnections = 1_000;

export function registerSafetyRoutes(options: {
  readonly http: HttpServer;
  readonly database: Database;
  readonly safety: Safety;
  readonly logger: Logger;
  readonly now: () => number;
}): void {
  const { http, database, safety, logger } = options;

  async function bodiesOf(tx: Transaction, connections: readonly Connection[]): Promise<ConnectionSafetyBody[]> {
    const switches = await readConnectionSwitches(
      tx,
      connections.map(({ account }) => account),
    );
    return connections.map(({ id, account, displayName }) => {
      const known = switches.get(account);
      return {
        id,
        account,
        name: displayName,
        ...(known?.environment == null ? {} : { environment: known.environment }),
        locked: isLocked(known),
        ...(known === undefined || known.lockReason === '' ? {} : { lockReason: known.lockReason }),
        killSwitch: known?.killSwitch ?? false,
        ...(known === undefined || known.killReason === '' ? {} : { killReason: known.killReason }),
      };
    });
  }

  async function show(tx: Transaction): Promise<Static<typeof SafetySchema>> {
    const tenant = await readTenantSwitches(tx);
    const connections = await listConnections(tx, { after: '', limit: mostConnections });
    const isFrozen = tenant.freeze !== null && options.now() < tenant.freeze.until.getTime();
    return {
      readOnly: safety.isReadOnlySet || tenant.readOnly,
      readOnlyBySetting: safety.isReadOnlySet,
      freeze:
        tenant.freeze === null || !isFrozen
          ? null
          : { until: tenant.freeze.until.toISOString(), reason: tenant.freeze.reason },
      ...(tenant.changedBy === null ? {} : { changedBy: tenant.changedBy }),
      ...(tenant.changedAt === null ? {} : { changedAt: tenant.changedAt.toISOString() }),
      connections: await bodiesOf(tx, connections),
    };
  }

  async function change(
    place: { readonly tenantId: string; readonly id: string },
    work: (tx: Transaction, account: string) => Promise<void>,
  ): Promise<ConnectionSafetyBody> {
    return await database.transaction(place.tenantId, async (tx) => {
      const connection = await findById(tx, place.id);
      if (connection === undefined) throw notFound(`The connection ${place.id}`);
      await work(tx, connection.account);
      const [body] = await bodiesOf(tx, [connection]);
      return body as ConnectionSafetyBody;
    });
  }

  http.get(
    '/v1/safety',
    {
      config: read,
      schema: {
        tags,
        operationId: 'getSafety',
        summary: 'What may be written at the moment',
        response: { 200: SafetySchema },
      },
    },
    (request) => database.transaction(tenantOf(request), show, { readOnly: true }),
  );

  http.put(
    '/v1/safety',
    {
      config: write,
      schema: {
        tags,
        operationId: 'putSafety',
        summary: 'Make all CRMs read-only, or freeze changes for a time',
        body: SafetyRequestSchema,
        response: { 200: SafetySchema },
      },
    },
    async (request) => {
      const { readOnly, freeze } = request.body;
      if (safety.isReadOnlySet && !readOnly) {
        throw new ProblemError({
          status: 409,
          code: 'read-only',
          detail: 'Kempt is read-only by its setting KEMPT_CONNECTOR_READ_ONLY; only its operator can change that.',
        });
      }
      const changedBy = request.principal?.subject ?? 'unknown';
      const until = freeze === null ? null : { until: new Date(freeze.until), reason: freeze.reason };
      logger.info({ readOnly, freeze, changedBy }, 'safety switches changed');
      return await database.transaction(tenantOf(request), async (tx) => {
        await putTenantSwitches(tx, { readOnly, freeze: until, changedBy });
        return await show(tx);
      });
    },
  );

  http.post(
    '/v1/connections/:id/kill-switch',
    {
      config: write,
      schema: {
        tags,
        operationId: 'setKillSwitch',
        summary: 'Stop all writing to an account at once, or allow it again',
        params: ParamsSchema,
        body: Type.Object({ pulled: Type.Boolean(), reason: ReasonSchema }, { additionalProperties: false }),
        response: { 200: ConnectionSafetySchema },
      },
    },
    (request) => {
      const { pulled, reason } = request.body;
      const by = request.principal?.subject ?? 'unknown';
      logger.info({ connectionId: request.params.id, pulled, by }, 'kill switch changed');
      return change({ tenantId: tenantOf(request), id: request.params.id }, (tx, account) =>
        putKillSwitch(tx, { account, on: pulled, reason: pulled ? reason : '', by }),
      );
    },
  );

  for (const [verb, on, summary] of [
    ['unlock', false, 'Allow writing to an account, as production accounts need it'],
    ['lock', true, 'Forbid writing to an account'],
  ] as const) {
    http.post(
      `/v1/connections/:id/${verb}`,
      {
        config: write,
        schema: {
          tags,
          operationId: `${verb}Connection`,
          summary,
          params: ParamsSchema,
          body: Type.Object({ reason: ReasonSchema }, { additionalProperties: false }),
          response: { 200: ConnectionSafetySchema },
        },
      },
      (request) => {
        const by = request.principal?.subject ?? 'unknown';
        logger.info({ connectionId: request.params.id, locked: on, by }, 'lock of a connection changed');
        return change({ tenantId: tenantOf(request), id: request.params.id }, (tx, account) =>
          putLock(tx, { account, on, reason: request.body.reason, by }),
        );
      },
    );
  }
}
