import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import {
  ChangeKind,
  ChangeOrigin,
  encodeEvent,
  type KemptEvent,
  type RecordRef,
  recordSubject,
  timestampFromDate,
  topics,
} from '@kempt/contracts';
import type { EventBus } from '@kempt/event-bus';
import { createKafkaEventBus } from './kafka-event-bus.ts';
import { quickOptions } from './test-broker/conformance-child.ts';
import { describeWithKafka } from './testing.ts';

const run = promisify(execFile);

const changedAt = new Date('2026-02-03T04:05:06.789Z');
const record: RecordRef = {
  $typeName: 'kempt.types.v1.RecordRef',
  account: 'sf:00D000000000001AAA',
  object: 'Contact',
  recordId: '003000000000001AAA',
};
const change: KemptEvent<typeof topics.recordChanged.message> = {
  topic: topics.recordChanged,
  id: '01948f5c-7d35-7000-8000-000000000001',
  tenantId: 'acme',
  source: '/kempt/connector',
  subject: recordSubject(record),
  key: 'acme:sf:00D000000000001AAA:Contact:003000000000001AAA',
  time: changedAt,
  recordedTime: new Date('2026-02-03T04:05:07.000Z'),
  sequence: 2,
  data: {
    $typeName: 'kempt.connector.v1.RecordChanged',
    record,
    version: 2,
    kind: ChangeKind.UPDATED,
    origin: ChangeOrigin.INCREMENTAL,
    modifiedAt: timestampFromDate(changedAt),
    modifiedBy: '005000000000001AAA',
    fields: { LastName: { $typeName: 'kempt.types.v1.Value', kind: { case: 'string', value: 'Löwe, "A"' } } },
    changedFields: ['LastName'],
    contentHash: 'ab'.repeat(32),
  },
};

/** What kcat's `%k`, `%h` and `%s` say of one event. */
interface KcatRecord {
  readonly key: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly value: string;
}

/** Records are parted by a control character and their parts by tabs, which are in none of them. */
function parse(output: string): KcatRecord[] {
  return output
    .split('\u001e')
    .filter((text) => text !== '')
    .map((text) => {
      const [key = '', headers = '', value = ''] = text.split('\t');
      return {
        key,
        headers: Object.fromEntries(headers.split(',').map((header) => header.split(/=(.*)/s).slice(0, 2))) as Record<
          string,
          string
        >,
        value,
      };
    });
}

await describeWithKafka('Events read by kcat', { own: true, programs: ['kcat'] }, (kafka) => {
  let bus: EventBus;

  beforeAll(() => {
    bus = createKafkaEventBus(quickOptions(kafka.brokers));
  });
  afterAll(() => bus.close());

  async function read(topic: string): Promise<KcatRecord[]> {
    const { stdout } = await run(
      'kcat',
      ['-C', '-q', '-e', '-o', 'beginning', '-b', kafka.brokers.join(), '-t', topic, '-f', '%k\t%h\t%s\u001e'],
      { timeout: 30_000 },
    );
    return parse(stdout);
  }

  test('a change of a record says in its headers what it is, has the documented key, and a value that is readable JSON', async () => {
    await bus.ensureTopics([topics.recordChanged]);
    await bus.publish([encodeEvent(change, { name: 'json' })]);

    const [seen, ...others] = await read('kempt.connector.record-changed.v1');

    expect(others).toEqual([]);
    expect(seen?.key).toBe('acme:sf:00D000000000001AAA:Contact:003000000000001AAA');
    expect(seen?.headers).toMatchObject({
      'content-type': 'application/json',
      ce_specversion: '1.0',
      ce_id: change.id,
      ce_type: 'kempt.connector.record-changed.v1',
      ce_source: '/kempt/connector',
      ce_subject: change.subject,
      ce_time: '2026-02-03T04:05:06.789Z',
      ce_recordedtime: '2026-02-03T04:05:07.000Z',
      ce_partitionkey: change.key,
      ce_tenantid: 'acme',
      ce_sequence: '0000000002',
      ce_dataclassification: 'confidential',
    });
    expect(seen?.value).not.toContain('\n');
    expect(JSON.parse(seen?.value ?? '')).toEqual({
      record: { account: 'sf:00D000000000001AAA', object: 'Contact', recordId: '003000000000001AAA' },
      version: 2,
      kind: 'CHANGE_KIND_UPDATED',
      origin: 'CHANGE_ORIGIN_INCREMENTAL',
      modifiedAt: '2026-02-03T04:05:06.789Z',
      modifiedBy: '005000000000001AAA',
      fields: { LastName: { string: 'Löwe, "A"' } },
      changedFields: ['LastName'],
      contentHash: 'ab'.repeat(32),
    });
  });
});
