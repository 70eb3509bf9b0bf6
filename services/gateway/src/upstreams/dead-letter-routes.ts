import {
  type CursorCodec,
  type CursorScope,
  type CursorValue,
  DeadLetterDetailsSchema,
  DeadLetterNoteSchema,
  DeadLetterQuerySchema,
  DeadLetterResultSchema,
  DeadLetterSchema,
  type HttpServer,
  notFound,
  type Principal,
  ProblemError,
  tenantOf,
} from '@kempt/service-runtime';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type Static, Type } from 'typebox';
import { type ListPosition, mergeDeadLetterPages, type ServicePage } from './dead-letter-page.ts';
import type { Upstream } from './upstream.ts';
import { requestJson } from './upstream-json.ts';
import { isUpstreamName, type UpstreamName } from './upstream-table.ts';

export interface DeadLetterRoutesOptions {
  readonly http: HttpServer;
  readonly upstreams: ReadonlyMap<UpstreamName, Upstream>;
  readonly cursors: CursorCodec;
}

const service = { service: Type.String({ description: 'The service whose dead letter it is' }) };
const id = { id: Type.String({ description: 'The service and the id there, as in dedupe:019a...' }) };
const LetterSchema = Type.Object({ ...DeadLetterSchema.properties, ...id, ...service });
const DetailsSchema = Type.Object({ ...DeadLetterDetailsSchema.properties, ...id, ...service });
const PageSchema = Type.Object({
  items: Type.Array(LetterSchema),
  nextCursor: Type.Optional(Type.String()),
  unavailable: Type.Array(Type.String(), {
    description:
      'Services that did not answer: their dead letters are missing from this page and come with a later one',
  }),
});
const QuerySchema = Type.Object({
  ...DeadLetterQuerySchema.properties,
  service: Type.Optional(Type.String({ description: 'Only dead letters of this service' })),
});
const ParamsSchema = Type.Object({ id: Type.String({ minLength: 3, maxLength: 128 }) });

type Letter = Static<typeof DeadLetterSchema>;

const tags = ['dead letters'];
const read = { scope: 'dead-letters:read' };
const write = { scope: 'dead-letters:write' };

