import { describe, expect, test } from '@jest/globals';
import { createLogger } from '@kempt/telemetry';
import type { Component } from './component.ts';
import { createLifecycle, type Lifecycle, StartError } from './lifecycle.ts';

const logger = createLogger({ service: 'test', level: 'silent' });

function newLifecycle(stopTimeoutMs = 1_000): Lifecycle {
  return createLifecycle({ logger, stopTimeoutMs });
}

function component(name: string, events: string[], overrides: Partial<Component> = {}): Component {
  return {
    name,
    async start() {
      events.push(`start ${name}`);
    },
    async stop() {
      events.push(`stop ${name}`);
    },
    ...overrides,
  };
}

describe('lifecycle', () => {
  test('starts in order and stops in reverse order, one after the other', async () => {
    const lifecycle = newLifecycle();
    const events: string[] = [];
    const slow = component('b', events, {
      async stop() {
        await new Promise((resolve) => setImmediate(resolve));
        events.push('stop b');
      },
    });
    expect(lifecycle.state()).toBe('new');
    for (const one of [component('a', events), slow, component('c', events)]) await lifecycle.start(one);
    expect(lifecycle.state()).toBe('starting');
    lifecycle.run();
    expect(lifecycle.state()).toBe('running');
    const stopped = lifecycle.stop();
    expect(lifecycle.state()).toBe('stopping');
    await expect(stopped).resolves.toEqual({ unfinished: [], failed: [] });
    expect(lifecycle.state()).toBe('stopped');
    expect(events).toEqual(['start a', 'start b', 'start c', 'stop c', 'stop b', 'stop a']);
  });

  test('a component that fails at start is named, and it and those before it are stopped', async () => {
    const lifecycle = newLifecycle();
    const events: string[] = [];
    await lifecycle.start(component('a', events));
    const failing = component('b', events, { start: () => Promise.reject(new Error('the port is taken')) });
    await expect(lifecycle.start(failing)).rejects.toMatchObject({
      name: 'StartError',
      component: 'b',
      message: 'b could not be started: the port is taken',
    });
    await lifecycle.stop();
    expect(events).toEqual(['start a', 'stop b', 'stop a']);
  });

  test('one deadline holds for all: who is still at work is named, the others are stopped all the same', async () => {
    const lifecycle = newLifecycle(50);
    const events: string[] = [];
    await lifecycle.start(component('a', events));
    await lifecycle.start(component('hangs', events, { stop: () => new Promise(() => undefined) }));
    await lifecycle.start(component('c', events));
    const startedAt = performance.now();
    await expect(lifecycle.stop()).resolves.toEqual({ unfinished: ['hangs'], failed: [] });
    expect(performance.now() - startedAt).toBeLessThan(500);
    expect(events.slice(-2)).toEqual(['stop c', 'stop a']);
  });

  test('a component that fails to stop does not keep the others from stopping', async () => {
    const lifecycle = newLifecycle();
    const events: string[] = [];
    await lifecycle.start(component('a', events));
    await lifecycle.start(component('b', events, { stop: () => Promise.reject(new Error('no')) }));
    await expect(lifecycle.stop()).resolves.toEqual({ unfinished: [], failed: ['b'] });
    expect(events).toContain('stop a');
  });

  test('stopping twice stops once', async () => {
    const lifecycle = newLifecycle();
    const events: string[] = [];
    await lifecycle.start(component('a', events));
    await Promise.all([lifecycle.stop(), lifecycle.stop()]);
    expect(events).toEqual(['start a', 'stop a']);
  });

  test('nothing is started once stopping began', async () => {
    const lifecycle = newLifecycle();
    const events: string[] = [];
    await lifecycle.stop();
    await expect(lifecycle.start(component('a', events))).rejects.toThrow(StartError);
    expect(events).toEqual([]);
    lifecycle.run();
    expect(lifecycle.state()).toBe('stopped');
  });
});
