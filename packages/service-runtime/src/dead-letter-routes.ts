import { type DeadLetter, type DeadLetterDetails, type DeadLetters, OutboxError } from '@kempt/outbox';
import type { FastifyRequest } from 'fastify';
import type { CursorCodec, CursorScope } from './cursor.ts';
import {
  type DeadLetterBody,
  type DeadLetterDetailsBody,
  DeadLetterDetailsSchema,
  DeadLetterNoteSchema,
  DeadLetterPageSchema,
  DeadLetterParamsSchema,
  DeadLetterQuerySchema,
  DeadLetterResultSchema,
} from './dead-letter-schema.ts';
import { type HttpServer, tenantOf } from './http-server.ts';
import { ProblemError } from './problem.ts';

export interface DeadLetterRoutesOptions {
  readonly http: HttpServer;
  readonly deadLetters: DeadLetters;
  readonly cursors: CursorCodec;
}

const tags = ['dead letters'];
const read = { scope: 'dead-letters:read' };
const write = { scope: 'dead-letters:write' };

/** What could not be applied, for the people who have to decide: every service serves its own under the same paths. */
export function addDeadLetterRoutes({ http, deadLetters, cursors }: DeadLetterRoutesOptions): void {
  http.get(
    '/v1/dead-letters',
    {
      config: read,
      schema: {
        tags,
        operationId: 'listDeadLetters',
        summary: 'Events that could not be applied, newest first',
        querystring: DeadLetterQuerySchema,
        response: { 200: DeadLetterPageSchema },
      },
    },
    async (request) => {
      const tenantId = tenantOf(request);
      const { cursor, limit, ...filter } = request.query;
      const scope: CursorScope = { list: 'dead-letters', tenant: tenantId, ...filter };
      const after = cursor === undefined ? undefined : String(cursors.decode(scope, cursor)[0]);
      const page = await deadLetters.list({
        ...filter,
        reason: filter.reason as never,
        tenantId,
        limit,
        cursor: after,
      });
      return {
        items: page.items.map(bodyOf),
        ...(page.nextCursor !== undefined && { nextCursor: cursors.encode(scope, [page.nextCursor]) }),
      };
    },
  );

  http.get(
    '/v1/dead-letters/:id',
    {
      config: read,
      schema: {
        tags,
        operationId: 'showDeadLetter',
        summary: 'One dead letter with the event as it came',
        params: DeadLetterParamsSchema,
        response: { 200: DeadLetterDetailsSchema },
      },
    },
    async (request) => {
      const details = await answer(deadLetters.show(request.params.id, { tenantId: tenantOf(request) }));
      return detailsOf(details, request.principal?.scopes.has('records:read') === true);
    },
  );

  http.post(
    '/v1/dead-letters/:id/replay',
    {
      config: write,
      schema: {
        tags,
        operationId: 'replayDeadLetter',
        summary: 'Hand the event back to the consumer that could not apply it',
        params: DeadLetterParamsSchema,
        response: { 202: DeadLetterResultSchema },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      await answer(deadLetters.replay(id, actorOf(request)));
      return reply.code(202).send({ id, state: 'replaying' });
    },
  );

  http.post(
    '/v1/dead-letters/:id/discard',
    {
      config: write,
      schema: {
        tags,
        operationId: 'discardDeadLetter',
        summary: 'Decide that the event shall not take effect',
        params: DeadLetterParamsSchema,
        body: DeadLetterNoteSchema,
        response: { 200: DeadLetterResultSchema },
      },
    },
    async (request) => {
      const { id } = request.params;
      await answer(deadLetters.discard(id, request.body.note, actorOf(request)));
      return { id, state: 'discarded' };
    },
  );
}

function actorOf(request: FastifyRequest): { readonly tenantId: string; readonly actor: string } {
  return { tenantId: tenantOf(request), actor: request.principal?.subject ?? 'unknown' };
}

const statuses: Readonly<Record<string, number>> = {
  'dead-letter-not-found': 404,
  'dead-letter-closed': 409,
  'dead-letter-not-replayable': 409,
};

async function answer<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    const status = error instanceof OutboxError ? statuses[error.code] : undefined;
    if (!(error instanceof OutboxError) || status === undefined) throw error;
    throw new ProblemError({ status, code: error.code, detail: error.message, cause: error });
  }
}

function bodyOf({ tenantId: _tenantId, ...letter }: DeadLetter): DeadLetterBody {
  return { ...letter, firstSeenAt: letter.firstSeenAt.toISOString(), lastSeenAt: letter.lastSeenAt.toISOString() };
}

function detailsOf(details: DeadLetterDetails, maySeeRecords: boolean): DeadLetterDetailsBody {
  // The content must be taken out before the rest is spread, or it would go along.
  const { value, publishedAt, actions, headers, ...letter } = details;
  return {
    ...bodyOf(letter),
    headers: { ...headers },
    publishedAt: publishedAt.toISOString(),
    actions: actions.map((action) => ({ ...action, at: action.at.toISOString() })),
    // The event holds what the CRM holds.
    ...(maySeeRecords && { value: value === null ? null : Buffer.from(value).toString('base64') }),
  };
}
