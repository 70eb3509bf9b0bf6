import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from '@jest/globals';
import { createMetrics, type Metrics } from '@kempt/telemetry';
import { createManualClock, type ManualClock } from './manual-clock.ts';
import { createPolicy, type Policy, type PolicyOptions } from './policy.ts';

class HttpError extends Error {
  readonly status: number;
  readonly retryAfterMs: number | undefined;

  constructor(status: number, retryAfterMs?: number) {
    super(`status ${status}`);
    this.status = status;
    this.retryAfterMs = retryAfterMs;
  }
}

const policies: Policy[] = [];
afterEach(() => {
  for (const policy of policies.splice(0)) policy.close();
});

interface Setup {
  readonly policy: Policy;
  readonly clock: ManualClock;
  readonly metrics: Metrics;
}

function setUp(options: Partial<PolicyOptions> = {}): Setup {
  const clock = createManualClock();
  const metrics = createMetrics('test');
  const policy = createPolicy({
    name: 'crm',
    timeoutMs: 1_000,
    retry: {
      attempts: 3,
      baseMs: 100,
      maxMs: 1_000,
      isRetriable: (error) => !(error instanceof HttpError) || error.status >= 429,
      retryAfterMs: (error) => (error instanceof HttpError ? error.retryAfterMs : undefined),
    },
    metrics,
    clock,
    random: () => 1,
    ...options,
  });
  policies.push(policy);
  return { policy, clock, metrics };
}

/** A call that fails with these errors, one a time, and then gives its number. */
function failing(...errors: readonly Error[]): { readonly call: () => Promise<number>; made(): number } {
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

async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 5_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error('the condition did not come true in time');
    await sleep(5);
  }
}

async function attemptsWith(metrics: Metrics, outcome: string): Promise<number> {
  const metric = await metrics.registry.getSingleMetric('kempt_policy_attempts_total')?.get();
  return metric?.values.find((one) => one.labels.outcome === outcome)?.value ?? 0;
}

describe('retry', () => {
  test('tries again after growing pauses and gives the first success', async () => {
    const { policy, clock, metrics } = setUp();
    const { call, made } = failing(new HttpError(503), new HttpError(503));
    const result = policy.run(call);
    await clock.advance(99);
    expect(made()).toBe(1);
    await clock.advance(1);
    expect(made()).toBe(2);
    await clock.advance(199);
    expect(made()).toBe(2);
    await clock.advance(1);
    await expect(result).resolves.toBe(3);
    expect(await attemptsWith(metrics, 'failure')).toBe(2);
    expect(await attemptsWith(metrics, 'success')).toBe(1);
  });

  test('jitter spreads each pause over the whole range', async () => {
    const { policy, clock } = setUp({ random: () => 0.25 });
    const { call, made } = failing(new HttpError(503));
    const result = policy.run(call);
    await clock.advance(25);
    await result;
    expect(made()).toBe(2);
  });

  test('gives the last error when all attempts failed', async () => {
    const { policy, clock } = setUp();
    const { call, made } = failing(new HttpError(500), new HttpError(500), new HttpError(502));
    const result = policy.run(call);
    result.catch(() => undefined);
    await clock.advance(10_000);
    await expect(result).rejects.toMatchObject({ status: 502 });
    expect(made()).toBe(3);
  });

  test('does not repeat what cannot succeed, nor what must not be repeated', async () => {
    const { policy } = setUp();
    const refused = failing(new HttpError(400));
    await expect(policy.run(refused.call)).rejects.toMatchObject({ status: 400 });
    expect(refused.made()).toBe(1);
    const post = failing(new HttpError(503));
    await expect(policy.run(post.call, undefined, { retry: false })).rejects.toMatchObject({ status: 503 });
    expect(post.made()).toBe(1);
  });

  test('a call may be pickier than the policy about what is worth repeating', async () => {
    const { policy, clock } = setUp();
    const isRetriable = (error: unknown) => error instanceof HttpError && error.status === 429;
    const { call, made } = failing(new HttpError(429), new HttpError(503));
    const result = policy.run(call, undefined, { isRetriable });
    result.catch(() => undefined);
    await clock.advance(1_000);
    await expect(result).rejects.toMatchObject({ status: 503 });
    expect(made()).toBe(2);
  });

  test('never comes back before the time the other side asked for', async () => {
    const { policy, clock } = setUp();
    const { call, made } = failing(new HttpError(429, 30_000));
    const result = policy.run(call);
    await clock.advance(29_999);
    expect(made()).toBe(1);
    await clock.advance(101);
    await result;
    expect(made()).toBe(2);
  });

  test('hands a wait that is too long to the caller instead of sitting it out', async () => {
    const { policy } = setUp();
    const { call } = failing(new HttpError(429, 3_600_000));
    await expect(policy.run(call)).rejects.toMatchObject({ status: 429 });
  });

  test('ends a pause at once when the caller gives up', async () => {
    const { policy, clock, metrics } = setUp();
    const { call, made } = failing(new HttpError(503));
    const caller = new AbortController();
    const result = policy.run(call, caller.signal);
    result.catch(() => undefined);
    await clock.advance(1);
    caller.abort(new Error('enough'));
    await expect(result).rejects.toThrow('enough');
    expect(made()).toBe(1);
    expect(await attemptsWith(metrics, 'aborted')).toBe(0);
  });
});

