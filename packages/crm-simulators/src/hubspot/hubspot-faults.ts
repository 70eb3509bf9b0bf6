import type { SimulatorReply } from '../http/http-server.ts';
import type { Random } from '../random.ts';
import { HubSpotError } from './hubspot-error.ts';
import { rateLimitReply } from './rate-limits.ts';

const jsonHeaders = { 'Content-Type': 'application/json;charset=utf-8' } as const;

/** The names `namedHubSpotFault` knows. */
export const hubSpotFaultNames = [
  'ten-secondly-limit',
  'secondly-limit',
  'daily-limit',
  'expired-token',
  'invalid-token',
  'missing-scopes',
  'locked',
  'migrating',
  'bad-gateway-html',
  'no-content-type',
  'unavailable',
  'internal-error',
] as const;

/** One of the service's unhappy answers. */
export function namedHubSpotFault(name: string, random: Random): SimulatorReply {
  const fail = (
    status: number,
    category: string,
    message: string,
    headers: Record<string, string> = {},
  ): SimulatorReply => ({
    status,
    headers: { ...jsonHeaders, ...headers },
    body: new HubSpotError(status, category, message).toBody(random.uuid()),
  });
  switch (name as (typeof hubSpotFaultNames)[number]) {
    case 'ten-secondly-limit':
      return rateLimitReply('TEN_SECONDLY_ROLLING', random, { 'Retry-After': '10' });
    case 'secondly-limit':
      return rateLimitReply('SECONDLY', random);
    case 'daily-limit':
      return rateLimitReply('DAILY', random);
    case 'expired-token':
      return fail(401, 'EXPIRED_AUTHENTICATION', 'The OAuth token used to make this call expired 12 second(s) ago.');
    case 'invalid-token':
      return fail(401, 'INVALID_AUTHENTICATION', 'Authentication credentials not found.');
    case 'missing-scopes':
      return fail(403, 'MISSING_SCOPES', "This app hasn't been granted all required scopes to make this call.");
    case 'locked':
      return fail(423, 'LOCKED', 'The resource is locked while a large sync is running. Try again later.');
    case 'migrating':
      return fail(477, 'MIGRATION_IN_PROGRESS', 'The account is moving to another data hosting location.', {
        'Retry-After': '3600',
      });
    case 'bad-gateway-html':
      return {
        status: 502,
        headers: { 'Content-Type': 'text/html' },
        body: '<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>',
      };
    case 'no-content-type':
      return { status: 500, headers: {}, body: 'upstream connect error' };
    case 'unavailable':
      return fail(503, 'SERVICE_UNAVAILABLE', 'The service is temporarily unavailable.');
    case 'internal-error':
      return fail(500, 'INTERNAL_ERROR', 'internal error');
    default:
      throw new Error(`There is no HubSpot fault named ${name}. Known: ${hubSpotFaultNames.join(', ')}.`);
  }
}
