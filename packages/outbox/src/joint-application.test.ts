import { describe, expect, test } from '@jest/globals';
import { createJointApplication } from './joint-application.ts';
import type { IncomingEvent } from './parked-event-store.ts';

const stream = { tenantId: 'acme', consumer: 'dedupe', topic: 'kempt.records' };
const eventsOf = (...ids: string[]) => ids.map((eventId) => ({ eventId }) as IncomingEvent);
const controls = (signal = new AbortController().signal) => ({ signal, heartbeat: async () => {} });

/** An application whose transactions end when they are told to. */
function recorder(maxEvents: number) {
  const runs: { readonly tenant: string; readonly ids: readonly string[]; readonly end: PromiseWithResolvers<void> }[] =
    [];
  const apply = createJointApplication(async ({ tenantId }, events) => {
    const end = Promise.withResolvers<void>();
    runs.push({ tenant: tenantId, ids: events.map(({ eventId }) => eventId), end });
    await end.promise;
  }, maxEvents);
  return { apply, runs, ids: () => runs.map((run) => run.ids.join('')) };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('a joint application', () => {
  test('takes together what comes in one turn of the event loop, and what comes while that runs in the next transaction, in order', async () => {
    const { apply, runs, ids } = recorder(10);
    const first = [eventsOf('a'), eventsOf('b', 'c')].map((events) => apply(stream, events, controls()));
    await settled();
    expect(ids()).toEqual(['abc']);
    const second = [apply(stream, eventsOf('d'), controls())];
    await settled();
    second.push(apply(stream, eventsOf('e'), controls()));
    await settled();
    expect(ids()).toEqual(['abc']);
    runs[0]?.end.resolve();
    await Promise.all(first);
    await settled();
    expect(ids()).toEqual(['abc', 'de']);
    runs[1]?.end.resolve();
    await Promise.all(second);
  });

  test('takes no more events together than a transaction may have, and begins a second one when that is full', async () => {
    const { apply, runs, ids } = recorder(3);
    const calls = ['ab', 'cd', 'ef', 'gh'].map((text) => apply(stream, eventsOf(...text), controls()));
    await settled();
    expect(ids()).toEqual(['ab', 'cd']);
    runs[1]?.end.resolve();
    await settled();
    expect(ids()).toEqual(['ab', 'cd', 'ef']);
    for (const run of runs) run.end.resolve();
    await settled();
    runs[3]?.end.resolve();
    await Promise.all(calls);
  });

  test('keeps tenants apart', async () => {
    const { apply, runs } = recorder(10);
    const calls = ['acme', 'other'].map((tenantId) => apply({ ...stream, tenantId }, eventsOf('a'), controls()));
    await settled();
    expect(runs.map(({ tenant }) => tenant)).toEqual(['acme', 'other']);
    for (const run of runs) run.end.resolve();
    await Promise.all(calls);
  });

  test('fails every call that shared the transaction, and goes on', async () => {
    const { apply, runs, ids } = recorder(10);
    const first = apply(stream, eventsOf('a'), controls());
    await settled();
    const shared = [apply(stream, eventsOf('b'), controls()), apply(stream, eventsOf('c'), controls())];
    await settled();
    runs[0]?.end.resolve();
    await first;
    await settled();
    runs[1]?.end.reject(new Error('the database is away'));
    for (const call of shared) await expect(call).rejects.toThrow('the database is away');
    const again = apply(stream, eventsOf('b'), controls());
    await settled();
    runs[2]?.end.resolve();
    await again;
    expect(ids()).toEqual(['a', 'bc', 'b']);
  });

  test('leaves out who was aborted while it waited, and tells the transaction of an abort', async () => {
    const { apply, runs, ids } = recorder(10);
    const first = apply(stream, eventsOf('a'), controls());
    await settled();
    const gone = new AbortController();
    const aborted = apply(stream, eventsOf('b'), controls(gone.signal));
    const kept = apply(stream, eventsOf('c'), controls());
    gone.abort(new Error('the partition moved'));
    runs[0]?.end.resolve();
    await expect(aborted).rejects.toThrow('the partition moved');
    await settled();
    runs[1]?.end.resolve();
    await Promise.all([first, kept]);
    expect(ids()).toEqual(['a', 'c']);
  });
});
