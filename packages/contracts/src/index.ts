// What it takes to make and read messages, so that no other package needs the protobuf runtime.
export { create, type DescMessage, type MessageInitShape, type MessageShape } from '@bufbuild/protobuf';
export { timestampDate, timestampFromDate } from '@bufbuild/protobuf/wkt';
export { canonicalJson } from './canonical-json.ts';
export { frameConfluent, unframeConfluent } from './confluent-framing.ts';
export {
  type ConsumerGroup,
  consumption,
  deadLetterDeclaration,
  deadLetterTopic,
  deadLetterTopics,
  groupsThatRead,
  type OwnedDeclaration,
} from './consumption.ts';
export { decodeEvent, encodeEvent, type KemptEvent } from './envelope.ts';
export type { EventRecord, PositionedRecord } from './event-record.ts';
export * from './gen/kempt/connector/v1/audit_pb.ts';
export * from './gen/kempt/connector/v1/change_set_pb.ts';
export * from './gen/kempt/connector/v1/completeness_pb.ts';
export * from './gen/kempt/connector/v1/probe_pb.ts';
export * from './gen/kempt/connector/v1/record_pb.ts';
export * from './gen/kempt/connector/v1/sync_pb.ts';
export * from './gen/kempt/data_quality/v1/quality_pb.ts';
export * from './gen/kempt/dedupe/v1/cluster_pb.ts';
export * from './gen/kempt/dedupe/v1/proposal_pb.ts';
export * from './gen/kempt/dedupe/v1/review_pb.ts';
export * from './gen/kempt/integration_audit/v1/finding_pb.ts';
export * from './gen/kempt/metrics/v1/canary_pb.ts';
export * from './gen/kempt/metrics/v1/kpi_pb.ts';
export * from './gen/kempt/metrics/v1/maintenance_pb.ts';
export * from './gen/kempt/types/v1/canonical_pb.ts';
export * from './gen/kempt/types/v1/record_ref_pb.ts';
export * from './gen/kempt/types/v1/value_pb.ts';
export { MalformedEventError } from './malformed-event-error.ts';
export {
  type AuditedFields,
  accountKey,
  aliasKey,
  auditKey,
  clusterKey,
  formatRecordRef,
  InvalidKeyError,
  idKey,
  type KeyPart,
  objectKey,
  parseRecordKey,
  parseRecordRef,
  type RecordRefFields,
  recordKey,
  recordSubject,
} from './record-ref.ts';
export { isSalesforceId, longSalesforceId } from './salesforce-id.ts';
export {
  createSchemaRegistry,
  type SchemaRegistry,
  SchemaRegistryError,
  type SchemaRegistryOptions,
} from './schema-registry.ts';
export type { Lane, Topic, TopicDeclaration } from './topic.ts';
export { topicCatalogue, topics } from './topic-catalogue.ts';
export { kafkaTopicSettings } from './topics-document.ts';
export {
  type Decimal,
  fromPlainValue,
  InvalidValueError,
  isDecimal,
  type PlainValue,
  toPlainValue,
} from './typed-value.ts';
export { contentTypes, type WireFormat } from './wire-format.ts';
