import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Fault } from '@kempt/crm-simulators';
import { eventually } from '../../connector-test-bed.ts';
import { type SimulatedCrms, startCrms } from '../../crm-test-bed.ts';
import { CrmError, type CrmErrorKind } from '../crm-error.ts';
import type { AssociationLink, CrmWriter } from '../crm-writer.ts';
import { hubspotTestClient, type TestClient } from '../writer-test-bed.ts';

let crms: SimulatedCrms;
let crm: SimulatedCrms['hubspot'];
let own: TestClient;
let writer: CrmWriter;
const signal = new AbortController().signal;

beforeAll(async () => {
  crms = await startCrms();
  crm = crms.hubspot;
  own = hubspotTestClient(crms);
  writer = own.writer;
});

afterAll(async () => {
  own.client.close();
  await crms.stop();
});

beforeEach(() => crm.faults.clear());

const contact = (properties: Record<string, string> = {}): string =>
  crm.records.create('contacts', { lastname: 'Lee', ...properties });
const held = (object: string, id: string) => crm.records.read(object, id);
const actionsOn = (id: string) =>
  crm.writeLog
    .entries()
    .filter(({ recordId, by }) => recordId === id && by === 'api')
    .map(({ action }) => action);
const failure = async (call: Promise<unknown>): Promise<CrmError> => {
  const error = await call.then(
    () => new Error('The call succeeded.'),
    (thrown: unknown) => thrown,
  );
  if (error instanceof CrmError) return error;
  throw error;
};
/** Links without the ends that every one of them shares. */
const ends = (links: readonly unknown[]) =>
  (links as AssociationLink[])
    .map(({ toObject, toId, typeId, label }) => `${toObject} ${toId} ${typeId} ${label}`)
    .sort();

describe('properties', () => {
  test('are written with every kind of value, and null makes one blank', async () => {
    const id = contact({ jobtitle: 'Buyer', email: 'lee@firm.example' });
    await writer.update(
      'contacts',
      id,
      { firstname: 'Ada', jobtitle: null, hs_additional_emails: ['a@firm.example', 'b@firm.example'] },
      signal,
    );
    expect(held('contacts', id)).toMatchObject({
      firstname: 'Ada',
      hs_additional_emails: 'a@firm.example;b@firm.example',
      email: 'lee@firm.example',
    });
    expect(held('contacts', id)?.jobtitle ?? null).toBe(null);
    const company = crm.records.create('companies', { name: 'Firm' });
    await writer.update('companies', company, { annualrevenue: { decimal: '123456789012345678.5' } }, signal);
    expect(held('companies', company)?.annualrevenue).toBe('123456789012345678.5');
    const deal = crm.records.create('deals', { dealname: 'Deal' });
    await writer.update('deals', deal, { closedate: { timestamp: '2026-02-03T04:05:06.000Z' } }, signal);
    expect(held('deals', deal)?.closedate).toBe('2026-02-03T04:05:06.000Z');
  });

  test('are told with what they take', async () => {
    const fields = await writer.writableFields('deals', signal);
    expect(fields.get('dealname')).toMatchObject({ updateable: true, createable: true, choices: null, kind: 'text' });
    expect(fields.get('dealstage')?.choices).toContain('closedwon');
    expect(fields.get('hs_object_id')).toMatchObject({ updateable: false, createable: false });
    expect(fields.has('associations.contacts')).toBe(false);
  });
});

