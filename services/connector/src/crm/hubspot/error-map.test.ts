import { describe, expect, test } from '@jest/globals';
import { hubspotError } from './error-map.ts';

const none = new Headers();
const body = (category: string, extra: object = {}) =>
  JSON.stringify({ status: 'error', message: 'why', category, ...extra });

describe('answers of HubSpot', () => {
  test.each([
    [401, body('INVALID_AUTHENTICATION'), 'auth', false],
    [401, body('EXPIRED_AUTHENTICATION'), 'auth', false],
    [403, body('MISSING_SCOPES'), 'permission', false],
    [404, body('OBJECT_NOT_FOUND'), 'not-found', false],
    [400, body('VALIDATION_ERROR'), 'validation', false],
    [429, body('RATE_LIMITS', { policyName: 'TEN_SECONDLY_ROLLING' }), 'rate', true],
    [429, body('RATE_LIMITS', { policyName: 'DAILY' }), 'quota', false],
    [429, JSON.stringify({ status: 'error', message: 'slow down' }), 'rate', true],
    [423, body('LOCKED'), 'locked', true],
    [477, body('MIGRATION_IN_PROGRESS'), 'unavailable', true],
    [500, 'upstream connect error', 'unavailable', true],
    [502, '<html>502 Bad Gateway</html>', 'unavailable', true],
    [404, '<html>not here</html>', 'malformed', true],
  ])('%i %s is %s', (status, text, kind, retriable) => {
    expect(hubspotError(status, text, none)).toMatchObject({ kind, retriable });
  });

  test.each([
    [500, body('INTERNAL_ERROR'), true],
    [502, '<html>502 Bad Gateway</html>', true],
    [504, body('TIMEOUT'), true],
    [503, body('SERVICE_UNAVAILABLE'), false],
    [477, body('MIGRATION_IN_PROGRESS'), false],
    [423, body('LOCKED'), false],
    [429, body('RATE_LIMITS', { policyName: 'SECONDLY' }), false],
    [400, body('VALIDATION_ERROR'), false],
    [404, '<html>not here</html>', false],
  ])('after %i %s a write may have been carried out: %p', (status, text, mayBeDone) => {
    expect(hubspotError(status, text, none).mayBeDone).toBe(mayBeDone);
  });

  test('a refused value is told by the names of the properties and the reasons, not by the value', () => {
    const listed = [{ isValid: false, message: 'Secret was not valid', error: 'INVALID_OPTION', name: 'dealstage' }];
    const errors = [
      { message: 'Secret', code: 'INVALID_OPTION', context: { propertyName: ['dealstage', 'pipeline'] } },
    ];
    const text = JSON.stringify({
      category: 'VALIDATION_ERROR',
      message: `Property values were not valid: ${JSON.stringify(listed)}`,
      errors,
    });
    const error = hubspotError(400, text, none);
    expect(error).toMatchObject({ kind: 'validation', fields: ['dealstage', 'pipeline'] });
    expect(error.message).toBe(
      'HubSpot says VALIDATION_ERROR: the value of dealstage, pipeline is refused (INVALID_OPTION).',
    );
  });

  test('the record that stands in the way is named', () => {
    const text = JSON.stringify({ category: 'CONFLICT', message: 'Contact already exists. Existing ID: 512' });
    expect(hubspotError(409, text, none)).toMatchObject({ kind: 'conflict', existingId: '512', mayBeDone: false });
  });

  test('the scopes that are missing are named, and the token is pointed at', () => {
    const text = body('MISSING_SCOPES', {
      errors: [{ context: { requiredGranularScopes: ['crm.objects.deals.read'] } }],
    });
    const error = hubspotError(403, text, none);
    expect(error.message).toContain('crm.objects.deals.read');
    expect(error.pointer).toBe('/credentials/accessToken');
  });

  test('the pause that an answer asks for is kept, and known ones are used where it does not say', () => {
    expect(
      hubspotError(429, body('x', { policyName: 'TEN_SECONDLY_ROLLING' }), new Headers({ 'retry-after': '10' }))
        .retryAfterMs,
    ).toBe(10_000);
    expect(hubspotError(423, body('LOCKED'), none).retryAfterMs).toBe(2_000);
  });
});
