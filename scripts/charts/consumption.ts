import { type Topic, topicCatalogue } from '@kempt/contracts';

/** The services that have a chart, in the order in which they are listed. */
export const serviceNames = ['connector', 'dedupe', 'data-quality', 'integration-audit', 'metrics', 'gateway'] as const;
export type ServiceName = (typeof serviceNames)[number];

/** Topics that a service may write. */
export function ownedTopics(service: ServiceName): readonly Topic[] {
  return topicCatalogue.filter((topic) => topic.owner === service);
}