describe('reading afresh', () => {
  test('gives what the reader of the object gives, and leaves out unknown ids', async () => {
    const id = contact({ firstname: 'Ada', email: 'ada@firm.example' });
    const company = crm.records.create('companies', { name: 'Firm' });
    crm.records.associate('contacts', id, { object: 'companies', id: company });
    const reader = await own.client.open('contacts', signal);
    const listed = (await reader.readAll(null, signal)).records.find(({ recordId }) => recordId === id);
    expect(listed?.fields['associations.companies']).toEqual([company]);
    const found = await writer.read('contacts', [id, '999999999', 'nonsense'], signal);
    expect(found).toEqual([{ ...listed, requestedId: id }]);
  });

  test('shows archived records as deleted, and survivors under the ids that were merged into them', async () => {
    const [archived, first, second, third] = [contact(), contact(), contact(), contact()];
    crm.records.archive('contacts', archived);
    const between = crm.records.merge('contacts', first, second);
    const survivor = crm.records.merge('contacts', between, third);
    const found = await writer.read('contacts', [archived, first, second, between, third, survivor], signal);
    expect(found.map(({ requestedId, recordId, deleted }) => [requestedId, recordId, deleted])).toEqual([
      [archived, archived, true],
      ...[first, second, between, third, survivor].map((id) => [id, survivor, false]),
    ]);
    expect(found.at(-1)?.mergedFrom).toEqual(expect.arrayContaining([first, second, third]));
  });

  test('finds what was created since a moment once the index knows it', async () => {
    const sinceMs = crm.clock.now();
    const ids = [contact(), contact()];
    const found = await eventually('the index to know both', async () => {
      const records = await writer.createdSince('contacts', sinceMs, signal);
      return records.length >= 2 && records.map(({ recordId }) => recordId);
    });
    expect(found.slice(-2)).toEqual(ids);
  });
});

describe('associations', () => {
  test('are listed with their kinds, made and taken away again', async () => {
    const [id, other] = [contact(), contact()];
    const company = crm.records.create('companies', { name: 'Firm' });
    const deal = crm.records.create('deals', { dealname: 'Deal' });
    const note = crm.records.create('notes', { hs_note_body: 'Hello' });
    crm.records.associate('contacts', id, { object: 'companies', id: company, typeId: 1 });
    crm.records.associate('contacts', id, { object: 'deals', id: deal });
    crm.records.associate('notes', note, { object: 'contacts', id });
    const links = await writer.links('contacts', id, signal);
    expect(ends(links)).toEqual(
      expect.arrayContaining([`companies ${company} 1 Primary`, `deals ${deal} 4 null`, `notes ${note} 201 null`]),
    );
    for (const link of [...links, ...links])
      await writer.setLink(link, { object: 'contacts', recordId: other }, signal);
    expect(ends(await writer.links('contacts', other, signal))).toEqual(ends(links));
    for (const link of [...links, ...links]) await writer.removeLink(link, signal);
    expect(await writer.links('contacts', id, signal)).toEqual([]);
    expect(ends(await writer.links('contacts', other, signal))).toEqual(ends(links));
  });

  test('have kinds that can be asked for', async () => {
    const types = await writer.associationTypes('contacts', 'companies', signal);
    expect(types).toContainEqual({ category: 'HUBSPOT_DEFINED', typeId: 1, label: 'Primary' });
    expect(await writer.associationTypes('contacts', 'nonsense', signal)).toEqual([]);
  });
});

