import type { Database } from '@kempt/postgres';
import { type CursorCodec, type HttpServer, notFound, ProblemError, tenantOf } from '@kempt/service-runtime';
import { type Static, Type } from 'typebox';
import { CrmError } from '../crm/crm-error.ts';
import { problemOfCrm } from '../errors.ts';
import type { Block, Safety } from '../safety/safety.ts';
import { NoConnectionError } from './account-writers.ts';
import type { ChangeSet } from './change-set.ts';
import { findChangeSet, listChangeSets } from './change-set-store.ts';
import { type ChangeSetPlace, type ChangeSets, mostOperations } from './change-sets.ts';
import type { Operation } from './operation.ts';
import { OperationSchema, operationBody } from './operation-body.ts';
import { OperationRequestSchema, parseOperations } from './operation-request.ts';
import { countOperations, listOperations } from './operation-store.ts';

const HashSchema = Type.String({ pattern: '^[0-9a-f]{64}$', description: 'Hash of the plan that was read' });

const ChangeSetSchema = Type.Object(
  {
    id: Type.String({ format: 'uuid' }),
    version: Type.Integer({ description: 'Rises by one with every state' }),
    state: Type.String({
      description:
        'draft, planned, approved, applying, applied, partly-applied, failed, undoing, undone, partly-undone or cancelled',
    }),
    task: Type.Optional(Type.String({ description: 'What is being done at the moment: plan, apply or undo' })),
    title: Type.String(),
    purpose: Type.String({ description: 'Why somebody wants it' }),
    requestedBy: Type.String({ description: 'user:<principal> or proposal:<proposal id>' }),
    approvedBy: Type.Optional(Type.String()),
    appliedBy: Type.Optional(Type.String()),
    undoneBy: Type.Optional(Type.String()),
    cancelledBy: Type.Optional(Type.String()),
    planHash: Type.Optional(Type.String({ description: 'SHA-256 over the plan; approve and apply ask for it' })),
    journalHash: Type.Optional(Type.String({ description: 'SHA-256 over every intent and outcome' })),
    accounts: Type.Array(Type.String()),
    operations: Type.Integer(),
    progress: Type.Object(
      {
        planned: Type.Integer(),
        applied: Type.Integer(),
        failed: Type.Integer(),
        refused: Type.Integer(),
        undone: Type.Integer(),
        undoFailed: Type.Integer(),
      },
      { description: 'Operations by where they stand' },
    ),
    blocks: Type.Array(
      Type.Object({ code: Type.String(), detail: Type.String(), account: Type.Optional(Type.String()) }),
      { description: 'What forbids writing at the moment' },
    ),
    reason: Type.Optional(Type.String({ description: 'Why it failed or was refused' })),
    createdAt: Type.String({ format: 'date-time' }),
    stateAt: Type.String({ format: 'date-time' }),
  },
  { title: 'ChangeSet' },
);

const ChangeSetPageSchema = Type.Object({
  items: Type.Array(ChangeSetSchema),
  nextCursor: Type.Optional(Type.String()),
});
const OperationPageSchema = Type.Object({
  items: Type.Array(OperationSchema),
  nextCursor: Type.Optional(Type.String()),
});

const OperationsSchema = Type.Array(OperationRequestSchema, { minItems: 1, maxItems: mostOperations });
const ParamsSchema = Type.Object({ id: Type.String({ format: 'uuid' }) });
const PageQuery = {
  cursor: Type.Optional(Type.String()),
  limit: Type.Integer({ minimum: 1, maximum: 200, default: 50 }),
};

type ChangeSetBody = Static<typeof ChangeSetSchema>;

const tags = ['changes'];

