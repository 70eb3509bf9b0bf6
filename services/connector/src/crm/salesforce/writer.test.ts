import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Fault } from '@kempt/crm-simulators';
import { eventually } from '../../connector-test-bed.ts';
import { type SimulatedCrms, startCrms } from '../../crm-test-bed.ts';
import { CrmError, type CrmErrorKind } from '../crm-error.ts';
import type { CrmWriter } from '../crm-writer.ts';
import { salesforceTestClient, type TestClient } from '../writer-test-bed.ts';

let crms: SimulatedCrms;
let crm: SimulatedCrms['salesforce'];
let own: TestClient;
let writer: CrmWriter;
const signal = new AbortController().signal;

beforeAll(async () => {
  crms = await startCrms();
  crm = crms.salesforce;
  own = salesforceTestClient(crms);
  writer = own.writer;
});

afterAll(async () => {
  own.client.close();
  await crms.stop();
});

beforeEach(() => {
  crm.faults.clear();
  crm.rowFaults.clear();
  crm.duplicateRules.activate([]);
});

const contact = (fields: Record<string, unknown> = {}): string =>
  crm.records.create('Contact', { LastName: 'Lee', ...fields });
const held = (object: string, id: string) => crm.records.read(object, id);
const writesTo = (id: string) => crm.writeLog.entries().filter(({ recordId }) => recordId === id);
const actionsOn = (id: string) =>
  writesTo(id)
    .filter(({ by }) => by === 'api')
    .map(({ action }) => action);
const failure = async (call: Promise<unknown>): Promise<CrmError> => {
  const error = await call.then(
    () => new Error('The call succeeded.'),
    (thrown: unknown) => thrown,
  );
  if (error instanceof CrmError) return error;
  throw error;
};

describe('fields', () => {
  test('are written with every kind of value, and null makes one blank', async () => {
    const id = contact({ Title: 'Buyer', Email: 'lee@firm.example' });
    await writer.update(
      'Contact',
      id,
      { FirstName: 'Ada "&<>', Title: null, HasOptedOutOfEmail: true, Birthdate: '1980-02-29' },
      signal,
    );
    expect(held('Contact', id)).toMatchObject({
      FirstName: 'Ada "&<>',
      Title: null,
      HasOptedOutOfEmail: true,
      Birthdate: '1980-02-29',
      Email: 'lee@firm.example',
    });
    const accountId = crm.records.create('Account', { Name: 'Firm' });
    await writer.update('Account', accountId, { AnnualRevenue: { decimal: '123456789012345' } }, signal);
    expect(held('Account', accountId)?.AnnualRevenue).toBe(123_456_789_012_345);
  });

  test('say by what they were written', async () => {
    const id = contact();
    await writer.update('Contact', id, { FirstName: 'Ada' }, signal);
    expect(writesTo(id).at(-1)).toMatchObject({ action: 'update', by: 'api', application: 'kempt' });
  });

  test('are told with what they take', async () => {
    const fields = await writer.writableFields('Contact', signal);
    expect(fields.get('LastName')).toMatchObject({
      updateable: true,
      createable: true,
      nillable: false,
      maxLength: 80,
    });
    expect(fields.get('SystemModstamp')).toMatchObject({ updateable: false, createable: false });
    expect(fields.has('MailingAddress')).toBe(false);
    expect((await writer.writableFields('Account', signal)).get('AnnualRevenue')).toMatchObject({ kind: 'decimal' });
  });
});

describe('reading afresh', () => {
  test('gives what the reader of the object gives, and leaves out unknown ids', async () => {
    const id = contact({ FirstName: 'Ada', Email: 'ada@firm.example' });
    const reader = await own.client.open('Contact', signal);
    const listed = (await reader.readAll(null, signal)).records.find(({ recordId }) => recordId === id);
    const found = await writer.read('Contact', [id, '003000000000000AAA', 'nonsense'], signal);
    expect(found).toEqual([{ ...listed, requestedId: id }]);
  });

  test('puts records together whose fields do not fit one query', async () => {
    const narrow = salesforceTestClient(crms, { fieldListCharacters: 4_000 });
    const ids = Array.from({ length: 150 }, (_, index) => contact({ FirstName: `Ada ${index}` }));
    const whole = await writer.read('Contact', ids, signal);
    expect(whole).toHaveLength(150);
    expect(await narrow.writer.read('Contact', ids, signal)).toEqual(whole);
    narrow.client.close();
  });

  test('finds what was created since a moment, oldest first', async () => {
    const sinceMs = crm.clock.now();
    const ids = [contact(), contact()];
    const found = (await writer.createdSince('Contact', sinceMs, signal)).map(({ recordId }) => recordId);
    expect(found.slice(-2)).toEqual(ids);
  });
});

