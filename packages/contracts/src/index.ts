export type { EventRecord, PositionedRecord } from './event-record.ts';
export type { Lane, Topic, TopicDeclaration } from './topic.ts';
