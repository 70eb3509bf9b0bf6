import type { Topic } from './topic.ts';
import { kafkaTopicSettings } from './topics-document.ts';
import { contentTypes } from './wire-format.ts';

interface AsyncApiOptions {
  readonly catalogue: readonly Topic[];
  readonly version: string;
  /** Text of a .proto file by its path, such as `kempt/connector/v1/record.proto`. */
  readonly protoText: (path: string) => string;
}

const kafkaBindingVersion = '0.5.0';

/** The catalogue as an AsyncAPI 3 document: channels, messages with their headers and protobuf definitions. */
export function asyncApiDocument({ catalogue, version, protoText }: AsyncApiOptions): object {
  const files = new Map<string, string>();
  for (const { message } of catalogue) collectFiles(message.file, files);
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Kempt events',
      version,
      license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
      description:
        'CloudEvents 1.0 in binary mode on Kafka: attributes are headers, the value is the message. The content type says whether the value is protobuf, its JSON form, or protobuf in the frame of a schema registry. Delivery is at least once: ignore an event whose ce_id was seen, or whose ce_sequence is lower than one already applied to the same subject. Names may carry a prefix, depending on the installation.',
    },
    defaultContentType: contentTypes.protobuf,
    channels: entries(catalogue, (topic) => [
      channelId(topic),
      {
        address: topic.name,
        description: topic.description,
        messages: { [topic.message.name]: { $ref: `#/components/messages/${topic.message.name}` } },
        bindings: {
          kafka: {
            topic: topic.name,
            partitions: topic.partitions,
            topicConfiguration: topicConfiguration(topic),
            bindingVersion: kafkaBindingVersion,
          },
        },
      },
    ]),
    operations: entries(catalogue, (topic) => [
      `publish-${channelId(topic)}`,
      {
        action: 'send',
        summary: `The ${topic.owner} service publishes; nobody else does.`,
        channel: { $ref: `#/channels/${channelId(topic)}` },
      },
    ]),
    components: {
      messages: entries(catalogue, (topic) => [
        topic.message.name,
        {
          name: topic.message.typeName,
          title: topic.message.name,
          summary: topic.description,
          contentType: contentTypes.protobuf,
          headers: { $ref: '#/components/schemas/EventHeaders' },
          payload: { $ref: `#/components/schemas/${schemaId(topic.message.file.name)}` },
          bindings: {
            kafka: {
              key: { type: 'string', description: topic.keyPattern },
              bindingVersion: kafkaBindingVersion,
            },
          },
        },
      ]),
      schemas: {
        EventHeaders: eventHeaders,
        ...Object.fromEntries(
          [...files].map(([id, path]) => [
            id,
            { schemaFormat: 'application/vnd.google.protobuf;version=3', schema: protoText(path) },
          ]),
        ),
      },
    },
  };
}

function entries(catalogue: readonly Topic[], entry: (topic: Topic) => [string, object]): object {
  return Object.fromEntries(catalogue.map(entry));
}

/** `kempt.connector.record-changed.v1` becomes `connector-record-changed-v1`. */
function channelId(topic: Topic): string {
  return topic.name.replace(/^kempt\./, '').replaceAll('.', '-');
}

/** The binding knows some settings by type and refuses the others. */
function topicConfiguration(topic: Topic): object {
  const { 'cleanup.policy': _, ...rest } = kafkaTopicSettings(topic);
  const known = new Set(['retention.ms', 'retention.bytes', 'delete.retention.ms', 'max.message.bytes']);
  return {
    'cleanup.policy': [topic.cleanup],
    ...Object.fromEntries(Object.entries(rest).filter(([name]) => known.has(name))),
  };
}

function schemaId(fileName: string): string {
  return fileName.replaceAll('/', '.');
}

interface ProtoFile {
  readonly name: string;
  readonly dependencies: readonly ProtoFile[];
}

function collectFiles(file: ProtoFile, files: Map<string, string>): void {
  if (file.name.startsWith('google/') || files.has(schemaId(file.name))) return;
  files.set(schemaId(file.name), `${file.name}.proto`);
  for (const dependency of file.dependencies) collectFiles(dependency, files);
}

const text = (description: string, more: object = {}): object => ({ type: 'string', description, ...more });

const eventHeaders = {
  type: 'object',
  required: [
    'content-type',
    'ce_specversion',
    'ce_id',
    'ce_source',
    'ce_type',
    'ce_subject',
    'ce_time',
    'ce_recordedtime',
    'ce_sequence',
    'ce_tenantid',
  ],
  properties: {
    'content-type': text('How the value is written.', { enum: Object.values(contentTypes) }),
    ce_specversion: text('Version of CloudEvents.', { const: '1.0' }),
    ce_id: text('Names the event for ever; an event that comes again has the same one.', { format: 'uuid' }),
    ce_source: text('Service that published it: /kempt/<service>.', { format: 'uri-reference' }),
    ce_type: text('Name of the topic without the prefix of the installation.'),
    ce_subject: text('What the event is about, for people.'),
    ce_time: text('When it happened in the CRM.', { format: 'date-time' }),
    ce_recordedtime: text('When Kempt wrote it down; minus ce_time, that is its age then.', { format: 'date-time' }),
    ce_dataschema: text('protobuf: and the full name of the message.', { format: 'uri' }),
    ce_partitionkey: text('The key of the Kafka record.'),
    ce_sequence: text('Version of the subject, padded with zeros to compare as text.', { pattern: '^[0-9]{10}$' }),
    ce_tenantid: text('Tenant that the event belongs to.'),
    ce_dataclassification: text('Who may read it.', { enum: ['public', 'internal', 'confidential'] }),
    ce_dataregulation: text('Law that covers the data, where it may name persons.'),
    ce_datacategory: text('Category under that law.'),
    ce_correlationid: text('Events of one piece of work share it.'),
    ce_causationid: text('ce_id of the event that led to this one.'),
    traceparent: text('W3C trace context; repeated as ce_traceparent.'),
    ce_traceparent: text('W3C trace context.'),
  },
};
