import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { PolicyError } from '@kempt/resilience';
import { createMetrics } from '@kempt/telemetry';
import { createConnectorMetrics } from '../metrics.ts';
import { type CrmCalls, createCrmCalls, inCrmErrors } from './crm-calls.ts';
import { CrmError, type CrmErrorKind } from './crm-error.ts';

const signal = new AbortController().signal;
let calls: CrmCalls;

const metrics = createMetrics('connector');
const connectorMetrics = createConnectorMetrics(metrics);

beforeEach(() => {
  calls = createCrmCalls({
    system: 'salesforce',
    timeoutMs: 50,
    concurrency: 5,
    attempts: 3,
    retryBaseMs: 1,
    metrics,
    connectorMetrics,
  });
});

afterEach(() => calls.close());

const crmError = (kind: CrmErrorKind, mayBeDone = false) => new CrmError({ kind, code: 'X', message: 'no', mayBeDone });

/** A call that fails with these errors, one a time, and then gives how often it was made. */
function failing(...errors: readonly Error[]) {
  let made = 0;
  return {
    call: async () => {
      const error = errors[made];
      made += 1;
      if (error !== undefined) throw error;
      return made;
    },
    made: () => made,
  };
}

describe('a write', () => {
  test.each<CrmErrorKind>(['locked', 'rate', 'unavailable'])(
    'is repeated after %s, when nothing was done',
    async (kind) => {
      const { call } = failing(crmError(kind), crmError(kind));
      expect(await calls.write(call, signal)).toBe(3);
    },
  );

  test.each<CrmErrorKind>(['validation', 'conflict', 'not-found', 'quota'])(
    'is not repeated after %s',
    async (kind) => {
      const { call, made } = failing(crmError(kind));
      await expect(calls.write(call, signal)).rejects.toMatchObject({ kind });
      expect(made()).toBe(1);
    },
  );

  test.each<[string, Error]>([
    ['an answer that says nothing', crmError('unavailable', true)],
    ['an answer that cannot be read', crmError('malformed', true)],
    ['an error that nobody expected', new TypeError('odd')],
  ])('is not repeated after %s: its outcome is unknown', async (_what, error) => {
    const { call, made } = failing(error);
    await expect(calls.write(call, signal)).rejects.toMatchObject({
      kind: 'unknown-outcome',
      retriable: false,
      mayBeDone: true,
      cause: error,
    });
    expect(made()).toBe(1);
  });

  test('is not repeated when its time is up', async () => {
    let made = 0;
    const call = () => {
      made += 1;
      return new Promise<never>(() => undefined);
    };
    await expect(calls.write(call, signal)).rejects.toMatchObject({ kind: 'unknown-outcome' });
    expect(made).toBe(1);
  });

  test('that waits for its next attempt ends with the reason of whoever gives up: nothing was done', async () => {
    const stopping = new AbortController();
    const call = async () => {
      stopping.abort(new Error('enough'));
      throw crmError('locked');
    };
    await expect(calls.write(call, stopping.signal)).rejects.toThrow('enough');
  });

  test('that was not sent because the CRM is left alone is no write without an outcome', async () => {
    for (let index = 0; index < 10; index += 1) {
      await calls.write(failing(crmError('unavailable', true)).call, signal).catch(() => undefined);
    }
    const { call, made } = failing();
    await expect(calls.write(call, signal)).rejects.toMatchObject({ kind: 'unavailable', code: 'breaker-open' });
    expect(made()).toBe(0);
  });

  test('to a locked record says nothing against the CRM', async () => {
    const locked = Array.from({ length: 3 }, () => crmError('locked'));
    for (let index = 0; index < 10; index += 1) {
      await expect(calls.write(failing(...locked).call, signal)).rejects.toMatchObject({ kind: 'locked' });
    }
    expect(await calls.write(failing().call, signal)).toBe(1);
  });
});

test('what a policy refuses is told as a CRM that is not to be had; all else stays as it is', async () => {
  const refused = new PolicyError('breaker-open', 'too often', 500);
  await expect(inCrmErrors(Promise.reject(refused))).rejects.toMatchObject({
    name: 'CrmError',
    kind: 'unavailable',
    code: 'breaker-open',
    retryAfterMs: 500,
  });
  const other = new Error('odd');
  await expect(inCrmErrors(Promise.reject(other))).rejects.toBe(other);
});
