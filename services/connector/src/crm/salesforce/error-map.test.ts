import { describe, expect, test } from '@jest/globals';
import { salesforceError } from './error-map.ts';

const rest = (errorCode: string, message: string) => JSON.stringify([{ errorCode, message }]);
const oauth = (error: string, error_description: string) => JSON.stringify({ error, error_description });

describe('answers of Salesforce', () => {
  test.each([
    [401, rest('INVALID_SESSION_ID', 'Session expired or invalid'), 'auth', false],
    [403, rest('REQUEST_LIMIT_EXCEEDED', 'TotalRequests Limit exceeded.'), 'quota', false],
    [403, rest('REQUEST_LIMIT_EXCEEDED', 'ConcurrentRequests (Concurrent API Requests) Limit exceeded.'), 'rate', true],
    [403, rest('API_DISABLED_FOR_ORG', 'API is not enabled'), 'permission', false],
    [400, rest('INVALID_FIELD', "No such column 'X' on entity 'Y'"), 'validation', false],
    [400, rest('INVALID_TYPE', "sObject type 'X' is not supported"), 'not-found', false],
    [400, rest('QUERY_TIMEOUT', 'Your query request was running for too long.'), 'unavailable', true],
    [404, rest('NOT_FOUND', 'The requested resource does not exist'), 'not-found', false],
    [500, rest('UNKNOWN_EXCEPTION', 'An unexpected error occurred'), 'unavailable', true],
    [503, rest('SERVER_UNAVAILABLE', 'Server too busy'), 'unavailable', true],
    [503, '<html>We are down for maintenance.</html>', 'unavailable', true],
    [302, '', 'malformed', true],
    [404, '<html>nginx</html>', 'malformed', true],
    [400, oauth('invalid_grant', 'authentication failure'), 'auth', false],
    [400, oauth('invalid_grant', 'token request is already being processed'), 'unavailable', true],
    [400, oauth('login_rate_exceeded', 'login rate exceeded'), 'rate', true],
    [418, rest('SOMETHING_NEW', 'who knows'), 'validation', false],
  ])('%i %s is %s', (status, body, kind, retriable) => {
    expect(salesforceError(status, body)).toMatchObject({ kind, retriable });
  });

  test.each([
    [oauth('invalid_client_id', 'client identifier invalid'), '/credentials/clientId'],
    [oauth('invalid_client', 'invalid client credentials'), '/credentials/clientSecret'],
    [oauth('invalid_grant', 'no client credentials user enabled'), '/credentials/clientId'],
    [oauth('invalid_grant', 'request not supported on this domain'), '/loginUrl'],
    [oauth('invalid_grant', 'audience is invalid'), '/credentials/audience'],
    [oauth('invalid_grant', "user hasn't approved this consumer"), '/credentials/username'],
    [oauth('invalid_grant', 'invalid assertion'), '/credentials/privateKey'],
    [oauth('invalid_grant', 'something else'), '/credentials'],
  ])('%s points at %s and says what to do', (body, pointer) => {
    const error = salesforceError(400, body);
    expect(error.pointer).toBe(pointer);
    expect(error.message).toMatch(/(Take|Name|Use|Pre-authorise|Check) .+\.$/);
  });

  test('the pause that an answer asks for is kept', () => {
    expect(salesforceError(503, rest('SERVER_UNAVAILABLE', 'x'), '7').retryAfterMs).toBe(7_000);
  });

  test('long messages are cut', () => {
    expect(salesforceError(400, rest('MALFORMED_QUERY', 'x'.repeat(5_000))).message.length).toBeLessThan(400);
  });
});
