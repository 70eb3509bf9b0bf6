import { describe, expect, test } from '@jest/globals';
import { readNotices } from './notice.ts';

const read = { portalId: '42', objects: ['companies', 'contacts', 'deals', 'tasks'] };
const entry = (subscriptionType: string, more: object) => ({
  eventId: 1,
  subscriptionId: 2,
  portalId: 42,
  appId: 3,
  occurredAt: 1_000,
  subscriptionType,
  attemptNumber: 0,
  ...more,
});
const changed = { deleted: false, mergedFrom: [], occurredAtMs: 1_000 };

describe('notices of HubSpot', () => {
  test('name the record, by the kind of event or by the type of the object', () => {
    const { notices, ignored } = readNotices(
      [
        entry('contact.propertyChange', { objectId: 7, propertyName: 'firstname', propertyValue: 'x' }),
        entry('deal.creation', { objectId: 8 }),
        entry('object.restore', { objectTypeId: '0-27', objectId: 9 }),
        entry('company.deletion', { objectId: 10 }),
        entry('contact.privacyDeletion', { objectId: 11 }),
      ],
      read,
    );
    expect(ignored).toBe(0);
    expect(notices).toEqual([
      { ...changed, object: 'companies', recordId: '10', deleted: true },
      { ...changed, object: 'contacts', recordId: '11', deleted: true },
      { ...changed, object: 'contacts', recordId: '7' },
      { ...changed, object: 'deals', recordId: '8' },
      { ...changed, object: 'tasks', recordId: '9' },
    ]);
  });

  test('of a merge name the new record and the two that went into it', () => {
    const merge = { primaryObjectId: 5, mergedObjectIds: [6], newObjectId: 7, numberOfPropertiesMoved: 3 };
    expect(readNotices([entry('contact.merge', merge)], read).notices).toEqual([
      { ...changed, object: 'contacts', recordId: '7', mergedFrom: ['5', '6'] },
    ]);
    const { newObjectId: _, ...kept } = merge;
    expect(readNotices([entry('company.merge', kept)], read).notices).toEqual([
      { ...changed, object: 'companies', recordId: '5', mergedFrom: ['6'] },
    ]);
  });

  test('of an association name both ends, in either form', () => {
    const ends = { fromObjectId: 1, toObjectId: 2, associationRemoved: false };
    const named = entry('contact.associationChange', { ...ends, associationType: 'CONTACT_TO_COMPANY' });
    const typed = entry('object.associationChange', { ...ends, fromObjectTypeId: '0-1', toObjectTypeId: '0-2' });
    for (const one of [named, typed]) {
      expect(readNotices([one], read).notices.map(({ object, recordId }) => [object, recordId])).toEqual([
        ['companies', '2'],
        ['contacts', '1'],
      ]);
    }
  });

  test('of one record become one, which keeps what each of them said', () => {
    const { notices } = readNotices(
      [
        entry('contact.deletion', { objectId: 7, occurredAt: 3_000 }),
        entry('contact.merge', { newObjectId: 7, primaryObjectId: 5, mergedObjectIds: [6], occurredAt: 2_000 }),
        entry('contact.propertyChange', { objectId: 7, occurredAt: 1_000 }),
      ],
      read,
    );
    expect(notices).toEqual([
      { object: 'contacts', recordId: '7', deleted: true, mergedFrom: ['5', '6'], occurredAtMs: 3_000 },
    ]);
  });

  const others: readonly [string, unknown][] = [
    ['another portal', entry('contact.creation', { objectId: 7, portalId: 43 })],
    ['an object that is not read', entry('ticket.creation', { objectId: 7 })],
    ['another kind of event', entry('conversation.newMessage', { objectId: 7 })],
    ['an id that is none', entry('contact.creation', { objectId: 'x:y' })],
    ['no time', entry('contact.creation', { objectId: 7, occurredAt: 'soon' })],
    ['no object', null],
  ];
  test.each(others)('that tell of %s are ignored', (_, one) => {
    expect(readNotices([one], read)).toEqual({ notices: [], ignored: 1 });
  });
});