describe('merging', () => {
  test('moves the children, writes the fields, and leaves the losers in the recycle bin, from where they come back', async () => {
    const [master, loser, other] = [contact({ Title: 'Buyer' }), contact({ Email: 'a@firm.example' }), contact()];
    const caseId = crm.records.create('Case', { ContactId: loser });
    const taskId = crm.records.create('Task', { WhoId: other });
    const links = await writer.links('Contact', loser, signal);
    expect(links).toEqual([{ kind: 'reference', object: 'Case', recordId: caseId, field: 'ContactId' }]);

    const result = await writer.merge(
      'Contact',
      {
        masterId: master,
        loserIds: [loser, other],
        fields: { Email: 'a@firm.example', FirstName: 'A & B', Title: null },
      },
      signal,
    );
    expect(result).toEqual({ survivorId: master, movedLinks: 2 });
    expect(held('Contact', master)).toMatchObject({ Email: 'a@firm.example', FirstName: 'A & B', Title: null });
    expect(held('Case', caseId)?.ContactId).toBe(master);
    expect(held('Task', taskId)?.WhoId).toBe(master);
    expect(await writer.read('Contact', [loser], signal)).toMatchObject([
      { recordId: loser, requestedId: loser, deleted: true, mergedInto: master },
    ]);

    await writer.undelete('Contact', loser, signal);
    expect(await writer.read('Contact', [loser], signal)).toMatchObject([{ deleted: false, mergedInto: null }]);
    for (const link of links) await writer.setLink(link, { object: 'Contact', recordId: loser }, signal);
    expect(held('Case', caseId)?.ContactId).toBe(loser);
    expect(await writer.links('Contact', loser, signal)).toEqual(links);
    for (const link of links) await writer.removeLink(link, signal);
    expect(held('Case', caseId)?.ContactId).toBe(null);
  });

  test('finds every child of an account, parents and children of the hierarchy included', async () => {
    const account = crm.records.create('Account', { Name: 'Firm' });
    const subsidiary = crm.records.create('Account', { Name: 'Daughter', ParentId: account });
    const person = contact({ AccountId: account });
    const deal = crm.records.create('Opportunity', {
      Name: 'Deal',
      AccountId: account,
      StageName: 'Prospecting',
      CloseDate: '2026-01-01',
    });
    const task = crm.records.create('Task', { WhatId: account });
    const links = await writer.links('Account', account, signal);
    expect(links).toHaveLength(4);
    expect(links).toEqual(
      expect.arrayContaining([
        { kind: 'reference', object: 'Account', recordId: subsidiary, field: 'ParentId' },
        { kind: 'reference', object: 'Contact', recordId: person, field: 'AccountId' },
        { kind: 'reference', object: 'Opportunity', recordId: deal, field: 'AccountId' },
        { kind: 'reference', object: 'Task', recordId: task, field: 'WhatId' },
      ]),
    );
  });

  test('takes at most two losers, and no association', async () => {
    const ids = [contact(), contact(), contact(), contact()];
    const [masterId = '', ...loserIds] = ids;
    expect(await failure(writer.merge('Contact', { masterId, loserIds, fields: {} }, signal))).toMatchObject({
      kind: 'validation',
    });
    const link = { kind: 'association', fromObject: 'contacts', fromId: '1', toObject: 'deals', toId: '2' } as const;
    const association = { ...link, category: 'HUBSPOT_DEFINED', typeId: 4, label: null };
    expect(await failure(writer.removeLink(association, signal))).toMatchObject({ kind: 'not-supported' });
    expect(ids.every((id) => held('Contact', id)?.IsDeleted === false)).toBe(true);
  });
});