export function registerChangeSetRoutes(options: {
  readonly http: HttpServer;
  readonly database: Database;
  readonly changeSets: ChangeSets;
  readonly safety: Safety;
  readonly cursors: CursorCodec;
}): void {
  const { http, database, changeSets, safety, cursors } = options;

  async function bodiesOf(tenantId: string, shown: readonly ChangeSet[]): Promise<ChangeSetBody[]> {
    return await database.transaction(
      tenantId,
      async (tx) => {
        const counts = await countOperations(
          tx,
          shown.map(({ id }) => id),
        );
        const accounts = [...new Set(shown.flatMap((one) => one.accounts))];
        const blocks = await safety.blocks(tx, accounts);
        return shown.map((one) => bodyOf(one, counts.get(one.id), blocks));
      },
      { readOnly: true },
    );
  }

  function bodyOf(
    one: ChangeSet,
    counts: ChangeSetBody['progress'] | undefined,
    blocks: readonly Block[],
  ): ChangeSetBody {
    const optional = {
      task: one.task,
      approvedBy: one.approvedBy,
      appliedBy: one.appliedBy,
      undoneBy: one.undoneBy,
      cancelledBy: one.cancelledBy,
      planHash: one.planHash,
      journalHash: one.journalHash,
      reason: one.reason === '' ? null : one.reason,
    };
    return {
      id: one.id,
      version: one.version,
      state: one.state,
      title: one.title,
      purpose: one.purpose,
      requestedBy: one.requestedBy,
      ...(Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== null)) as Partial<ChangeSetBody>),
      accounts: [...one.accounts],
      operations: one.operations,
      progress: {
        planned: counts?.planned ?? 0,
        applied: counts?.applied ?? 0,
        failed: counts?.failed ?? 0,
        refused: counts?.refused ?? 0,
        undone: counts?.undone ?? 0,
        undoFailed: counts?.undoFailed ?? 0,
      },
      blocks: blocks.filter(({ account }) => account === undefined || one.accounts.includes(account)),
      createdAt: one.createdAt.toISOString(),
      stateAt: one.stateAt.toISOString(),
    };
  }

  async function show(tenantId: string, one: ChangeSet): Promise<ChangeSetBody> {
    const [body] = await bodiesOf(tenantId, [one]);
    return body as ChangeSetBody;
  }

  async function answered<T>(work: Promise<T>): Promise<T> {
    return await work.catch((error: unknown) => {
      if (error instanceof NoConnectionError) {
        throw new ProblemError({ status: 422, code: error.code, detail: error.message });
      }
      throw error instanceof CrmError ? problemOfCrm([error]) : error;
    });
  }

  function operationsOf(requests: Static<typeof OperationsSchema>): readonly Operation[] {
    const { operations, problems } = parseOperations(requests);
    if (problems.length === 0) return operations;
    throw new ProblemError({
      status: 422,
      code: 'invalid-operations',
      title: 'Operations that cannot be carried out',
      detail: problems
        .slice(0, 5)
        .map(({ detail }) => detail)
        .join(' '),
      errors: problems.slice(0, 50).map(({ pointer, detail }) => ({ pointer: `/body/operations${pointer}`, detail })),
    });
  }

  http.post(
    '/v1/change-sets',
    {
      config: { scope: 'changes:write' },
      bodyLimit: 20_000_000,
      schema: {
        tags,
        operationId: 'createChangeSet',
        summary: 'Draft changes to CRM records',
        description:
          'The operations are checked against the CRM. Nothing is written before the plan of it is approved.',
        body: Type.Object(
          {
            title: Type.String({ minLength: 1, maxLength: 200 }),
            reason: Type.Optional(Type.String({ maxLength: 2_000, description: 'Why, for people' })),
            operations: OperationsSchema,
          },
          { additionalProperties: false },
        ),
        response: { 201: ChangeSetSchema },
      },
    },
    async (request, reply) => {
      const tenantId = tenantOf(request);
      const { title, reason, operations } = request.body;
      const requestedBy = `user:${request.principal?.subject ?? 'unknown'}`;
      const draft = { title, purpose: reason ?? '', requestedBy, operations: operationsOf(operations) };
      const created = await answered(changeSets.create(tenantId, draft, new AbortController().signal));
      return reply
        .code(201)
        .header('location', `/v1/change-sets/${created.id}`)
        .send(await show(tenantId, created));
    },
  );

  http.patch(
    '/v1/change-sets/:id',
    {
      config: { scope: 'changes:write' },
      bodyLimit: 20_000_000,
      schema: {
        tags,
        operationId: 'editChangeSet',
        summary: 'Put other operations in the place of those of a draft or planned change set',
        params: ParamsSchema,
        body: Type.Object({ operations: OperationsSchema }, { additionalProperties: false }),
        response: { 200: ChangeSetSchema },
      },
    },
    async (request) => {
      const place = placeOf(request);
      const operations = operationsOf(request.body.operations);
      const changed = await answered(changeSets.edit(place, operations, new AbortController().signal));
      return await show(place.tenantId, changed);
    },
  );

  http.get(
    '/v1/change-sets',
    {
      config: { scope: 'changes:read' },
      schema: {
        tags,
        operationId: 'listChangeSets',
        summary: 'Change sets, the newest first',
        querystring: Type.Object({
          state: Type.Optional(Type.String()),
          requestedBy: Type.Optional(Type.String()),
          account: Type.Optional(Type.String()),
          ...PageQuery,
        }),
        response: { 200: ChangeSetPageSchema },
      },
    },
    async (request) => {
      const tenantId = tenantOf(request);
      const { cursor, limit, ...filter } = request.query;
      const scope = { list: 'change-sets', tenant: tenantId, ...filter };
      const after = cursor === undefined ? null : (cursors.decode(scope, cursor) as [string, string]);
      const found = await database.transaction(
        tenantId,
        (tx) => listChangeSets(tx, filter, { after, limit: limit + 1 }),
        { readOnly: true },
      );
      const shown = found.slice(0, limit);
      const last = shown.at(-1);
      const isMore = found.length > limit && last !== undefined;
      return {
        items: await bodiesOf(tenantId, shown),
        ...(isMore ? { nextCursor: cursors.encode(scope, [last.createdAt.toISOString(), last.id]) } : {}),
      };
    },
  );

  http.get(
    '/v1/change-sets/:id',
    {
      config: { scope: 'changes:read' },
      schema: {
        tags,
        operationId: 'getChangeSet',
        summary: 'One change set',
        params: ParamsSchema,
        response: { 200: ChangeSetSchema },
      },
    },
    async (request) => {
      const tenantId = tenantOf(request);
      const { id } = request.params;
      const found = await database.transaction(tenantId, (tx) => findChangeSet(tx, id), { readOnly: true });
      if (found === undefined) throw notFound(`The change set ${id}`);
      return await show(tenantId, found);
    },
  );

  http.get(
    '/v1/change-sets/:id/operations',
    {
      config: { scope: 'changes:read' },
      schema: {
        tags,
        operationId: 'listOperations',
        summary: 'The operations of a change set, with everything that its plan says',
        params: ParamsSchema,
        querystring: Type.Object(PageQuery),
        response: { 200: OperationPageSchema },
      },
    },
    async (request) => {
      const tenantId = tenantOf(request);
      const { id } = request.params;
      const { cursor, limit } = request.query;
      const scope = { list: 'operations', tenant: tenantId, id };
      const from = cursor === undefined ? 0 : Number(cursors.decode(scope, cursor)[0]);
      const found = await database.transaction(
        tenantId,
        async (tx) => {
          if ((await findChangeSet(tx, id)) === undefined) throw notFound(`The change set ${id}`);
          return await listOperations(tx, id, { from, limit: limit + 1 });
        },
        { readOnly: true },
      );
      const next = found[limit];
      return {
        items: found.slice(0, limit).map(operationBody),
        ...(next === undefined ? {} : { nextCursor: cursors.encode(scope, [next.index]) }),
      };
    },
  );

  http.post(
    '/v1/change-sets/:id/plan',
    {
      config: { scope: 'changes:write' },
      schema: {
        tags,
        operationId: 'planChangeSet',
        summary: 'Read every touched record afresh and say what would happen',
        params: ParamsSchema,
        response: { 202: ChangeSetSchema },
      },
    },
    async (request, reply) => {
      const place = placeOf(request);
      return reply.code(202).send(await show(place.tenantId, await changeSets.plan(place)));
    },
  );

  http.post(
    '/v1/change-sets/:id/approve',
    {
      config: { scope: 'changes:approve' },
      schema: {
        tags,
        operationId: 'approveChangeSet',
        summary: 'Agree to the plan of this hash',
        params: ParamsSchema,
        body: Type.Object({ planHash: HashSchema }, { additionalProperties: false }),
        response: { 200: ChangeSetSchema },
      },
    },
    async (request) => {
      const place = placeOf(request);
      return await show(place.tenantId, await changeSets.approve(place, request.body.planHash));
    },
  );

  http.post(
    '/v1/change-sets/:id/apply',
    {
      config: { scope: 'changes:apply' },
      schema: {
        tags,
        operationId: 'applyChangeSet',
        summary: 'Write the approved plan of this hash to the CRM',
        params: ParamsSchema,
        body: Type.Object({ planHash: HashSchema }, { additionalProperties: false }),
        response: { 202: ChangeSetSchema },
      },
    },
    async (request, reply) => {
      const place = placeOf(request);
      return reply.code(202).send(await show(place.tenantId, await changeSets.apply(place, request.body.planHash)));
    },
  );

  http.post(
    '/v1/change-sets/:id/undo',
    {
      config: { scope: 'changes:apply' },
      schema: {
        tags,
        operationId: 'undoChangeSet',
        summary: 'Take back what was applied and nobody has changed since',
        params: ParamsSchema,
        response: { 202: ChangeSetSchema },
      },
    },
    async (request, reply) => {
      const place = placeOf(request);
      return reply.code(202).send(await show(place.tenantId, await changeSets.undo(place)));
    },
  );

  http.post(
    '/v1/change-sets/:id/cancel',
    {
      config: { scope: 'changes:write' },
      schema: {
        tags,
        operationId: 'cancelChangeSet',
        summary: 'Give up a change set that was not applied',
        params: ParamsSchema,
        response: { 200: ChangeSetSchema },
      },
    },
    async (request) => {
      const place = placeOf(request);
      return await show(place.tenantId, await changeSets.cancel(place));
    },
  );
}

function placeOf(
  request: Parameters<typeof tenantOf>[0] & { readonly params: { readonly id: string } },
): ChangeSetPlace {
  return {
    tenantId: tenantOf(request),
    id: request.params.id,
    by: `user:${request.principal?.subject ?? 'unknown'}`,
  };
}
