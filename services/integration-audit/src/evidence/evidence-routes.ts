import type { Database } from '@kempt/postgres';
import { type HttpServer, tenantOf } from '@kempt/service-runtime';
import { type Static, Type } from 'typebox';
import { checkChain } from './chain-check.ts';
import { chainEnd, listLinks } from './evidence-store.ts';
import { type Link, subjectKinds } from './link.ts';

const HashSchema = Type.String({ pattern: '^[0-9a-f]{64}$' });

const EndSchema = Type.Object(
  { sequence: Type.Integer(), hash: HashSchema },
  { description: 'The last link. Note the hash elsewhere: whoever holds it can tell whether the chain was cut' },
);

const LinkSchema = Type.Object(
  {
    sequence: Type.Integer({ description: 'Position in the chain, beginning with 1, without gaps' }),
    subjectKind: Type.Enum([...subjectKinds]),
    subjectId: Type.String(),
    subjectVersion: Type.Integer(),
    occurredAt: Type.String({ format: 'date-time' }),
    recordedAt: Type.String({ format: 'date-time' }),
    content: Type.String({ description: 'JSON of what is attested, to the byte' }),
    contentHash: Type.String({ description: 'SHA-256 over the content' }),
    previousHash: Type.String({ description: 'Hash of the link before; 64 zeros in the first' }),
    hash: Type.String({
      description:
        'SHA-256 over the JSON list of sequence, subject kind, id and version, content hash and previous hash',
    }),
  },
  { title: 'EvidenceLink' },
);

const EvidencePageSchema = Type.Object(
  {
    items: Type.Array(LinkSchema),
    end: EndSchema,
    nextAfterSequence: Type.Optional(Type.Integer({ description: 'Give it as afterSequence to read on' })),
  },
  { title: 'EvidencePage' },
);

const VerificationSchema = Type.Object(
  {
    valid: Type.Boolean(),
    links: Type.Integer({ description: 'How many links hold' }),
    head: Type.Optional(Type.String({ description: 'Hash of the last link that holds' })),
    brokenSequence: Type.Optional(Type.Integer({ description: 'The first link that does not hold' })),
    reason: Type.Optional(Type.String({ description: 'Why it does not' })),
  },
  { title: 'EvidenceVerification' },
);

/** The tenant's evidence chain: what was done and decided. */
export function registerEvidenceRoutes({
  http,
  database,
}: {
  readonly http: HttpServer;
  readonly database: Database;
}): void {
  http.get(
    '/v1/evidence',
    {
      config: { scope: 'audit:read' },
      schema: {
        summary: 'List the links of the evidence chain',
        querystring: Type.Object({
          afterSequence: Type.Integer({ default: 0, minimum: 0 }),
          subjectKind: Type.Optional(Type.Enum([...subjectKinds])),
          subjectId: Type.Optional(Type.String()),
          limit: Type.Integer({ default: 100, minimum: 1, maximum: 1_000 }),
        }),
        response: { 200: EvidencePageSchema },
      },
    },
    async (request) => {
      const { limit, ...filter } = request.query;
      const { found, end } = await database.transaction(
        tenantOf(request),
        async (tx) => {
          // The end first: links that come meanwhile are shown, and none is missing before it.
          const end = await chainEnd(tx);
          return { end, found: await listLinks(tx, { ...filter, limit: limit + 1 }) };
        },
        { readOnly: true },
      );
      const page = found.slice(0, limit);
      const last = page.at(-1);
      return {
        items: page.map(present),
        end: { ...end },
        ...(found.length > limit && last !== undefined ? { nextAfterSequence: last.sequence } : {}),
      };
    },
  );

  http.get(
    '/v1/evidence/verify',
    {
      config: { scope: 'audit:read' },
      schema: {
        summary: 'Recompute the evidence chain',
        description: 'For those who trust the server. `kempt evidence verify` recomputes it without doing so.',
        response: { 200: VerificationSchema },
      },
    },
    async (request) => {
      const { broken, end } = await checkChain(database, tenantOf(request));
      return {
        valid: broken === undefined,
        links: end.sequence,
        ...(end.sequence === 0 ? {} : { head: end.hash }),
        ...(broken === undefined ? {} : { brokenSequence: broken.sequence, reason: broken.reason }),
      };
    },
  );
}

function present(link: Link): Static<typeof LinkSchema> {
  return { ...link, occurredAt: link.occurredAt.toISOString(), recordedAt: link.recordedAt.toISOString() };
}
