import { describe, expect, test } from '@jest/globals';
import { CrmError } from './crm-error.ts';
import { networkFailure } from './network-failure.ts';

const salesforce = { name: 'Salesforce', pointer: '/loginUrl' };

describe('calls without an answer', () => {
  test.each([
    ['ENOTFOUND', '/loginUrl', /host name is not known/],
    ['ECONNREFUSED', '/loginUrl', /refused/],
    ['ECONNRESET', undefined, /broken/],
    ['ETIMEDOUT', undefined, /in time/],
  ])('%s points at %s and may be tried again', (code, pointer, message) => {
    const error = networkFailure(new TypeError('fetch failed', { cause: { code } }), salesforce);
    expect(error).toMatchObject({ kind: 'unavailable', retriable: true, code, pointer });
    expect(error.message).toMatch(message);
  });

  test.each([
    ['ECONNREFUSED', false],
    ['ENOTFOUND', false],
    ['UND_ERR_CONNECT_TIMEOUT', false],
    ['ECONNRESET', true],
    ['UND_ERR_SOCKET', true],
    ['SOMETHING_NEW', true],
  ])('after %s a write may have been carried out: %p', (code, mayBeDone) => {
    const error = networkFailure(new TypeError('fetch failed', { cause: { code } }), salesforce);
    expect(error.mayBeDone).toBe(mayBeDone);
  });

  test('an address that can never be called is the fault of the address', () => {
    const error = networkFailure(new TypeError('fetch failed', { cause: new Error('bad port') }), salesforce);
    expect(error).toMatchObject({ code: 'TypeError', pointer: '/loginUrl' });
  });

  test('an error that was classified already stays as it is', () => {
    const error = new CrmError({ kind: 'auth', code: 'X', message: 'x' });
    expect(networkFailure(error, salesforce)).toBe(error);
  });
});
