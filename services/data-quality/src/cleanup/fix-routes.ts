import { appendToOutbox } from '@kempt/outbox';
import type { Database } from '@kempt/postgres';
import { type CursorCodec, type HttpServer, tenantOf } from '@kempt/service-runtime';
import { type Static, Type } from 'typebox';
import { v7 as newProposalId } from 'uuid';
import { nothingToFix, unknownFixProposal, unknownStandard } from '../errors.ts';
import type { FixEvents } from './fix-events.ts';
import { countFixable, type FixProposal, findFixes, listProposals, lockProposal, saveProposal } from './fix-store.ts';
import type { Standardisation } from './standardisation.ts';

const FixProposalSchema = Type.Object(
  {
    proposalId: Type.String(),
    version: Type.Integer(),
    state: Type.Enum(['open', 'withdrawn']),
    standardId: Type.String(),
    account: Type.String(),
    object: Type.String(),
    requestedBy: Type.String(),
    createdAt: Type.String({ format: 'date-time' }),
    fixes: Type.Array(
      Type.Object({ recordId: Type.String(), field: Type.String(), before: Type.String(), after: Type.String() }),
    ),
  },
  { title: 'FixProposal' },
);

const FixProposalPageSchema = Type.Object(
  { items: Type.Array(FixProposalSchema), nextCursor: Type.Optional(Type.String()) },
  { title: 'FixProposalPage' },
);

const StandardisationListSchema = Type.Object(
  {
    items: Type.Array(
      Type.Object({
        id: Type.String(),
        description: Type.String(),
        objects: Type.Array(
          Type.Object({
            account: Type.String(),
            object: Type.String(),
            values: Type.Integer({ description: 'Values that could be written in the standard way' }),
          }),
        ),
      }),
    ),
  },
  { title: 'StandardisationList' },
);

export interface FixRoutesOptions {
  readonly http: HttpServer;
  readonly database: Database;
  readonly cursors: CursorCodec;
  readonly standards: readonly Standardisation[];
  readonly events: FixEvents;
  readonly now: () => Date;
}

const present = ({ open, createdAt, fixes, ...rest }: FixProposal): Static<typeof FixProposalSchema> => ({
  ...rest,
  state: open ? 'open' : 'withdrawn',
  createdAt: createdAt.toISOString(),
  fixes: [...fixes],
});

/** Proposals to write values in a standard way. Nothing is written here: the connector makes change sets of them. */
export function registerFixRoutes(options: FixRoutesOptions): void {
  const { http, database, cursors, standards, events, now } = options;

  http.get(
    '/v1/data-quality/standardisations',
    {
      config: { scope: 'quality:read' },
      schema: {
        summary: 'List standardisations',
        description: 'Standard ways of writing values, and how many values are written differently.',
        response: { 200: StandardisationListSchema },
      },
    },
    async (request) => {
      const objects = await database.transaction(tenantOf(request), countFixable, { readOnly: true });
      return {
        items: standards.map((standard) => ({
          id: standard.id,
          description: standard.description,
          objects: objects.filter(({ account, object }) => standard.fieldsOf(account, object).length > 0),
        })),
      };
    },
  );

  http.post(
    '/v1/data-quality/standardisations/:id/proposals',
    {
      config: { scope: 'quality:write' },
      schema: {
        summary: 'Propose to write values in the standard way',
        description:
          'Makes a proposal for the first values of an object. The connector drafts a change set for it, requested by proposal:<id>.',
        params: Type.Object({ id: Type.String() }),
        body: Type.Object(
          {
            account: Type.String({ minLength: 1 }),
            object: Type.String({ minLength: 1 }),
            limit: Type.Integer({ default: 200, minimum: 1, maximum: 200 }),
          },
          { additionalProperties: false },
        ),
        response: { 201: FixProposalSchema },
      },
    },
    async (request, reply) => {
      const tenantId = tenantOf(request);
      const { id } = request.params;
      const { account, object, limit } = request.body;
      if (!standards.some((standard) => standard.id === id)) throw unknownStandard(id);
      const proposal = await database.transaction(tenantId, async (tx) => {
        const fixes = await findFixes(tx, { account, object }, { standardId: id, limit });
        if (fixes.length === 0) throw nothingToFix(account, object);
        const made: FixProposal = {
          proposalId: newProposalId(),
          version: 1,
          open: true,
          standardId: id,
          account,
          object,
          fixes,
          requestedBy: request.principal?.subject ?? 'unknown',
          createdAt: now(),
        };
        await saveProposal(tx, made);
        await appendToOutbox(tx, [events(tenantId, made)]);
        return made;
      });
      return reply.code(201).send(present(proposal));
    },
  );

  http.post(
    '/v1/data-quality/proposals/:id/withdraw',
    {
      config: { scope: 'quality:write' },
      schema: {
        summary: 'Withdraw a proposal',
        description: 'The connector cancels the change set that it drafted, unless it has been approved.',
        params: Type.Object({ id: Type.String({ format: 'uuid' }) }),
        response: { 200: FixProposalSchema },
      },
    },
    async (request) => {
      const tenantId = tenantOf(request);
      const withdrawn = await database.transaction(tenantId, async (tx) => {
        const known = await lockProposal(tx, request.params.id);
        if (known === undefined) throw unknownFixProposal(request.params.id);
        if (!known.open) return known;
        const changed = { ...known, open: false, version: known.version + 1 };
        await saveProposal(tx, changed);
        await appendToOutbox(tx, [events(tenantId, changed)]);
        return changed;
      });
      return present(withdrawn);
    },
  );

  http.get(
    '/v1/data-quality/proposals',
    {
      config: { scope: 'quality:read' },
      schema: {
        summary: 'List proposals to fix values',
        description: 'Newest first.',
        querystring: Type.Object({
          cursor: Type.Optional(Type.String()),
          limit: Type.Integer({ default: 20, minimum: 1, maximum: 100 }),
        }),
        response: { 200: FixProposalPageSchema },
      },
    },
    async (request) => {
      const tenantId = tenantOf(request);
      const { cursor, limit } = request.query;
      const list = { list: 'fix-proposals', tenantId };
      const before = cursor === undefined ? undefined : String(cursors.decode(list, cursor)[0]);
      const found = await database.transaction(tenantId, (tx) => listProposals(tx, { before, limit: limit + 1 }), {
        readOnly: true,
      });
      const page = found.slice(0, limit);
      const last = page.at(-1);
      return {
        items: page.map(present),
        ...(found.length > limit && last !== undefined ? { nextCursor: cursors.encode(list, [last.proposalId]) } : {}),
      };
    },
  );
}
