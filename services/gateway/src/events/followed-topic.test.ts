import { expect, test } from '@jest/globals';
import { type EventRecord, type PositionedRecord, topics } from '@kempt/contracts';
import { scopes } from '@kempt/service-runtime';
import { changeSetEvent, recordEvent } from './event-test-data.ts';
import { followedTopics } from './followed-topic.ts';

const placed = (record: EventRecord): PositionedRecord => ({ ...record, partition: 0, offset: 0n, timestampMs: 0 });
const followed = (name: string) => {
  const topic = followedTopics.find((candidate) => candidate.name === name);
  if (topic === undefined) throw new Error(`${name} is not followed`);
  return topic;
};

test('every followed topic has a name of its own and a scope that exists', () => {
  expect(new Set(followedTopics.map(({ name }) => name)).size).toBe(followedTopics.length);
  expect(followedTopics.filter(({ scope }) => !scopes.includes(scope))).toEqual([]);
});

test('changes of records are told without their values, and not those of a first reading', () => {
  const { read } = followed('record-changed');
  const news = read(placed(recordEvent({ recordId: '003A', phone: '+49 30 1234567' })));
  expect(news?.data).toEqual({
    record: 'sf:00D1:Contact:003A',
    version: 2,
    kind: 'updated',
    origin: 'incremental',
    changedFields: ['Phone'],
  });
  expect(JSON.stringify(news)).not.toContain('1234567');
  expect(read(placed(recordEvent({ recordId: '003A', origin: 'backfill' })))).toBeUndefined();
});

test('an event of the bulk lane is left out without being decoded', () => {
  const bulk = recordEvent({ recordId: '003A' });
  const unreadable = { ...bulk, headers: { ...bulk.headers, ce_lane: 'bulk' }, value: Uint8Array.of(255, 255) };
  expect(followed('record-changed').read(placed(unreadable))).toBeUndefined();
  expect(() => followed('record-changed').read(placed({ ...unreadable, headers: bulk.headers }))).toThrow(
    topics.recordChanged.name,
  );
});

test('states of change sets are told in the words of the API, whichever lane they took', () => {
  const record = changeSetEvent({ id: 'c1', state: 'PARTLY_APPLIED' });
  const bulk = { ...record, headers: { ...record.headers, ce_lane: 'bulk' } };
  expect(followed('change-set-changed').read(placed(bulk))?.data).toMatchObject({
    changeSetId: 'c1',
    state: 'partly-applied',
    operations: 3,
  });
});
