import { describe, expect, test } from '@jest/globals';
import type { KubernetesObject } from './kubernetes-object.ts';
import { type Endpoint, isAllowed } from './network-flows.ts';

function policy(spec: object, namespace = 'kempt'): KubernetesObject {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: 'one', namespace },
    spec: spec as Record<string, unknown>,
  };
}

function pod(name: string, namespace = 'kempt', ip = '10.244.0.1'): Endpoint {
  return {
    name,
    ip,
    ports: [{ number: 8080, name: 'http' }],
    pod: { namespace, labels: { app: name }, namespaceLabels: { name: namespace } },
  };
}

const port = { number: 8080, name: 'http' };
const [a, b, elsewhere] = [pod('a'), pod('b'), pod('a', 'other')];
const internet: Endpoint = { name: 'internet', ip: '203.0.113.1', ports: [{ number: 443 }] };
const onlyA = {
  podSelector: { matchLabels: { app: 'b' } },
  ingress: [{ from: [{ podSelector: { matchLabels: { app: 'a' } } }] }],
};

describe('network flows', () => {
  test('a pod that no policy selects is open in both directions', () => {
    expect(isAllowed([], { from: a, to: b, port })).toBe(true);
    expect(isAllowed([policy({ podSelector: { matchLabels: { app: 'c' } } })], { from: a, to: b, port })).toBe(true);
  });

  test('a policy without rules denies, and only the directions that it names', () => {
    const denied = policy({ podSelector: {}, policyTypes: ['Ingress'] });
    expect(isAllowed([denied], { from: a, to: b, port })).toBe(false);
    expect(isAllowed([denied], { from: a, to: internet, port: { number: 443 } })).toBe(true);
    expect(isAllowed([policy({ podSelector: {}, policyTypes: ['Egress'] })], { from: a, to: b, port })).toBe(false);
  });

  test('what one policy allows another does not take away', () => {
    const deny = policy({ podSelector: {}, policyTypes: ['Ingress', 'Egress'] });
    const egress = policy({ podSelector: {}, policyTypes: ['Egress'], egress: [{}] });
    expect(isAllowed([deny, policy(onlyA)], { from: a, to: b, port })).toBe(false);
    expect(isAllowed([deny, policy(onlyA), egress], { from: a, to: b, port })).toBe(true);
  });

  test('a selector of pods means those of its own namespace', () => {
    expect(isAllowed([policy(onlyA)], { from: a, to: b, port })).toBe(true);
    expect(isAllowed([policy(onlyA)], { from: elsewhere, to: b, port })).toBe(false);
    expect(isAllowed([policy(onlyA, 'other')], { from: elsewhere, to: b, port })).toBe(true);
  });

  test('selectors of namespace and pods in one peer must both hold, in two peers either', () => {
    const both = { namespaceSelector: { matchLabels: { name: 'other' } }, podSelector: { matchLabels: { app: 'a' } } };
    const of = (from: object[]): KubernetesObject => policy({ podSelector: {}, ingress: [{ from }] });
    expect(isAllowed([of([both])], { from: elsewhere, to: b, port })).toBe(true);
    expect(isAllowed([of([both])], { from: pod('x', 'other'), to: b, port })).toBe(false);
    const either = [{ namespaceSelector: both.namespaceSelector }, { podSelector: both.podSelector }];
    expect(isAllowed([of(either)], { from: pod('x', 'other'), to: b, port })).toBe(true);
    expect(isAllowed([of(either)], { from: a, to: b, port })).toBe(true);
  });

  test('ports are matched by number, name, range and protocol', () => {
    const of = (...ports: object[]): KubernetesObject =>
      policy({ podSelector: { matchLabels: { app: 'b' } }, ingress: [{ ports }] });
    expect(isAllowed([of({ port: 'http' })], { from: a, to: b, port })).toBe(true);
    expect(isAllowed([of({ port: 8080 })], { from: a, to: b, port })).toBe(true);
    expect(isAllowed([of({ port: 8000, endPort: 8090 })], { from: a, to: b, port })).toBe(true);
    expect(isAllowed([of({ port: 'metrics' }, { port: 443 })], { from: a, to: b, port })).toBe(false);
    expect(isAllowed([of({ port: 8080, protocol: 'UDP' })], { from: a, to: b, port })).toBe(false);
  });

  test('addresses are matched by range, without what is taken out of it', () => {
    const to = (ipBlock: object): KubernetesObject =>
      policy({ podSelector: {}, policyTypes: ['Egress'], egress: [{ to: [{ ipBlock }] }] });
    const https = { number: 443 };
    expect(isAllowed([to({ cidr: '0.0.0.0/0' })], { from: a, to: internet, port: https })).toBe(true);
    expect(
      isAllowed([to({ cidr: '0.0.0.0/0', except: ['203.0.113.0/24'] })], { from: a, to: internet, port: https }),
    ).toBe(false);
    expect(isAllowed([to({ cidr: '203.0.112.0/23' })], { from: a, to: internet, port: https })).toBe(true);
    expect(isAllowed([to({ cidr: '203.0.114.0/24' })], { from: a, to: internet, port: https })).toBe(false);
  });

  test('expressions leave out what they say', () => {
    const of = (operator: string): KubernetesObject =>
      policy({
        podSelector: { matchExpressions: [{ key: 'app', operator, values: ['b'] }] },
        policyTypes: ['Ingress'],
      });
    expect(isAllowed([of('In')], { from: a, to: b, port })).toBe(false);
    expect(isAllowed([of('NotIn')], { from: a, to: b, port })).toBe(true);
    expect(isAllowed([of('Exists')], { from: a, to: b, port })).toBe(false);
    expect(isAllowed([of('DoesNotExist')], { from: a, to: b, port })).toBe(true);
  });
});
