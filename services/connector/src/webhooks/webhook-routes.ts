import { type HttpServer, ProblemError, tenantOf } from '@kempt/service-runtime';
import { Type } from 'typebox';
import type { WebhookIntake } from './webhook-intake.ts';

/** HubSpot sends up to 100 events together, of which one may hold a long property value. */
const bodyLimitBytes = 1_048_576;

/** By which a caller says which connection a call is for. */
const connectionHeader = 'x-kempt-connection-id';

const headerOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

/**
 * Where the gateway hands on what HubSpot calls. The body is taken as it came, whatever its type says: the signature
 * covers its bytes.
 */
export async function registerWebhookRoutes(options: {
  readonly http: HttpServer;
  readonly intake: WebhookIntake;
}): Promise<void> {
  await options.http.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: bodyLimitBytes }, (_request, body, done) =>
      done(null, body),
    );
    scope.post(
      '/v1/webhooks/hubspot',
      {
        config: { scope: 'sync:write' },
        bodyLimit: bodyLimitBytes,
        schema: {
          tags: ['webhooks'],
          operationId: 'takeHubspotWebhook',
          summary: 'Take in what HubSpot tells of changes',
          description:
            `The header ${connectionHeader} or the query names the connection; the body and the headers ` +
            'X-HubSpot-Signature-v3 and X-HubSpot-Request-Timestamp are as HubSpot sent them. The records are read ' +
            'after the answer.',
          querystring: Type.Object({ connection: Type.Optional(Type.String({ format: 'uuid' })) }),
          response: { 204: Type.Null({ description: 'Taken in' }) },
        },
      },
      async (request, reply) => {
        const connectionId =
          headerOf(request.headers[connectionHeader]) ??
          (request.query as { readonly connection?: string }).connection ??
          '';
        if (!/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i.test(connectionId)) {
          throw new ProblemError({
            status: 400,
            code: 'connection-missing',
            detail: `Name the connection by its id, in the header ${connectionHeader} or the query parameter connection.`,
          });
        }
        await options.intake.take(tenantOf(request), {
          connectionId: connectionId.toLowerCase(),
          body: Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0),
          signature: headerOf(request.headers['x-hubspot-signature-v3']),
          timestamp: headerOf(request.headers['x-hubspot-request-timestamp']),
        });
        return reply.code(204).send(null);
      },
    );
  });
}
