import { consumption, deadLetterTopic, groupsThatRead } from '@kempt/contracts';
import { ownedTopics, type ServiceName } from './consumption.ts';

/** One rule of access, in Strimzi's terms; names are without the prefix of an installation. */
export interface AccessRule {
  readonly resource: 'topic' | 'group';
  readonly name: string;
  readonly pattern: 'literal' | 'prefix';
  readonly operations: readonly ('Read' | 'Write' | 'Describe' | 'DescribeConfigs')[];
}

/**
 * The least that a service needs: writing its own topics, reading what it subscribes to, its groups, and writing the dead letters
 * of what it reads, and seeing how far those are who read its topics. Creating topics is not among it.
 */
export function accessRules(service: ServiceName): readonly AccessRule[] {
  const rules: AccessRule[] = [];
  if (ownedTopics(service).length > 0) {
    rules.push({
      resource: 'topic',
      name: `kempt.${service}.`,
      pattern: 'prefix',
      operations: ['Write', 'Describe', 'DescribeConfigs'],
    });
  }
  for (const { group, topics, hasDeadLetters } of consumption[service] ?? []) {
    for (const topic of topics) {
      rules.push({ resource: 'topic', name: topic.name, pattern: 'literal', operations: ['Read', 'Describe'] });
      if (hasDeadLetters) {
        rules.push({
          resource: 'topic',
          name: deadLetterTopic(topic.name, group),
          pattern: 'literal',
          operations: ['Write', 'Describe'],
        });
      }
    }
    rules.push({ resource: 'group', name: group, pattern: 'literal', operations: ['Read', 'Describe'] });
  }
  const own = new Set(consumption[service]?.map(({ group }) => group));
  const readers = new Set(ownedTopics(service).flatMap(({ name }) => groupsThatRead(name)));
  for (const group of [...readers].filter((name) => !own.has(name)).sort())
    rules.push({ resource: 'group', name: group, pattern: 'literal', operations: ['Describe'] });
  return rules;
}
