import type { Database } from '@kempt/postgres';
import { type HttpServer, tenantOf } from '@kempt/service-runtime';
import { Type } from 'typebox';
import { v7 as newFeedbackId } from 'uuid';
import { scoreOutOfRange } from '../errors.ts';
import { saveFeedback } from '../facts/fact-store.ts';
import { ensureTenant } from '../tenants/tenant-store.ts';

/** Scales of the usual surveys. */
const scales = { csat: [1, 5], nps: [0, 10], ces: [1, 7] } as const;

const FeedbackSchema = Type.Object(
  { feedbackId: Type.String(), kind: Type.String(), score: Type.Integer(), submittedAt: Type.String() },
  { title: 'FeedbackReceipt' },
);

export interface FeedbackRoutesOptions {
  readonly http: HttpServer;
  readonly database: Database;
  readonly now: () => Date;
}

/** Answers to surveys that are not in a CRM. */
export function registerFeedbackRoutes({ http, database, now }: FeedbackRoutesOptions): void {
  http.post(
    '/v1/feedback',
    {
      config: { scope: 'kpis:write' },
      schema: {
        summary: 'Hand in an answer to a survey',
        description: 'Counts for customer satisfaction, beside the feedback that the CRMs hold.',
        body: Type.Object(
          {
            kind: Type.Enum(['csat', 'nps', 'ces'], { description: 'csat: 1 to 5; nps: 0 to 10; ces: 1 to 7' }),
            score: Type.Integer(),
            comment: Type.String({ default: '', maxLength: 2_000 }),
          },
          { additionalProperties: false },
        ),
        response: { 201: FeedbackSchema },
      },
    },
    async (request, reply) => {
      const { kind, score, comment } = request.body;
      const [least, most] = scales[kind];
      if (score < least || score > most) throw scoreOutOfRange(kind, `${least} to ${most}`);
      const feedbackId = newFeedbackId();
      const submittedAt = now();
      await database.transaction(tenantOf(request), async (tx) => {
        await ensureTenant(tx);
        await saveFeedback(tx, [
          {
            account: '-',
            object: 'feedback',
            recordId: feedbackId,
            version: 1,
            kind: kind.toUpperCase(),
            score,
            submittedAt,
            comment,
          },
        ]);
      });
      return reply.code(201).send({ feedbackId, kind, score, submittedAt: submittedAt.toISOString() });
    },
  );
}
