import { describe, expect, test } from '@jest/globals';
import { salesforceError, salesforceRowError } from './error-map.ts';

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

  test.each([
    ['UNABLE_TO_LOCK_ROW', 'unable to obtain exclusive access', [], 'locked', true],
    ['STRING_TOO_LONG', 'Last Name: data value too large: Secret (max length=80)', ['LastName'], 'validation', false],
    ['INVALID_CROSS_REFERENCE_KEY', 'invalid cross reference id', ['OwnerId'], 'validation', false],
    ['INVALID_CROSS_REFERENCE_KEY', 'invalid cross reference id', [], 'not-found', false],
    ['ENTITY_IS_DELETED', 'entity is deleted', [], 'not-found', false],
    ['UNDELETE_FAILED', 'Entity is not in the recycle bin', [], 'conflict', false],
    ['INSUFFICIENT_ACCESS_OR_READONLY', 'insufficient access rights', [], 'permission', false],
    ['INVALID_TYPE_FOR_OPERATION', 'entity type does not support merge', [], 'not-supported', false],
    ['FIELD_CUSTOM_VALIDATION_EXCEPTION', 'A rule of ours', [], 'validation', false],
  ])('the write that %s refuses (%s %j) is %s, and did nothing', (code, message, fields, kind, retriable) => {
    const expected = { kind, code, fields, retriable, mayBeDone: false };
    expect(salesforceRowError({ code, message, fields })).toMatchObject(expected);
    const body = JSON.stringify([{ errorCode: code, message, fields }]);
    const error = salesforceError(400, body);
    expect(error).toMatchObject(expected);
    expect(error.message).not.toContain('Secret');
  });

  test.each([
    [500, rest('UNKNOWN_EXCEPTION', 'An unexpected error occurred'), true],
    [500, rest('SOMETHING_NEW', 'who knows'), true],
    [502, '<html>Bad gateway</html>', true],
    [503, '<html>We are down for maintenance.</html>', true],
    [200, '<html>Welcome</html>', true],
    [503, rest('SERVER_UNAVAILABLE', 'Server too busy'), false],
    [403, rest('REQUEST_LIMIT_EXCEEDED', 'ConcurrentRequests Limit exceeded.'), false],
    [401, rest('INVALID_SESSION_ID', 'Session expired or invalid'), false],
    [404, '<html>nginx</html>', false],
  ])('after %i %s a write may have been carried out: %p', (status, body, mayBeDone) => {
    expect(salesforceError(status, body).mayBeDone).toBe(mayBeDone);
  });

  test('the record that a rule or a unique field found is named, however the answer spells it', () => {
    const duplicateResult = { matchResults: [{ matchRecords: [{ record: { Id: '003000000000001AAA' } }] }] };
    const error = { errorCode: 'DUPLICATES_DETECTED', message: 'Use one of these records?' };
    for (const key of ['duplicateResult', 'duplicateResut']) {
      const told = salesforceError(400, JSON.stringify([{ ...error, [key]: duplicateResult }]));
      expect(told).toMatchObject({ kind: 'conflict', existingId: '003000000000001AAA' });
    }
    const unique = 'duplicate value found: Key__c duplicates value on record with id: 003000000000001';
    expect(salesforceError(400, rest('DUPLICATE_VALUE', unique))).toMatchObject({
      kind: 'conflict',
      existingId: '003000000000001',
    });
  });

  test('the pause that an answer asks for is kept', () => {
    expect(salesforceError(503, rest('SERVER_UNAVAILABLE', 'x'), '7').retryAfterMs).toBe(7_000);
  });

  test('long messages are cut', () => {
    expect(salesforceError(400, rest('MALFORMED_QUERY', 'x'.repeat(5_000))).message.length).toBeLessThan(400);
  });
});
