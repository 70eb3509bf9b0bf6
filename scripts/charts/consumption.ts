import { type Topic, topicCatalogue, topics } from '@kempt/contracts';

/** The services that have a chart, in the order in which they are listed. */
export const serviceNames = ['connector', 'dedupe', 'data-quality', 'integration-audit', 'metrics', 'gateway'] as const;
export type ServiceName = (typeof serviceNames)[number];

/** A consumer group of a service, without the prefix of an installation. */
export interface ConsumerGroup {
  readonly group: string;
  /** The part of a split service that reads it. */
  readonly role?: string;
  readonly topics: readonly Topic[];
}

/**
 * Which groups read which topics. Access rights and scaling follow from it; a test holds it against the subscriptions in the
 * sources of the services.
 */
export const consumption: Readonly<Record<ServiceName, readonly ConsumerGroup[]>> = {
  connector: [
    { group: 'connector-changes', role: 'writer', topics: [topics.mergeProposed, topics.fixProposed] },
    { group: 'connector-maintenance', role: 'sync', topics: [topics.maintenanceTaskDue] },
  ],
  dedupe: [{ group: 'dedupe', topics: [topics.recordState, topics.connectionChanged, topics.syncRunFinished] }],
  'data-quality': [{ group: 'data-quality', topics: [topics.recordState, topics.clusterChanged] }],
  'integration-audit': [
    {
      group: 'integration-audit',
      topics: [
        topics.connectionChanged,
        topics.auditRecordChanged,
        topics.changeSetChanged,
        topics.matchDecided,
        topics.maintenanceTaskFinished,
      ],
    },
  ],
  metrics: [
    {
      group: 'metrics',
      topics: [
        topics.syncRunFinished,
        topics.recordState,
        topics.scoreMeasured,
        topics.crmProbed,
        topics.auditRecordChanged,
        topics.connectionChanged,
        topics.completenessMeasured,
        topics.mergeProposed,
        topics.matchDecided,
      ],
    },
  ],
  gateway: [
    {
      group: 'gateway',
      topics: [
        topics.connectionChanged,
        topics.syncRunFinished,
        topics.recordChanged,
        topics.clusterChanged,
        topics.mergeProposed,
        topics.matchDecided,
        topics.changeSetChanged,
        topics.issueChanged,
        topics.scoreMeasured,
        topics.findingChanged,
        topics.evidenceRecorded,
        topics.kpiMeasured,
        topics.crmProbed,
        topics.maintenanceTaskDue,
        topics.maintenanceTaskFinished,
      ],
    },
  ],
};

/** Topics that a service may write. */
export function ownedTopics(service: ServiceName): readonly Topic[] {
  return topicCatalogue.filter((topic) => topic.owner === service);
}
