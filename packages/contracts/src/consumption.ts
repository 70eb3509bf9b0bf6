import type { Topic, TopicDeclaration } from './topic.ts';
import { topics } from './topic-catalogue.ts';

/** A consumer group of a service, without the prefix of an installation. */
export interface ConsumerGroup {
  readonly group: string;
  /** The part of a split service that reads it. */
  readonly role?: string;
  readonly topics: readonly Topic[];
  /** False where what cannot be applied is left out instead of being kept as a dead letter. */
  readonly hasDeadLetters: boolean;
}

/**
 * Which groups of which service read which topics. Access rights and scaling follow from it; a test holds it against the subscriptions in the
 * sources of the services.
 */
export const consumption: Readonly<Record<string, readonly ConsumerGroup[]>> = {
  connector: [
    {
      group: 'connector-changes',
      role: 'writer',
      hasDeadLetters: true,
      topics: [topics.mergeProposed, topics.fixProposed],
    },
    {
      group: 'connector-maintenance',
      role: 'sync',
      hasDeadLetters: true,
      topics: [topics.maintenanceTaskDue, topics.canarySent],
    },
  ],
  dedupe: [
    {
      group: 'dedupe',
      hasDeadLetters: true,
      topics: [topics.recordState, topics.connectionChanged, topics.syncRunFinished, topics.canarySent],
    },
  ],
  'data-quality': [
    {
      group: 'data-quality',
      hasDeadLetters: true,
      topics: [topics.recordState, topics.clusterChanged, topics.canarySent],
    },
  ],
  'integration-audit': [
    {
      group: 'integration-audit',
      hasDeadLetters: true,
      topics: [
        topics.connectionChanged,
        topics.auditRecordChanged,
        topics.changeSetChanged,
        topics.matchDecided,
        topics.maintenanceTaskFinished,
        topics.canarySent,
      ],
    },
  ],
  metrics: [
    {
      group: 'metrics',
      hasDeadLetters: true,
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
        topics.canarySent,
      ],
    },
  ],
  gateway: [
    {
      group: 'gateway',
      // The gateway only follows along: what it cannot read it leaves out.
      hasDeadLetters: false,
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
        topics.canarySent,
      ],
    },
  ],
};

/** The groups of Kempt that read a topic, by the name of the topic. */
export function groupsThatRead(topic: string): readonly string[] {
  return groupsByTopic.get(topic) ?? [];
}

const groupsByTopic: ReadonlyMap<string, readonly string[]> = new Map(
  Object.values(topics).map(({ name }) => [
    name,
    Object.values(consumption)
      .flat()
      .filter(({ topics: read }) => read.some((topic) => topic.name === name))
      .map(({ group }) => group),
  ]),
);

/** Name of the topic to which a consumer group publishes what it could not apply. */
export function deadLetterTopic(topic: string, group: string): string {
  return `${topic}.${group}.dlq`;
}

const deadLetterRetentionMs = 30 * 24 * 60 * 60 * 1000;

/** The topic to which a consumer group publishes what it could not apply, for whoever creates topics. */
export function deadLetterDeclaration(topic: TopicDeclaration, group: string): TopicDeclaration {
  return {
    name: deadLetterTopic(topic.name, group),
    partitions: topic.partitions,
    cleanup: 'delete',
    retentionMs: deadLetterRetentionMs,
  };
}

/** A topic of dead letters and the service that writes it. */
export interface OwnedDeclaration extends TopicDeclaration {
  readonly owner: string;
}

/** Every topic of dead letters. Consumers create their own where they may; elsewhere they have to be there. */
export const deadLetterTopics: readonly OwnedDeclaration[] = Object.entries(consumption).flatMap(([owner, groups]) =>
  groups
    .filter(({ hasDeadLetters }) => hasDeadLetters)
    .flatMap(({ group, topics: read }) => read.map((topic) => ({ ...deadLetterDeclaration(topic, group), owner }))),
);
