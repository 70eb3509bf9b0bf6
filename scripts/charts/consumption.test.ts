import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { consumption, topics } from '@kempt/contracts';
import { serviceNames } from './consumption.ts';
import { accessRules } from './kafka-access.ts';

const services = fileURLToPath(new URL('../../services', import.meta.url));

function sourcesOf(service: string): readonly string[] {
  return readdirSync(path.join(services, service, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !/(test|bed|data)\.ts$/.test(file))
    .map((file) => readFileSync(path.join(services, service, 'src', file), 'utf8'));
}

const namesOf = (text: string): readonly string[] =>
  [
    ...[...text.matchAll(/topic: topics\.(\w+)/g)].map(([, name]) => topics[name as keyof typeof topics].name),
    ...(text.includes('canarySubscription(') ? [topics.canarySent.name] : []),
  ].sort();

/** Groups and topics as the sources of a service subscribe to them. */
function subscribed(service: string): Record<string, readonly string[]> {
  const groups: Record<string, readonly string[]> = {};
  for (const source of sourcesOf(service)) {
    for (const [, group = '', list = ''] of source.matchAll(
      /group: '([a-z-]+)',\s*subscriptions: \[((?:[^[\]]|\[[^\]]*\])*)\]/g,
    )) {
      groups[group] = namesOf(list);
    }
  }
  return groups;
}

describe('who reads which topics', () => {
  test.each(serviceNames.filter((service) => service !== 'gateway'))(
    'is what the sources of %s subscribe to',
    (service) => {
      const declared = Object.fromEntries(
        (consumption[service] ?? []).map(({ group, topics: read }) => [group, read.map(({ name }) => name).sort()]),
      );
      expect(subscribed(service)).toEqual(declared);
    },
  );

  test('is what the gateway can follow, and canaries', () => {
    const source = readFileSync(path.join(services, 'gateway/src/events/followed-topic.ts'), 'utf8');
    const followed = [
      ...new Set([...source.matchAll(/topics\.(\w+)/g)].map(([, name]) => name as keyof typeof topics)),
    ];
    const [gateway] = consumption['gateway'] ?? [];
    expect([...followed.map((name) => topics[name].name), topics.canarySent.name].sort()).toEqual(
      gateway?.topics.map(({ name }) => name).sort(),
    );
  });

  test('gives nobody the right to write what another one owns, or to create anything', () => {
    for (const service of serviceNames) {
      for (const { resource, name, operations } of accessRules(service)) {
        if (resource === 'group') expect(operations).not.toContain('Write');
        if (operations.includes('Write')) expect(name).toMatch(new RegExp(`^kempt\\.${service}\\.$|\\.dlq$`));
        expect(operations).not.toContain('Create');
      }
    }
  });
});