describe('timeout', () => {
  test('ends an attempt that does not heed its signal, and aborts the signal', async () => {
    const { policy, clock, metrics } = setUp();
    let seen: AbortSignal | undefined;
    const result = policy.run(
      (signal) => {
        seen = signal;
        return new Promise<never>(() => undefined);
      },
      undefined,
      { retry: false },
    );
    result.catch(() => undefined);
    await clock.advance(1_000);
    await expect(result).rejects.toMatchObject({ code: 'timeout', retriable: true });
    expect(seen?.aborted).toBe(true);
    expect(await attemptsWith(metrics, 'timeout')).toBe(1);
  });

  test('leaves nothing behind after a success', async () => {
    const { policy, clock } = setUp();
    await policy.run(async () => 'done');
    await clock.advance(0);
    expect(clock.sleepers()).toBe(0);
  });

  test('cancelling the caller aborts the attempt with its reason', async () => {
    const { policy, clock, metrics } = setUp();
    const caller = new AbortController();
    let seen: AbortSignal | undefined;
    const result = policy.run((signal) => {
      seen = signal;
      return new Promise<never>(() => undefined);
    }, caller.signal);
    result.catch(() => undefined);
    await clock.advance(0);
    caller.abort(new Error('enough'));
    await expect(result).rejects.toThrow('enough');
    expect(seen?.aborted).toBe(true);
    expect(await attemptsWith(metrics, 'aborted')).toBe(1);
  });
});

describe('breaker', () => {
  test('policies of one name show the worst of their circuits, and one that is closed shows nothing any more', async () => {
    const { policy, metrics, clock } = setUp({ breaker });
    const healthy = createPolicy({
      name: 'crm',
      timeoutMs: 1_000,
      retry: { attempts: 1, baseMs: 1, maxMs: 1, isRetriable: () => false },
      metrics,
      clock,
    });
    policies.push(healthy);
    await fail(policy, new HttpError(500), 4);
    await healthy.run(async () => 'fine');
    expect(await breakerState(metrics)).toBe(2);
    policy.close();
    expect(await breakerState(metrics)).toBe(0);
  });

  const breaker = { minimumCalls: 4, errorThresholdPercentage: 50, resetMs: 50, windowMs: 60_000 };

  async function fail(policy: Policy, error: Error, times: number): Promise<void> {
    for (let i = 0; i < times; i++) {
      await policy.run(failing(error).call, undefined, { retry: false }).catch(() => undefined);
    }
  }

  async function breakerState(metrics: Metrics): Promise<number | undefined> {
    return (await metrics.registry.getSingleMetric('kempt_breaker_state')?.get())?.values[0]?.value;
  }

  test('opens after too many failures, refuses without calling, closes when a trial succeeds', async () => {
    const { policy, metrics } = setUp({ breaker });
    await fail(policy, new HttpError(500), 4);
    expect(policy.state()).toBe('open');
    expect(await breakerState(metrics)).toBe(2);
    const { call, made } = failing();
    await expect(policy.run(call)).rejects.toMatchObject({ code: 'breaker-open', retriable: true });
    expect(made()).toBe(0);
    expect(await attemptsWith(metrics, 'breaker_open')).toBe(1);
    await until(() => policy.state() === 'half-open');
    expect(await breakerState(metrics)).toBe(1);
    await expect(policy.run(call)).resolves.toBe(1);
    expect(policy.state()).toBe('closed');
    expect(await breakerState(metrics)).toBe(0);
  });

  test('a failed trial opens it again', async () => {
    const { policy } = setUp({ breaker });
    await fail(policy, new HttpError(500), 4);
    await until(() => policy.state() === 'half-open');
    await fail(policy, new HttpError(500), 1);
    expect(policy.state()).toBe('open');
  });

  test('refusals of our own requests never open it', async () => {
    const { policy, metrics } = setUp({ breaker });
    for (const status of [400, 401, 403, 404, 409, 422, 429]) await fail(policy, new HttpError(status), 4);
    await fail(policy, Object.assign(new Error('rejected'), { retriable: false }), 20);
    expect(policy.state()).toBe('closed');
    expect(await attemptsWith(metrics, 'refused')).toBe(48);
  });

  test('calls that the caller cancelled never open it, and never close it', async () => {
    const { policy, clock } = setUp({ breaker });
    const cancelOne = async (): Promise<void> => {
      const caller = new AbortController();
      const result = policy.run(() => new Promise<never>(() => undefined), caller.signal);
      result.catch(() => undefined);
      await clock.advance(0);
      caller.abort();
      await expect(result).rejects.toMatchObject({ name: 'AbortError' });
    };
    for (let i = 0; i < 8; i++) await cancelOne();
    expect(policy.state()).toBe('closed');
    await fail(policy, new HttpError(500), 20);
    await until(() => policy.state() === 'half-open');
    await cancelOne();
    expect(policy.state()).toBe('open');
  });

  test('timeouts open it', async () => {
    const { policy, clock } = setUp({ breaker });
    for (let i = 0; i < 4; i++) {
      const result = policy.run(() => new Promise<never>(() => undefined), undefined, { retry: false });
      result.catch(() => undefined);
      await clock.advance(1_000);
      await expect(result).rejects.toMatchObject({ code: 'timeout' });
    }
    expect(policy.state()).toBe('open');
  });
});

