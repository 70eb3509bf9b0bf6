import type { DescMessage, MessageShape } from '@bufbuild/protobuf';
import type { EventRecord } from './event-record.ts';
import { MalformedEventError } from './malformed-event-error.ts';
import type { Topic } from './topic.ts';
import { contentTypes, decodeValue, encodeValue, type WireFormat } from './wire-format.ts';

/** An event as services handle it. */
export interface KemptEvent<Desc extends DescMessage = DescMessage> {
  readonly topic: Topic<Desc>;
  /** UUIDv7. A consumer that has seen it ignores the event. */
  readonly id: string;
  readonly tenantId: string;
  /** `/kempt/<service>`. */
  readonly source: string;
  /** What the event is about, for people: `account/object/recordId`. */
  readonly subject: string;
  /** Made by `recordKey` or one of its siblings. */
  readonly key: string;
  /** When it happened in the CRM. */
  readonly time: Date;
  /** When Kempt wrote it down. */
  readonly recordedTime: Date;
  /** Version of the subject: a consumer that knows a higher one ignores the event. */
  readonly sequence: number;
  /** `null` is a tombstone; only compacted topics have them. */
  readonly data: MessageShape<Desc> | null;
  readonly correlationId?: string;
  readonly causationId?: string;
  /** W3C trace context. */
  readonly traceparent?: string;
}

const specVersion = '1.0';
const sequenceDigits = 10;
const highestSequence = 4_294_967_295;

/** Writes an event as a CloudEvent in binary mode: attributes as headers, data as the value. */
export function encodeEvent<Desc extends DescMessage>(event: KemptEvent<Desc>, format: WireFormat): EventRecord {
  const { topic } = event;
  refuseUnlessWritable(event);
  const headers: Record<string, string> = {
    'content-type': contentTypes[format.name],
    ce_specversion: specVersion,
    ce_id: event.id,
    ce_source: event.source,
    ce_type: topic.name,
    ce_subject: event.subject,
    ce_time: event.time.toISOString(),
    ce_recordedtime: event.recordedTime.toISOString(),
    ce_dataschema: `protobuf:${topic.message.typeName}`,
    ce_partitionkey: event.key,
    // Padded, since the attribute is compared as text.
    ce_sequence: String(event.sequence).padStart(sequenceDigits, '0'),
    ce_tenantid: event.tenantId,
    ce_dataclassification: topic.classification,
  };
  if (topic.classification === 'confidential') {
    headers.ce_dataregulation = 'GDPR';
    headers.ce_datacategory = 'standard';
  }
  if (event.correlationId !== undefined) headers.ce_correlationid = event.correlationId;
  if (event.causationId !== undefined) headers.ce_causationid = event.causationId;
  if (event.traceparent !== undefined) {
    headers.traceparent = event.traceparent;
    headers.ce_traceparent = event.traceparent;
  }
  return {
    topic: topic.name,
    key: event.key,
    headers,
    value: event.data === null ? null : encodeValue(topic, event.data, format),
  };
}

/** Holds the writer to what every reader relies on. */
function refuseUnlessWritable(event: KemptEvent): void {
  const { name: topic, cleanup } = event.topic;
  const refuse = (field: string, reason: string): never => {
    throw new MalformedEventError({ topic, field }, reason);
  };
  for (const [field, text] of [
    ['ce_id', event.id],
    ['ce_source', event.source],
    ['ce_subject', event.subject],
    ['ce_tenantid', event.tenantId],
    ['key', event.key],
  ] as const) {
    if (text === '') refuse(field, 'is empty');
  }
  if (!event.key.startsWith(`${event.tenantId}:`)) refuse('key', 'does not begin with the tenant');
  if (Number.isNaN(event.time.getTime())) refuse('ce_time', 'is not a date');
  if (Number.isNaN(event.recordedTime.getTime())) refuse('ce_recordedtime', 'is not a date');
  if (!Number.isInteger(event.sequence) || event.sequence < 0 || event.sequence > highestSequence) {
    refuse('ce_sequence', 'is not a whole number of 32 bits');
  }
  if (event.data === null && cleanup !== 'compact')
    refuse('value', 'is missing, and only compacted topics have tombstones');
}

/** Reads an event, whichever wire format it has. Throws `MalformedEventError` naming the field at fault. */
export function decodeEvent<Desc extends DescMessage>(topic: Topic<Desc>, record: EventRecord): KemptEvent<Desc> {
  const refuse = (field: string, reason: string, cause?: unknown): never => {
    throw new MalformedEventError({ topic: topic.name, field }, reason, cause);
  };
  const { headers, key } = record;
  const header = (name: string): string => headers[name] || refuse(name, 'is missing');
  const date = (name: string): Date => {
    const parsed = new Date(header(name));
    return Number.isNaN(parsed.getTime()) ? refuse(name, 'is not a date') : parsed;
  };
  if (header('ce_specversion') !== specVersion) refuse('ce_specversion', 'is not 1.0');
  if (header('ce_type') !== topic.name) refuse('ce_type', 'names another kind of event');
  if (key === '') refuse('key', 'is empty');
  const sequence = header('ce_sequence');
  if (!/^[0-9]{1,15}$/.test(sequence)) refuse('ce_sequence', 'is not a whole number');
  const tenantId = header('ce_tenantid');
  // The tenant decides whose rows are written; a key of another tenant means that somebody mixed two of them up.
  if (!key.startsWith(`${tenantId}:`)) refuse('key', 'does not begin with the tenant of ce_tenantid');
  const traceparent = headers.traceparent ?? headers.ce_traceparent;
  return {
    topic,
    id: header('ce_id'),
    tenantId,
    source: header('ce_source'),
    subject: header('ce_subject'),
    key,
    time: date('ce_time'),
    recordedTime: date('ce_recordedtime'),
    sequence: Number(sequence),
    data: decodeData(topic, record, refuse),
    ...(headers.ce_correlationid !== undefined && { correlationId: headers.ce_correlationid }),
    ...(headers.ce_causationid !== undefined && { causationId: headers.ce_causationid }),
    ...(traceparent !== undefined && { traceparent }),
  };
}

function decodeData<Desc extends DescMessage>(
  topic: Topic<Desc>,
  record: EventRecord,
  refuse: (field: string, reason: string, cause?: unknown) => never,
): MessageShape<Desc> | null {
  if (record.value === null) {
    return topic.cleanup === 'compact'
      ? null
      : refuse('value', 'is missing, and only compacted topics have tombstones');
  }
  const contentType = record.headers['content-type'] ?? '';
  let data: MessageShape<Desc> | undefined;
  try {
    data = decodeValue(topic.message, record.value, contentType);
  } catch (error) {
    return refuse('value', `cannot be read as ${topic.message.typeName} in ${contentType}`, error);
  }
  return data ?? refuse('content-type', `must be one of: ${Object.values(contentTypes).join(', ')}`);
}