describe('merging', () => {
  test('makes a new record with the wanted values; the loser can be made again with what it had', async () => {
    const master = contact({ email: 'one@firm.example', jobtitle: 'Buyer' });
    const loser = contact({ email: 'two@firm.example', phone: '1' });
    const company = crm.records.create('companies', { name: 'Firm' });
    crm.records.associate('contacts', loser, { object: 'companies', id: company, typeId: 279 });
    const links = await writer.links('contacts', loser, signal);
    const [before] = await writer.read('contacts', [loser], signal);

    const { survivorId, movedLinks } = await writer.merge(
      'contacts',
      { masterId: master, loserIds: [loser], fields: { jobtitle: null, firstname: 'Ada' } },
      signal,
    );
    expect([master, loser]).not.toContain(survivorId);
    expect(movedLinks).toBe(null);
    expect(held('contacts', survivorId)).toMatchObject({ firstname: 'Ada', email: 'one@firm.example', phone: '1' });
    expect(held('contacts', survivorId)?.jobtitle ?? null).toBe(null);
    const [survivor] = await writer.read('contacts', [loser], signal);
    expect(survivor).toMatchObject({ requestedId: loser, recordId: survivorId });
    expect(survivor?.fields.hs_additional_emails).toEqual(['two@firm.example']);

    // The address belongs to the survivor until it gives it up.
    const again = { lastname: 'Lee', email: before?.fields.email ?? null };
    expect(await failure(writer.create('contacts', again, links, signal))).toMatchObject({
      kind: 'conflict',
      existingId: survivorId,
      mayBeDone: false,
    });
    await writer.update('contacts', survivorId, { hs_additional_emails: null }, signal);
    const made = await writer.create('contacts', again, links, signal);
    expect(held('contacts', made)?.email).toBe('two@firm.example');
    expect(ends(await writer.links('contacts', made, signal))).toEqual(ends(links));
  });

  test('takes one loser at a time, and three merge one after the other', async () => {
    const [first, second, third] = [contact(), contact(), contact()];
    const both = { masterId: first, loserIds: [second, third], fields: {} };
    expect(await failure(writer.merge('contacts', both, signal))).toMatchObject({ kind: 'validation' });
    await writer.merge('contacts', { masterId: first, loserIds: [second], fields: {} }, signal);
    // The old id leads to the survivor.
    const last = await writer.merge('contacts', { masterId: first, loserIds: [third], fields: {} }, signal);
    const found = await writer.read('contacts', [first, second, third], signal);
    expect(found.map(({ recordId }) => recordId)).toEqual([last.survivorId, last.survivorId, last.survivorId]);
  });

  test('a merge whose fields are refused is told as one that happened, with the survivor', async () => {
    const [master, loser] = [contact(), contact()];
    const fields = { lifecyclestage: 'no such stage' };
    const error = await failure(writer.merge('contacts', { masterId: master, loserIds: [loser], fields }, signal));
    expect(error).toMatchObject({
      kind: 'unknown-outcome',
      code: 'survivor-not-updated',
      fields: ['lifecyclestage'],
      existingId: (await writer.read('contacts', [loser], signal))[0]?.recordId,
    });
  });
});

describe('refusals say what is wrong and change nothing', () => {
  const reference = { kind: 'reference', object: 'Contact', recordId: '003', field: 'AccountId' } as const;

  test.each<[string, () => Promise<unknown>, CrmErrorKind, string[]]>([
    [
      'an unknown property',
      () => writer.update('contacts', contact(), { nonsense: 'x' }, signal),
      'validation',
      ['nonsense'],
    ],
    [
      'a read-only property',
      () => writer.update('contacts', contact(), { hs_object_id: '1' }, signal),
      'validation',
      ['hs_object_id'],
    ],
    [
      'an address that is none',
      () => writer.update('contacts', contact(), { email: 'nobody' }, signal),
      'validation',
      ['email'],
    ],
    [
      'associations as a property',
      () => writer.update('contacts', contact(), { 'associations.companies': ['1'] }, signal),
      'validation',
      ['associations.companies'],
    ],
    [
      'a record that does not exist',
      () => writer.update('contacts', '999999999', { lastname: 'x' }, signal),
      'not-found',
      [],
    ],
    ['an id that is none', () => writer.update('contacts', '../owners', { lastname: 'x' }, signal), 'not-found', []],
    ['an owner', () => writer.update('owners', '1', { firstName: 'x' }, signal), 'not-supported', []],
    ['an undelete', () => writer.undelete('contacts', contact(), signal), 'not-supported', []],
    ['a reference', () => writer.removeLink(reference, signal), 'not-supported', []],
  ])('%s', async (_what, call, kind, fields) => {
    const error = await failure(call());
    expect(error).toMatchObject({ kind, fields, retriable: false, mayBeDone: false });
  });

  test('messages hold no values', async () => {
    const error = await failure(writer.update('contacts', contact(), { email: 'secret-address' }, signal));
    expect(error.message).toContain('email');
    expect(error.message).not.toContain('secret-address');
  });

  test('an address that another contact has names that contact', async () => {
    const first = contact({ email: 'taken@firm.example' });
    const error = await failure(writer.update('contacts', contact(), { email: 'taken@firm.example' }, signal));
    expect(error).toMatchObject({ kind: 'conflict', existingId: first });
  });
});

