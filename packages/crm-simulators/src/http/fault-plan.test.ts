import { describe, expect, test } from '@jest/globals';
import { createFaultPlan } from './fault-plan.ts';

const get = (url: string, body = '') => ({ method: 'GET', url, body: () => body });

describe('fault plan', () => {
  test('hits as many matching requests as asked for, after leaving the first ones alone', () => {
    const plan = createFaultPlan();
    plan.inject({ path: '/query', skip: 1, times: 2, effect: { kind: 'disconnect' } });
    const effects = ['/query?q=1', '/query?q=2', '/limits', '/query?q=3', '/query?q=4'].map((url) =>
      plan.take(get(url)),
    );
    expect(effects.map((effect) => effect?.kind ?? null)).toEqual([null, 'disconnect', null, 'disconnect', null]);
    expect(plan.list()[0]).toMatchObject({ hits: 2, remaining: 0 });
  });

  test('a fault without an end stays until it is removed', () => {
    const plan = createFaultPlan();
    const id = plan.inject({ path: '.', times: -1, effect: { kind: 'stall' } });
    expect([plan.take(get('/a')), plan.take(get('/b'))]).toEqual([{ kind: 'stall' }, { kind: 'stall' }]);
    expect(plan.remove(id)).toBe(true);
    expect(plan.take(get('/a'))).toBeNull();
  });

  test('method and body narrow a fault down', () => {
    const plan = createFaultPlan();
    plan.inject({ method: 'POST', path: '.', body: 'Contact', times: -1, effect: { kind: 'stall' } });
    expect(plan.take(get('/a', 'Contact'))).toBeNull();
    expect(plan.take({ method: 'POST', url: '/a', body: () => 'Account' })).toBeNull();
    expect(plan.take({ method: 'POST', url: '/a', body: () => '{"type":"Contact"}' })).toEqual({ kind: 'stall' });
  });
});
