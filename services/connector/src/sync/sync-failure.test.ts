import { describe, expect, test } from '@jest/globals';
import { CrmError, type CrmErrorKind } from '../crm/crm-error.ts';
import { respondToFailure } from './sync-failure.ts';

const times = { intervalMs: 15_000, refusedRetryMs: 60_000, quotaRetryMs: 600_000, longestRetryMs: 900_000 };
const crm = (kind: CrmErrorKind, retryAfterMs?: number) =>
  new CrmError({ kind, code: 'X', message: 'x', retryAfterMs });
const respond = (error: unknown, failures = 1) => respondToFailure(error, failures, times);

describe('answers to failures', () => {
  test('refused credentials fail the connection at once and stop the whole account', () => {
    expect(respond(crm('auth'))).toEqual({
      retryMs: 60_000,
      isConnectionFailing: true,
      accountPauseMs: 60_000,
      block: 'refused',
      isSchemaDoubtful: false,
    });
    expect(respond(Object.assign(new Error('x'), { code: 'broken-seal' })).isConnectionFailing).toBe(true);
  });

  test('a used-up allowance stops the account without failing it', () => {
    expect(respond(crm('quota'))).toMatchObject({
      retryMs: 600_000,
      isConnectionFailing: false,
      accountPauseMs: 600_000,
      block: 'quota',
    });
  });

  test('an account that does not answer fails after three times', () => {
    expect([1, 2, 3, 4].map((failures) => respond(crm('unavailable'), failures).isConnectionFailing)).toEqual([
      false,
      false,
      true,
      true,
    ]);
    expect(respond(Object.assign(new Error('open'), { code: 'breaker-open' }), 3).isConnectionFailing).toBe(true);
    expect(respond(crm('validation'), 9).isConnectionFailing).toBe(false);
    expect(respond(new Error('a defect'), 9).isConnectionFailing).toBe(false);
  });

  test('pauses double up to the longest, and are never shorter than the CRM asks for', () => {
    expect([1, 2, 3, 30].map((failures) => respond(crm('unavailable'), failures).retryMs)).toEqual([
      15_000, 30_000, 60_000, 900_000,
    ]);
    expect(respond(crm('rate', 3_600_000)).retryMs).toBe(3_600_000);
  });

  test('the other objects of an account wait as well when it is busy or locked', () => {
    expect(respond(crm('rate', 2_000)).accountPauseMs).toBe(2_000);
    expect(respond(crm('locked', 2_000)).accountPauseMs).toBe(2_000);
    expect(respond(crm('unavailable', 2_000)).accountPauseMs).toBe(0);
    expect(respond(crm('rate', 2_000)).block).toBeNull();
  });

  test('fields are looked up again when the request turned out wrong', () => {
    expect(respond(crm('validation')).isSchemaDoubtful).toBe(true);
    expect(respond(crm('unavailable')).isSchemaDoubtful).toBe(false);
  });
});
