import { fileURLToPath } from 'node:url';
import { type DescMessage, equals } from '@bufbuild/protobuf';
import { describe, expect, test } from '@jest/globals';
import { decodeEvent, encodeEvent, type KemptEvent } from './envelope.ts';
import type { EventRecord } from './event-record.ts';
import { readGolden } from './golden-file.ts';
import { MalformedEventError } from './malformed-event-error.ts';
import { sampleEvents, sampleTombstone } from './sample-events.ts';
import { topics } from './topic-catalogue.ts';
import type { WireFormat } from './wire-format.ts';

const formats: readonly WireFormat[] = [
  { name: 'protobuf' },
  { name: 'json' },
  { name: 'confluent', schemaId: () => 4_711 },
];
const events: readonly KemptEvent[] = Object.values(sampleEvents);
const protobuf: WireFormat = { name: 'protobuf' };

const cases = [...events, sampleTombstone].flatMap((event) =>
  formats.map((format) => ({
    name: `${event.topic.name}${event.data === null ? ' tombstone' : ''} as ${format.name}`,
    event,
    format,
  })),
);

function expectSame<Desc extends DescMessage>(actual: KemptEvent<Desc>, expected: KemptEvent<Desc>): void {
  const { data: actualData, ...actualRest } = actual;
  const { data: expectedData, ...expectedRest } = expected;
  expect(actualRest).toEqual(expectedRest);
  if (actualData === null || expectedData === null) expect(actualData).toBe(expectedData);
  else expect(equals(expected.topic.message, actualData, expectedData)).toBe(true);
}

/** A record as text, the value in hexadecimal, so that a golden file can be read and compared by eye. */
function print({ value, ...rest }: EventRecord): string {
  return `${JSON.stringify({ ...rest, value: value === null ? null : Buffer.from(value).toString('hex') }, null, 2)}\n`;
}

function parse(text: string): EventRecord {
  const { value, ...rest } = JSON.parse(text) as Omit<EventRecord, 'value'> & { value: string | null };
  return { ...rest, value: value === null ? null : Buffer.from(value, 'hex') };
}

describe('the envelope', () => {
  test.each(cases)('gives the golden bytes, and reads them: $name', ({ name, event, format }) => {
    const file = fileURLToPath(new URL(`./golden/${name.replaceAll(' ', '-')}.golden.json`, import.meta.url));
    const golden = readGolden(file, () => Buffer.from(print(encodeEvent(event, format)))).toString('utf8');
    expect(print(encodeEvent(event, format))).toBe(golden);
    expectSame(decodeEvent(event.topic, parse(golden)), event);
  });

  test.each(formats)('gives equal bytes whatever the order in which fields were set ($name)', (format) => {
    const event = sampleEvents.recordChanged;
    const { data } = event;
    if (data === null) throw new Error('The sample has data');
    const reversed = Object.fromEntries(Object.entries(data.fields).reverse());
    const turned = encodeEvent({ ...event, data: { ...data, fields: reversed } }, format);
    expect(Object.keys(reversed)).not.toEqual(Object.keys(data.fields));
    expect(turned).toEqual(encodeEvent(event, format));
  });

  test('says in its headers what it is', () => {
    expect(encodeEvent(sampleEvents.recordChanged, protobuf).headers).toMatchObject({
      'content-type': 'application/protobuf',
      ce_specversion: '1.0',
      ce_type: 'kempt.connector.record-changed.v1',
      ce_source: '/kempt/connector',
      ce_subject: 'sf:00D5g000004XyZzEAK/Contact/0035g00000AbCdEAAX',
      ce_time: '2024-02-29T23:59:59.123Z',
      ce_sequence: '0000000003',
      ce_tenantid: 'default',
      ce_dataclassification: 'confidential',
      ce_dataregulation: 'GDPR',
    });
  });

  test('of a JSON event holds text that people can read', () => {
    const { value } = encodeEvent(sampleEvents.recordChanged, { name: 'json' });
    const text = Buffer.from(value ?? []).toString('utf8');
    expect(JSON.parse(text)).toMatchObject({
      record: { account: 'sf:00D5g000004XyZzEAK', object: 'Contact', recordId: '0035g00000AbCdEAAX' },
      kind: 'CHANGE_KIND_UPDATED',
      fields: {
        LastName: { string: 'Müller 李 🙂' },
        AnnualIncome__c: { decimal: '-12345678901234567890.0123456789' },
        Email: { null: null },
      },
    });
    expect(text).not.toContain('\n');
  });

  test('of a JSON event may hold fields of a newer release', () => {
    const record = encodeEvent(sampleEvents.idAliased, { name: 'json' });
    const newer = { ...JSON.parse(Buffer.from(record.value ?? []).toString('utf8')), fromTheFuture: { x: 1 } };
    const decoded = decodeEvent(topics.idAliased, { ...record, value: Buffer.from(JSON.stringify(newer)) });
    expectSame(decoded, sampleEvents.idAliased);
  });
});

