import { stringify } from 'yaml';
import type { ChartTopic } from './chart-files.ts';
import { serviceNames } from './consumption.ts';
import { accessRules } from './kafka-access.ts';

const apiVersion = 'kafka.strimzi.io/v1';
const labels = { 'strimzi.io/cluster': 'kempt' };

/** Files of deploy/kafka by name: the topics and users of an installation named `kempt`, for those who do without the charts. */
export function strimziExample(topics: readonly ChartTopic[]): ReadonlyMap<string, string> {
  return new Map([
    [
      'topics.yaml',
      documents(
        topics.map(({ name, partitions, settings }) => ({
          apiVersion,
          kind: 'KafkaTopic',
          metadata: { name, labels },
          spec: { topicName: name, partitions, replicas: 3, config: { 'min.insync.replicas': 2, ...settings } },
        })),
      ),
    ],
    [
      'users.yaml',
      documents(
        serviceNames.map((service) => ({
          apiVersion,
          kind: 'KafkaUser',
          metadata: { name: `kempt-${service}`, labels },
          spec: {
            authentication: { type: 'scram-sha-512' },
            authorization: {
              type: 'simple',
              acls: accessRules(service).map(({ resource, name, pattern, operations }) => ({
                resource: { type: resource, name, patternType: pattern },
                operations,
              })),
            },
          },
        })),
      ),
    ],
  ]);
}

function documents(resources: readonly object[]): string {
  const notice = '# Generated; edits are lost. What it comes from: scripts/charts.\n';
  return notice + resources.map((resource) => `---\n${stringify(resource, { lineWidth: 0 })}`).join('');
}