/** The dead letters of all services as one list, each addressed by `<service>:<id>`. */
export function addDeadLetterRoutes({ http, upstreams, cursors }: DeadLetterRoutesOptions): void {
  http.get(
    '/v1/dead-letters',
    {
      config: read,
      schema: {
        tags,
        operationId: 'listDeadLetters',
        summary: 'Events that could not be applied, of all services, newest first',
        querystring: QuerySchema,
        response: { 200: PageSchema },
      },
    },
    async (request, reply) => {
      const { cursor, limit, service: only, ...filter } = request.query;
      const scope: CursorScope = { list: 'dead-letters', tenant: tenantOf(request), service: only, ...filter };
      const names = [...upstreams.keys()].filter((name) => only === undefined || name === only);
      const positions =
        cursor === undefined
          ? names.map((name) => ({ service: name, cursor: null, afterId: null, isDone: false }))
          : positionsOf(cursors.decode(scope, cursor));

      const open = positions.filter((position) => !position.isDone);
      const call = callOf(request, reply);
      const answers = await Promise.allSettled(open.map((position) => readPage(position, { ...filter, limit }, call)));
      const pages = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
      const failed = open.filter((_, index) => answers[index]?.status === 'rejected');
      const [refusal] = answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason as unknown] : []));
      if (refusal !== undefined && (pages.length === 0 || !isPassing(refusal))) throw refusal;

      const merged = mergeDeadLetterPages(pages, limit);
      const next = [...merged.positions, ...failed].filter((position) => !position.isDone);
      // A service that is away must not lead a client round and round: without anything else to read, this page is the last.
      const hasMore = merged.positions.some((position) => !position.isDone);
      return {
        items: merged.items.map((letter) => ({ ...letter, id: `${letter.service}:${letter.id}` })),
        unavailable: failed.map((position) => position.service),
        ...(hasMore && { nextCursor: cursors.encode(scope, valuesOf(next)) }),
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
        params: ParamsSchema,
        response: { 200: DetailsSchema },
      },
    },
    async (request, reply) => {
      const letter = addressOf(request.params.id, upstreams);
      const details = await requestJson<Static<typeof DeadLetterDetailsSchema>>(letter.upstream, {
        ...callOf(request, reply),
        method: 'GET',
        path: letter.path,
      });
      return { ...details, id: request.params.id, service: letter.upstream.name };
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
        params: ParamsSchema,
        response: { 202: DeadLetterResultSchema },
      },
    },
    async (request, reply) => {
      const letter = addressOf(request.params.id, upstreams);
      const result = await requestJson<Static<typeof DeadLetterResultSchema>>(letter.upstream, {
        ...callOf(request, reply),
        method: 'POST',
        path: `${letter.path}/replay`,
      });
      return reply.code(202).send({ ...result, id: request.params.id });
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
        params: ParamsSchema,
        body: DeadLetterNoteSchema,
        response: { 200: DeadLetterResultSchema },
      },
    },
    async (request, reply) => {
      const letter = addressOf(request.params.id, upstreams);
      const result = await requestJson<Static<typeof DeadLetterResultSchema>>(letter.upstream, {
        ...callOf(request, reply),
        method: 'POST',
        path: `${letter.path}/discard`,
        body: request.body,
      });
      return { ...result, id: request.params.id };
    },
  );

  async function readPage(
    position: ListPosition,
    filter: Readonly<Record<string, string | number | undefined>>,
    call: Call,
  ): Promise<ServicePage<Letter>> {
    const upstream = isUpstreamName(position.service) ? upstreams.get(position.service) : undefined;
    if (upstream === undefined) return { position, items: [] };
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries({ ...filter, cursor: position.cursor ?? undefined })) {
      if (value !== undefined) query.set(name, String(value));
    }
    const page = await requestJson<{ items: readonly Letter[]; nextCursor?: string }>(upstream, {
      ...call,
      method: 'GET',
      path: `/v1/dead-letters?${query.toString()}`,
    });
    return { position, ...page };
  }
}

interface Call {
  readonly principal: Principal;
  readonly requestId: string;
  readonly signal: AbortSignal;
}

function callOf(request: FastifyRequest, reply: FastifyReply): Call {
  const gone = new AbortController();
  reply.raw.once('close', () => gone.abort(new Error('the client closed the connection')));
  return { principal: request.principal as Principal, requestId: request.id, signal: gone.signal };
}

/** Another service's trouble must not hide the dead letters of the rest; a refusal of the request itself is the answer. */
function isPassing(error: unknown): boolean {
  return error instanceof ProblemError && error.retriable;
}

function addressOf(
  address: string,
  upstreams: ReadonlyMap<UpstreamName, Upstream>,
): { readonly upstream: Upstream; readonly path: string } {
  const separator = address.indexOf(':');
  const name = address.slice(0, separator);
  const letterId = address.slice(separator + 1);
  const upstream = isUpstreamName(name) ? upstreams.get(name) : undefined;
  if (separator < 0 || upstream === undefined || !/^[0-9a-f-]{36}$/i.test(letterId)) {
    throw notFound(`Dead letter ${address}`);
  }
  return { upstream, path: `/v1/dead-letters/${letterId}` };
}

function valuesOf(positions: readonly ListPosition[]): CursorValue[] {
  return positions.flatMap(({ service: name, cursor, afterId }) => [name, cursor, afterId]);
}

function positionsOf(values: readonly CursorValue[]): ListPosition[] {
  return Array.from({ length: Math.floor(values.length / 3) }, (_, index) => {
    const [name, cursor, afterId] = values.slice(index * 3, index * 3 + 3) as [string, string | null, string | null];
    return { service: name, cursor, afterId, isDone: false };
  });
}
