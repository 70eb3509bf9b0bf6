import { anyScope, type HttpServer, type Principal } from '@kempt/service-runtime';
import { Type } from 'typebox';

const SessionSchema = Type.Object(
  {
    tenantId: Type.String(),
    subject: Type.String({ description: 'api-key:<id>' }),
    scopes: Type.Array(Type.String()),
  },
  { title: 'Session' },
);

/** Who calls, and what the caller may do: what a client wants to know before it offers anything. */
export function addSessionRoutes(http: HttpServer): void {
  http.get(
    '/v1/session',
    {
      config: { scope: anyScope },
      schema: {
        tags: ['API keys'],
        operationId: 'showSession',
        summary: 'Whose the API key is, and what it may do',
        response: { 200: SessionSchema },
      },
    },
    async (request) => {
      const { tenantId, subject, scopes } = request.principal as Principal;
      return { tenantId, subject, scopes: [...scopes].sort() };
    },
  );
}