describe('what cannot be read is refused by field', () => {
  const good = encodeEvent(sampleEvents.syncRunFinished, protobuf);
  const withHeader = (name: string, value: string | undefined): EventRecord => {
    const { [name]: _, ...rest } = good.headers;
    return { ...good, headers: value === undefined ? rest : { ...rest, [name]: value } };
  };
  const fieldAtFault = (record: EventRecord): string => {
    try {
      decodeEvent(topics.syncRunFinished, record);
    } catch (error) {
      if (!(error instanceof MalformedEventError)) throw error;
      expect(error).toMatchObject({ code: 'malformed-event', retriable: false, topic: topics.syncRunFinished.name });
      return error.field;
    }
    throw new Error('The event was accepted');
  };

  test.each([
    'ce_specversion',
    'ce_id',
    'ce_source',
    'ce_type',
    'ce_subject',
    'ce_time',
    'ce_recordedtime',
    'ce_sequence',
    'ce_tenantid',
    'content-type',
  ])('without %s', (name) => {
    expect(fieldAtFault(withHeader(name, undefined))).toBe(name);
  });

  test.each([
    ['ce_specversion', '0.3'],
    ['ce_type', 'kempt.connector.record-changed.v1'],
    ['ce_time', 'yesterday'],
    ['ce_recordedtime', ''],
    ['ce_sequence', '-1'],
    ['ce_sequence', '1e3'],
    ['content-type', 'text/plain'],
  ])('with %s: %s', (name, value) => {
    expect(fieldAtFault(withHeader(name, value))).toBe(name);
  });

  test('with a value that is something else', () => {
    expect(fieldAtFault({ ...good, value: Buffer.from([0xff, 0xff, 0xff]) })).toBe('value');
    expect(fieldAtFault({ ...withHeader('content-type', 'application/json'), value: Buffer.from('{') })).toBe('value');
    expect(
      fieldAtFault({ ...withHeader('content-type', 'application/json'), value: Buffer.from([0x22, 0xff, 0x22]) }),
    ).toBe('value');
    expect(fieldAtFault(withHeader('content-type', 'application/protobuf; framing=confluent'))).toBe('value');
  });

  test('as a tombstone on a topic that has none', () => {
    expect(fieldAtFault({ ...good, value: null })).toBe('value');
  });

  test('under the key of another tenant', () => {
    expect(fieldAtFault({ ...good, key: good.key.replace('default', 'other') })).toBe('key');
    expect(fieldAtFault({ ...good, key: '' })).toBe('key');
  });
});

describe('what no reader could use is not written', () => {
  test.each<[string, Partial<KemptEvent>]>([
    ['ce_id', { id: '' }],
    ['ce_tenantid', { tenantId: '' }],
    ['ce_source', { source: '' }],
    ['ce_subject', { subject: '' }],
    ['key', { key: 'other:sf:1:Contact' }],
    ['ce_time', { time: new Date(Number.NaN) }],
    ['ce_recordedtime', { recordedTime: new Date(Number.NaN) }],
    ['ce_sequence', { sequence: 1.5 }],
    ['ce_sequence', { sequence: 4_294_967_296 }],
    ['value', { data: null }],
  ])('%s: %j', (field, change) => {
    expect(() => encodeEvent({ ...sampleEvents.syncRunFinished, ...change } as KemptEvent, protobuf)).toThrow(
      expect.objectContaining({ code: 'malformed-event', field }),
    );
  });
});