describe('refusals say what is wrong and change nothing', () => {
  test.each<[string, () => Promise<unknown>, CrmErrorKind, string[]]>([
    [
      'a text that is too long',
      () => writer.update('Contact', contact(), { LastName: 'x'.repeat(81) }, signal),
      'validation',
      ['LastName'],
    ],
    ['an unknown field', () => writer.update('Contact', contact(), { Nonsense__c: 'x' }, signal), 'validation', []],
    [
      'a field that is read-only',
      () => writer.update('Contact', contact(), { SystemModstamp: 'x' }, signal),
      'validation',
      ['SystemModstamp'],
    ],
    [
      'a parent that does not exist',
      () => writer.update('Contact', contact(), { AccountId: '001000000000000AAA' }, signal),
      'validation',
      ['AccountId'],
    ],
    [
      'a record that does not exist',
      () => writer.update('Contact', '003000000000000AAA', { LastName: 'x' }, signal),
      'not-found',
      [],
    ],
    ['an id that is none', () => writer.update('Contact', '../limits', { LastName: 'x' }, signal), 'not-found', []],
    [
      'an object that does not exist',
      () => writer.update('Contakt', contact(), { LastName: 'x' }, signal),
      'not-found',
      [],
    ],
    ['a record that is not deleted', () => writer.undelete('Contact', contact(), signal), 'conflict', []],
    ['a merge into itself', () => mergeSame(contact()), 'conflict', []],
    ['a merge of deals', () => mergeDeals(), 'not-supported', []],
  ])('%s', async (_what, call, kind, fields) => {
    const before = crm.writeLog.entries().filter(({ by }) => by === 'api').length;
    const error = await failure(call());
    expect(error).toMatchObject({ kind, fields, retriable: false, mayBeDone: false });
    expect(crm.writeLog.entries().filter(({ by }) => by === 'api')).toHaveLength(before);
  });

  const mergeSame = (id: string) => writer.merge('Contact', { masterId: id, loserIds: [id], fields: {} }, signal);
  const deal = () =>
    crm.records.create('Opportunity', { Name: 'Deal', StageName: 'Prospecting', CloseDate: '2026-01-01' });
  const mergeDeals = () => writer.merge('Opportunity', { masterId: deal(), loserIds: [deal()], fields: {} }, signal);

  test('messages hold no values', async () => {
    const error = await failure(writer.update('Contact', contact(), { LastName: 'Secret'.repeat(20) }, signal));
    expect(error.message).not.toContain('Secret');
    expect(error.message).toMatch(/LastName.*80 characters/);
  });

  test('a duplicate rule names the record that stands in the way; putting values back gets past it', async () => {
    const [first, second] = [contact({ Email: 'one@firm.example' }), contact()];
    crm.duplicateRules.activate(['Contact']);
    const fields = { Email: 'one@firm.example' };
    expect(await failure(writer.update('Contact', second, fields, signal))).toMatchObject({
      kind: 'conflict',
      code: 'DUPLICATES_DETECTED',
      existingId: first,
    });
    await writer.update('Contact', second, fields, signal, { putsBack: true });
    expect(held('Contact', second)?.Email).toBe('one@firm.example');
    const made = await writer.create('Contact', { LastName: 'Lee', ...fields }, [], signal);
    expect(held('Contact', made)).toMatchObject({ LastName: 'Lee', ...fields });
  });

  test('a deleted record is gone, and a session that is over is renewed', async () => {
    const id = contact();
    crm.auth.expireSessions();
    await writer.update('Contact', id, { FirstName: 'Ada' }, signal);
    crm.auth.expireSessions();
    const loser = contact();
    await writer.merge('Contact', { masterId: id, loserIds: [loser], fields: {} }, signal);
    expect(await failure(writer.update('Contact', loser, { FirstName: 'Ada' }, signal))).toMatchObject({
      kind: 'not-found',
      code: 'ENTITY_IS_DELETED',
    });
  });

  test('tokens that the SOAP API does not take are told before anything is sent', async () => {
    const id = contact();
    const token = ['ey', 'x', 'y'].join('.');
    crm.faults.inject({
      path: '/oauth2/token',
      effect: {
        kind: 'reply',
        status: 200,
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({
          access_token: token,
          instance_url: crm.url,
          id: `${crm.url}/id/${crm.orgId}/${crm.userId}`,
        }),
      },
    });
    const fresh = salesforceTestClient(crms);
    const call = fresh.writer.merge('Contact', { masterId: id, loserIds: [contact()], fields: {} }, signal);
    expect(await failure(call)).toMatchObject({ kind: 'not-supported', code: 'soap-refuses-token' });
    fresh.client.close();
  });
});