describe('bulkhead', () => {
  function gate(): { readonly call: () => Promise<void>; readonly open: () => void } {
    const { promise, resolve } = Promise.withResolvers<void>();
    return { call: () => promise, open: resolve };
  }

  test('runs no more than so many calls at once, in order of arrival, and refuses what could only wait in vain', async () => {
    const { policy, clock } = setUp({ concurrency: 2, maxQueue: 2 });
    const started: number[] = [];
    const gates = [gate(), gate(), gate(), gate()];
    const results = gates.map(({ call }, index) =>
      policy.run(() => {
        started.push(index);
        return call();
      }),
    );
    await clock.advance(0);
    expect(started).toEqual([0, 1]);
    await expect(policy.run(async () => undefined)).rejects.toMatchObject({ code: 'bulkhead-full' });
    gates[1]?.open();
    await results[1];
    await clock.advance(0);
    expect(started).toEqual([0, 1, 2]);
    for (const { open } of gates) open();
    await Promise.all(results);
    expect(started).toEqual([0, 1, 2, 3]);
  });

  test('a pause before a retry leaves its place to others', async () => {
    const { policy, clock } = setUp({ concurrency: 1 });
    const slow = policy.run(failing(new HttpError(503)).call);
    await clock.advance(0);
    await expect(policy.run(async () => 'other')).resolves.toBe('other');
    await clock.advance(1_000);
    await expect(slow).resolves.toBe(2);
  });

  test('who gives up while waiting loses the place to the next', async () => {
    const { policy, clock } = setUp({ concurrency: 1 });
    const first = gate();
    const running = policy.run(first.call);
    await clock.advance(0);
    const caller = new AbortController();
    const waiting = policy.run(async () => 'waited', caller.signal);
    waiting.catch(() => undefined);
    const next = policy.run(async () => 'next');
    caller.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    first.open();
    await running;
    await expect(next).resolves.toBe('next');
  });

  test('closing the policy refuses those who wait', async () => {
    const { policy, clock } = setUp({ concurrency: 1 });
    const first = gate();
    const running = policy.run(first.call);
    await clock.advance(0);
    const waiting = policy.run(async () => 'waited');
    waiting.catch(() => undefined);
    policy.close();
    await expect(waiting).rejects.toMatchObject({ code: 'policy-closed', retriable: false });
    first.open();
    await running;
  });
});

describe('rate', () => {
  test('lets a burst through and then one call per token', async () => {
    const { policy, clock } = setUp({ rate: { tokensPerSecond: 10, burst: 3 } });
    const startedAt: number[] = [];
    const results = Array.from({ length: 6 }, () => policy.run(async () => startedAt.push(clock.now())));
    await clock.advance(1_000);
    await Promise.all(results);
    expect(startedAt).toEqual([0, 0, 0, 100, 200, 300]);
  });

  test('fills up again no further than the burst', async () => {
    const { policy, clock } = setUp({ rate: { tokensPerSecond: 10, burst: 2 } });
    await clock.advance(60_000);
    const startedAt: number[] = [];
    const results = Array.from({ length: 3 }, () => policy.run(async () => startedAt.push(clock.now() - 60_000)));
    await clock.advance(1_000);
    await Promise.all(results);
    expect(startedAt).toEqual([0, 0, 100]);
  });

  test('a Retry-After holds back every call of the policy, not only the one that was refused', async () => {
    const { policy, clock } = setUp({ rate: { tokensPerSecond: 10, burst: 5 } });
    const refused = policy.run(failing(new HttpError(429, 2_000)).call, undefined, { retry: false });
    await expect(refused).rejects.toMatchObject({ status: 429 });
    let startedAt = -1;
    const other = policy.run(async () => {
      startedAt = clock.now();
    });
    await clock.advance(5_000);
    await other;
    expect(startedAt).toBeGreaterThanOrEqual(2_000);
  });
});
