import { describe, expect, test } from '@jest/globals';
import {
  ClusterChangedSchema,
  clusterKey,
  create,
  encodeEvent,
  type KemptEvent,
  type PositionedRecord,
  parseRecordRef,
  RecordChangedSchema,
  RecordStateSchema,
  recordKey,
  topics,
} from '@kempt/contracts';
import { checkHistory, type History } from './history-checker.ts';

const ref = 'sf:00D1:Contact:0031';
const record = parseRecordRef(ref);
const goldenId = '14e147b4-db17-5d0e-87fe-73ab5936d11a';

function envelope(key: string, sequence: number, id: string) {
  const time = new Date(0);
  return { id, tenantId: 'default', source: '/kempt/test', subject: 's', key, time, recordedTime: time, sequence };
}

function placed(event: KemptEvent): PositionedRecord {
  return { ...encodeEvent(event, { name: 'protobuf' }), partition: 0, offset: 0n, timestampMs: 0 };
}

function changed(version: number, id = `change-${version}`): PositionedRecord {
  return placed({
    ...envelope(recordKey('default', record), version, id),
    topic: topics.recordChanged,
    data: create(RecordChangedSchema, { record, version, contentHash: `h${version}` }),
  });
}

function state(version: number): PositionedRecord {
  return placed({
    ...envelope(recordKey('default', record), version, `state-${version}`),
    topic: topics.recordState,
    data: create(RecordStateSchema, { record, version, contentHash: `h${version}` }),
  });
}

function cluster(): PositionedRecord {
  return placed({
    ...envelope(clusterKey('default', goldenId), 1, 'cluster-1'),
    topic: topics.clusterChanged,
    data: create(ClusterChangedSchema, { goldenId, version: 1, members: [{ record, probability: 1 }] }),
  });
}

const sound: History = {
  crm: [{ ref, deleted: false, fields: { LastName: 'Okafor' } }],
  mirror: [{ ref, version: 2, deleted: false, contentHash: 'h2', fields: { LastName: 'Okafor' } }],
  clusters: [{ goldenId, version: 1, members: [ref] }],
  events: [changed(1), changed(2), state(1), state(2), cluster()],
  isMatched: (object) => object === 'Contact',
};

describe('history check', () => {
  test('a sound history passes', () => {
    expect(checkHistory(sound)).toMatchObject({ missing: [], extra: [] });
  });

  const defects: [string, Partial<History>, 'missing' | 'extra'][] = [
    ['a record that the mirror lacks', { mirror: [] }, 'missing'],
    ['a record that the CRM does not have', { crm: [] }, 'extra'],
    ['an old value in the mirror', { crm: [{ ref, deleted: false, fields: { LastName: 'Haddad' } }] }, 'missing'],
    ['a deletion that the mirror missed', { crm: [{ ref, deleted: true, fields: {} }] }, 'extra'],
    ['a change that was lost', { events: [changed(2), state(2), cluster()] }, 'missing'],
    ['a change that was published as two events', { events: [...sound.events, changed(2, 'again')] }, 'extra'],
    ['a change beyond the mirror', { events: [...sound.events, changed(3)] }, 'extra'],
    ['a state that stayed behind', { events: [changed(1), changed(2), state(1), cluster()] }, 'missing'],
    ['a record in no cluster', { clusters: [] }, 'missing'],
    ['a record in two clusters', { clusters: [...sound.clusters, { ...sound.clusters[0]!, goldenId: 'x' }] }, 'extra'],
    ['a cluster that was never published', { events: sound.events.slice(0, 4) }, 'missing'],
  ];

  test.each(defects)('%s is found', (_title, defect, where) => {
    expect(checkHistory({ ...sound, ...defect })[where].length).toBeGreaterThan(0);
  });
});