describe('answers that do not come', () => {
  const effects: readonly [string, Fault['effect']][] = [
    ['the connection breaks', { kind: 'disconnect', handle: true }],
    ['a proxy answers', { kind: 'named', name: 'maintenance-html', handle: true }],
    ['a page comes with status 200', { kind: 'named', name: 'html-ok', handle: true }],
    ['the CRM stumbles', { kind: 'named', name: 'unknown', handle: true }],
    ['the answer comes too late', { kind: 'delay', delayMs: 600 }],
  ];

  test.each(effects)('when %s the outcome is unknown, and the write is not made twice', async (_what, effect) => {
    const impatient = salesforceTestClient(crms, { timeoutMs: 300 });
    const [id, loser] = [contact(), contact()];
    await impatient.writer.read('Contact', [id], signal);
    crm.faults.inject({ method: 'PATCH', path: '/sobjects/Contact', effect });
    const update = await failure(impatient.writer.update('Contact', id, { FirstName: 'Ada' }, signal));
    expect(update).toMatchObject({ kind: 'unknown-outcome', retriable: false });
    crm.faults.inject({ path: '/services/Soap', effect });
    const merge = await failure(
      impatient.writer.merge('Contact', { masterId: id, loserIds: [loser], fields: {} }, signal),
    );
    expect(merge).toMatchObject({ kind: 'unknown-outcome', retriable: false });
    expect(crm.faults.list().map(({ hits }) => hits)).toEqual([1, 1]);
    await eventually('both writes', async () => actionsOn(id).length >= 2);
    expect(actionsOn(id)).toEqual(['update', 'merge']);
    impatient.client.close();
  });

  test('a caller that gives up in the middle is told that the outcome is unknown', async () => {
    const id = contact();
    await writer.read('Contact', [id], signal);
    crm.faults.inject({ method: 'PATCH', path: '/sobjects/Contact', effect: { kind: 'stall' } });
    const stopping = new AbortController();
    const call = failure(writer.update('Contact', id, { FirstName: 'Ada' }, stopping.signal));
    await eventually('the write to be under way', async () => crm.faults.list()[0]?.hits === 1);
    stopping.abort(new Error('enough'));
    expect(await call).toMatchObject({ kind: 'unknown-outcome' });
  });

  test('what surely was not carried out is tried again', async () => {
    const [id, loser] = [contact(), contact()];
    crm.faults.inject({ method: 'PATCH', path: '/sobjects/Contact', effect: { kind: 'named', name: 'unavailable' } });
    crm.faults.inject({
      method: 'PATCH',
      path: '/sobjects/Contact',
      effect: { kind: 'named', name: 'concurrent-limit' },
    });
    await writer.update('Contact', id, { FirstName: 'Ada' }, signal);
    crm.rowFaults.inject({ code: 'UNABLE_TO_LOCK_ROW', action: 'merge' });
    crm.faults.inject({ path: '/services/Soap', effect: { kind: 'named', name: 'lock-row' } });
    await writer.merge('Contact', { masterId: id, loserIds: [loser], fields: {} }, signal);
    expect(actionsOn(id)).toEqual(['update', 'merge']);
  });

  test('a record that stays locked is told as such', async () => {
    const id = contact();
    crm.rowFaults.inject({ code: 'UNABLE_TO_LOCK_ROW', recordId: id, times: -1 });
    expect(await failure(writer.update('Contact', id, { FirstName: 'Ada' }, signal))).toMatchObject({
      kind: 'locked',
      retriable: true,
    });
  });
});

test('an org says whether it is a sandbox', async () => {
  expect(['production', 'sandbox']).toContain(await writer.environment(signal));
});

test('nothing is asked before the writer is used', async () => {
  const requests = crm.requestCount();
  const idle = salesforceTestClient(crms);
  expect(idle.writer.undo).toEqual({ merge: 'full', undelete: true, recycleBinDays: 15, indexLagMs: 500 });
  idle.client.close();
  expect(crm.requestCount()).toBe(requests);
});