describe('answers that do not come', () => {
  const effects: readonly [string, Fault['effect']][] = [
    ['the connection breaks', { kind: 'disconnect', handle: true }],
    ['a proxy answers', { kind: 'reply', status: 500, body: '<html></html>', handle: true }],
    ['the CRM stumbles', { kind: 'named', name: 'internal-error', handle: true }],
    ['the body breaks off', { kind: 'truncate' }],
    ['the answer comes too late', { kind: 'delay', delayMs: 600 }],
  ];

  test.each(effects)('when %s the outcome is unknown, and the write is not made twice', async (_what, effect) => {
    const impatient = hubspotTestClient(crms, { timeoutMs: 300 });
    const [id, loser] = [contact(), contact()];
    await impatient.writer.read('contacts', [id], signal);
    crm.faults.inject({ method: 'PATCH', path: '/objects/contacts', effect });
    expect(await failure(impatient.writer.update('contacts', id, { firstname: 'Ada' }, signal))).toMatchObject({
      kind: 'unknown-outcome',
      retriable: false,
    });
    await eventually('the update', async () => actionsOn(id).length > 0);
    crm.faults.inject({ path: '/contacts/merge', effect });
    const merge = impatient.writer.merge('contacts', { masterId: id, loserIds: [loser], fields: {} }, signal);
    expect(await failure(merge)).toMatchObject({ kind: 'unknown-outcome', retriable: false });
    const survivor = await eventually('the merge', async () => {
      const [found] = await writer.read('contacts', [id], signal);
      return found !== undefined && found.recordId !== id && found.recordId;
    });
    expect(crm.faults.list().map(({ hits }) => hits)).toEqual([1, 1]);
    expect([actionsOn(id), actionsOn(survivor)]).toEqual([['update'], ['merge']]);
    impatient.client.close();
  });

  const harmless: readonly [string, Fault['effect']][] = [
    ['too many requests', { kind: 'reply', status: 429, body: JSON.stringify({ message: 'slow down' }) }],
    ['a lock', { kind: 'reply', status: 423, headers: { 'Retry-After': '0' }, body: JSON.stringify({ message: 'x' }) }],
    ['a CRM that lets nobody in', { kind: 'named', name: 'unavailable' }],
  ];

  test.each(harmless)('what surely was not carried out is tried again: %s', async (_what, effect) => {
    const id = contact();
    crm.faults.inject({ method: 'PATCH', path: '/objects/contacts', effect });
    await writer.update('contacts', id, { firstname: 'Ada' }, signal);
    expect(crm.faults.list()[0]?.hits).toBe(1);
    expect(actionsOn(id)).toEqual(['update']);
  });

  test('a record that stays locked is told as such', async () => {
    const hasty = hubspotTestClient(crms, { attempts: 1 });
    crm.faults.inject({ method: 'PATCH', path: '/objects/contacts', effect: { kind: 'named', name: 'locked' } });
    const update = hasty.writer.update('contacts', contact(), { firstname: 'Ada' }, signal);
    expect(await failure(update)).toMatchObject({ kind: 'locked', retriable: true, retryAfterMs: 2_000 });
    hasty.client.close();
  });
});

test('a portal is a sandbox only when it says so', async () => {
  expect(await writer.environment(signal)).toBe('production');
  crm.faults.inject({
    path: '/account-info/v3/details',
    effect: {
      kind: 'reply',
      status: 200,
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ portalId: 1, accountType: 'DEVELOPER_TEST' }),
    },
  });
  expect(await writer.environment(signal)).toBe('sandbox');
});

test('nothing is asked before the writer is used', () => {
  const requests = crm.requestCount();
  const idle = hubspotTestClient(crms);
  expect(idle.writer.undo).toEqual({ merge: 'new-id', undelete: false, recycleBinDays: null, indexLagMs: 500 });
  idle.client.close();
  expect(crm.requestCount()).toBe(requests);
});
