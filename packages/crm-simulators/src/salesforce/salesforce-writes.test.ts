import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { Connection } from 'jsforce';
import { createClock } from '../clock.ts';
import { formatRecordId } from './record-id.ts';
import { type SalesforceSimulator, startSalesforceSimulator } from './salesforce-simulator.ts';

// The client reads these once, when it is loaded, and then sends everything through the proxy.
for (const name of ['http_proxy', 'https_proxy', 'HTTP_PROXY', 'HTTPS_PROXY', 'all_proxy', 'ALL_PROXY'])
  delete process.env[name];
const { default: jsforce } = await import('jsforce');

let nowMs = Date.UTC(2026, 2, 1);
let simulator: SalesforceSimulator;
let connection: Connection;

beforeAll(async () => {
  simulator = await startSalesforceSimulator({ clock: createClock(() => nowMs) });
  await connect();
});

afterEach(() => {
  simulator.faults.clear();
  simulator.rowFaults.clear();
  simulator.duplicateRules.activate([]);
  simulator.store.permissions.showAll();
});

afterAll(() => simulator.stop());

const createConnection = (options: object): Connection =>
  new jsforce.Connection({ loginUrl: simulator.url, instanceUrl: simulator.url, version: '62.0', ...options });

async function connect(options: object = {}): Promise<Connection> {
  const { clientId, clientSecret } = simulator.credentials;
  connection = createConnection({
    oauth2: { clientId, clientSecret, loginUrl: simulator.url },
    ...options,
  });
  await connection.authorize({ grant_type: 'client_credentials' });
  return connection;
}

const create = (object: string, fields: Record<string, unknown>) => simulator.records.create(object, fields);
const read = (object: string, id: string) => simulator.records.read(object, id);
const lastWrite = () => simulator.writeLog.entries().at(-1);

interface MergeResult {
  readonly updatedRelatedIds: readonly string[];
  readonly errors: readonly { readonly statusCode: string }[];
}

/** One merge. The client's types want a list; for a single request it answers with a single result. */
const mergeOne = async (masterRecord: object, recordToMergeIds: readonly string[]): Promise<MergeResult> =>
  (await connection.soap.merge({ masterRecord, recordToMergeIds } as never)) as unknown as MergeResult;

/** A SOAP call with the header elements and the body given as text. */
async function soap(
  body: string,
  header = '',
  path = '/services/Soap/u/62.0',
): Promise<{ status: number; text: string }> {
  const envelope = `<?xml version="1.0"?><e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" xmlns:m="urn:partner.soap.sforce.com" xmlns:o="urn:sobject.partner.soap.sforce.com"><e:Header><m:SessionHeader><m:sessionId>${connection.accessToken}</m:sessionId></m:SessionHeader>${header}</e:Header><e:Body>${body}</e:Body></e:Envelope>`;
  const headers = { 'content-type': 'text/xml', soapaction: '""' };
  const response = await fetch(simulator.url + path, { method: 'POST', headers, body: envelope });
  return { status: response.status, text: await response.text() };
}

describe('merge', () => {
  test('the winner keeps its id and takes the given fields; children of every kind move; the losers say where they went', async () => {
    const [winner, first, second] = ['Winner', 'First', 'Second'].map((Name) => create('Account', { Name })) as [
      string,
      string,
      string,
    ];
    const contact = create('Contact', { LastName: 'Child', AccountId: first });
    const deal = create('Opportunity', {
      Name: 'Deal',
      StageName: 'Prospecting',
      CloseDate: '2026-05-01',
      AccountId: second,
    });
    const ticket = create('Case', { Subject: 'Help', AccountId: first });
    const task = create('Task', { Subject: 'Call', WhatId: second });
    const branch = create('Account', { Name: 'Branch', ParentId: first });
    const stranger = create('Contact', { LastName: 'Stranger', AccountId: winner });
    nowMs += 60_000;
    const result = await mergeOne({ type: 'Account', Id: winner, Phone: '+1 212 555 0100', Website: null }, [
      first,
      second,
    ]);
    expect(result).toMatchObject({ success: true, id: winner, mergedRecordIds: [first, second], errors: [] });
    expect([...result.updatedRelatedIds].sort()).toEqual([contact, deal, ticket, task, branch].sort());
    expect(read('Account', winner)).toMatchObject({
      Phone: '+1 212 555 0100',
      Name: 'Winner',
      LastModifiedDate: nowMs,
    });
    expect([read('Contact', contact)?.AccountId, read('Opportunity', deal)?.AccountId]).toEqual([winner, winner]);
    expect([read('Case', ticket)?.AccountId, read('Task', task)?.WhatId]).toEqual([winner, winner]);
    expect(read('Account', branch)).toMatchObject({ ParentId: winner, SystemModstamp: nowMs });
    expect(read('Contact', contact)).toMatchObject({ LastModifiedById: simulator.userId, SystemModstamp: nowMs });
    expect(read('Contact', stranger)?.SystemModstamp).not.toBe(nowMs);
    const gone = await connection.query(
      `SELECT Id, IsDeleted, MasterRecordId FROM Account WHERE MasterRecordId = '${winner}' AND IsDeleted = true`,
      { scanAll: true },
    );
    expect(new Set(gone.records.map((record) => record.Id))).toEqual(new Set([first, second]));
    await expect(connection.sobject('Account').update({ Id: first, Name: 'x' })).rejects.toMatchObject({
      errorCode: 'ENTITY_IS_DELETED',
    });
    expect(lastWrite()).toMatchObject({
      action: 'merge',
      recordId: winner,
      fields: [first, second],
      before: { Phone: null },
      after: { Phone: '+1 212 555 0100' },
      userId: simulator.userId,
      by: 'api',
    });
    expect(lastWrite()?.related).toContainEqual({
      object: 'Contact',
      recordId: contact,
      before: { AccountId: first },
      after: { AccountId: winner },
    });
  });

  test('people merge too; a role both of them have stays single', async () => {
    const [winner, loser] = [create('Contact', { LastName: 'A' }), create('Contact', { LastName: 'B' })];
    const deal = create('Opportunity', { Name: 'Deal', StageName: 'Prospecting', CloseDate: '2026-05-01' });
    const roles = [winner, loser].map((ContactId) =>
      create('OpportunityContactRole', { OpportunityId: deal, ContactId }),
    );
    const task = create('Task', { Subject: 'Call', WhoId: loser });
    const report = create('Contact', { LastName: 'Report', ReportsToId: loser });
    const [result] = await connection.soap.merge([
      { masterRecord: { type: 'Contact', Id: winner }, recordToMergeIds: [loser] },
    ] as never);
    expect([...(result?.updatedRelatedIds ?? [])].sort()).toEqual([task, report].sort());
    expect(read('OpportunityContactRole', roles[1] ?? '')).toMatchObject({ IsDeleted: true });
    expect(read('Contact', report)?.ReportsToId).toBe(winner);
  });

  test("the vendor's own way of writing the request is understood, with types on the elements and any prefix", async () => {
    const [winner, loser] = [
      create('Lead', { LastName: 'A', Company: 'One' }),
      create('Lead', { LastName: 'B', Company: 'One & Co' }),
    ];
    const { status, text } = await soap(
      `<m:merge><m:request><m:masterRecord><o:type xsi:type="xsd:string">Lead</o:type><o:Id xsi:type="xsd:string">${winner}</o:Id><o:Company>One &amp; Co</o:Company><o:fieldsToNull>Phone</o:fieldsToNull></m:masterRecord><m:recordToMergeIds>${loser}</m:recordToMergeIds></m:request></m:merge>`,
      '<m:CallOptions><m:client>kempt/1</m:client></m:CallOptions>',
    );
    expect(status).toBe(200);
    expect(text).toContain(`<mergedRecordIds>${loser}</mergedRecordIds><success>true</success>`);
    expect(read('Lead', winner)?.Company).toBe('One & Co');
    expect(lastWrite()?.application).toBe('kempt/1');
  });

  test('what cannot be merged is refused by name and leaves everything as it was', async () => {
    const parent = create('Account', { Name: 'Parent' });
    const middle = create('Account', { Name: 'Middle', ParentId: parent });
    const leaf = create('Account', { Name: 'Leaf', ParentId: middle });
    const deleted = create('Account', { Name: 'Gone' });
    simulator.records.delete('Account', deleted);
    const merge = async (winner: string, losers: string[], fields: object = {}) => {
      const result = await mergeOne({ type: 'Account', Id: winner, ...fields }, losers);
      return result.errors[0]?.statusCode;
    };
    const before = [parent, middle, leaf].map((id) => read('Account', id));
    expect(await merge(parent, [deleted])).toBe('ENTITY_IS_DELETED');
    expect(await merge(parent, ['001Kp000000zzzzAAA'])).toBe('INVALID_CROSS_REFERENCE_KEY');
    expect(await merge(parent, [parent])).toBe('MERGE_FAILED');
    expect(await merge(parent, [middle], { Name: 'x'.repeat(300) })).toBe('STRING_TOO_LONG');
    expect(await merge(leaf, [parent])).toBe('CIRCULAR_DEPENDENCY');
    expect([parent, middle, leaf].map((id) => read('Account', id))).toEqual(before);
    const opportunity = create('Opportunity', { Name: 'x', StageName: 'Prospecting', CloseDate: '2026-05-01' });
    const { text } = await soap(
      `<m:merge><m:request><m:masterRecord><o:type>Opportunity</o:type><o:Id>${opportunity}</o:Id></m:masterRecord><m:recordToMergeIds>${opportunity}</m:recordToMergeIds></m:request></m:merge>`,
    );
    expect(text).toContain('<statusCode>INVALID_TYPE_FOR_OPERATION</statusCode>');
  });

  test('a locked row fails the merge and nothing moves; the next try succeeds', async () => {
    const [winner, loser] = [create('Contact', { LastName: 'A' }), create('Contact', { LastName: 'B' })];
    simulator.rowFaults.inject({ code: 'UNABLE_TO_LOCK_ROW', action: 'merge', recordId: loser });
    const merge = () => mergeOne({ type: 'Contact', Id: winner }, [loser]);
    expect(await merge()).toMatchObject({ success: false, errors: [{ statusCode: 'UNABLE_TO_LOCK_ROW' }] });
    expect(read('Contact', loser)?.IsDeleted).toBe(false);
    expect(await merge()).toMatchObject({ success: true });
  });
});

describe('recycle bin', () => {
  test('a merged record comes back alone; children and overwritten values stay with the winner', async () => {
    const [winner, loser] = [create('Account', { Name: 'W' }), create('Account', { Name: 'L' })];
    const child = create('Contact', { LastName: 'C', AccountId: loser });
    await mergeOne({ type: 'Account', Id: winner }, [loser]);
    expect(await connection.soap.undelete([loser])).toMatchObject([{ id: loser, success: true }]);
    expect(read('Account', loser)).toMatchObject({ IsDeleted: false, MasterRecordId: null, Name: 'L' });
    expect(read('Contact', child)?.AccountId).toBe(winner);
    expect(lastWrite()).toMatchObject({ action: 'undelete', before: { MasterRecordId: winner } });
  });

  test('a deleted record comes back with the children that went with it', async () => {
    const account = create('Account', { Name: 'A' });
    const fields = { StageName: 'Prospecting', CloseDate: '2026-05-01', AccountId: account };
    const [earlier, along] = [
      create('Opportunity', { Name: 'Deleted before', ...fields }),
      create('Opportunity', { Name: 'Deleted along', ...fields }),
    ];
    simulator.records.delete('Opportunity', earlier);
    nowMs += 10_000;
    await connection.sobject('Account').destroy(account);
    expect(read('Opportunity', along)?.IsDeleted).toBe(true);
    await connection.soap.undelete([account]);
    expect([read('Opportunity', along)?.IsDeleted, read('Opportunity', earlier)?.IsDeleted]).toEqual([false, true]);
  });

  test('what was never deleted, was emptied or is older than 15 days does not come back', async () => {
    const [live, emptied, old] = ['Live', 'Emptied', 'Old'].map((LastName) => create('Contact', { LastName })) as [
      string,
      string,
      string,
    ];
    simulator.records.delete('Contact', old);
    nowMs += 16 * 86_400_000;
    await connect();
    simulator.records.delete('Contact', emptied);
    expect(await connection.soap.emptyRecycleBin([emptied])).toMatchObject([{ id: emptied, success: true }]);
    const results = await connection.soap.undelete([live, emptied, old]);
    expect(results.map((result) => [result.success, result.errors[0]?.statusCode])).toEqual([
      [false, 'UNDELETE_FAILED'],
      [false, 'INVALID_CROSS_REFERENCE_KEY'],
      [false, 'UNDELETE_FAILED'],
    ]);
  });

  test('the other operations of the client work as well', async () => {
    const saved = await connection.soap.create([{ type: 'Contact', LastName: 'By SOAP' }] as never);
    const id = String(saved[0]?.id);
    await connection.soap.update([{ type: 'Contact', Id: id, Title: 'Tester', Department: null }] as never);
    expect(read('Contact', id)).toMatchObject({ LastName: 'By SOAP', Title: 'Tester' });
    const upsert = () =>
      connection.soap.upsert('External_Key__c', [
        { type: 'Contact', LastName: 'K', External_Key__c: 'soap-1' },
      ] as never);
    expect([await upsert(), await upsert()]).toMatchObject([[{ created: true }], [{ created: false }]]);
    expect(await connection.soap.delete([id])).toMatchObject([{ id, success: true }]);
  });

  test('a wrong session and an unknown operation are faults; the client refreshes the session and goes on', async () => {
    const refreshing = createConnection({
      accessToken: '00DKp000000000!expired',
      refreshFn: async (_: Connection, done: (error: Error | null, token?: string) => void) =>
        done(null, (await connect()).accessToken ?? ''),
    });
    const id = create('Contact', { LastName: 'x' });
    expect(await refreshing.soap.delete([id])).toMatchObject([{ success: true }]);
    const unknown = await soap('<m:flyToTheMoon/>');
    expect([unknown.status, unknown.text.includes('<faultcode>sf:UNKNOWN_EXCEPTION</faultcode>')]).toEqual([500, true]);
    simulator.faults.inject({ path: '/Soap/', effect: { kind: 'named', name: 'lock-row' } });
    await expect(connection.soap.delete([id])).rejects.toMatchObject({ errorCode: 'sf:UNABLE_TO_LOCK_ROW' });
    const broken = await soap('<m:merge><m:request></m:merge>');
    expect([broken.status, broken.text.includes('closes m:merge where m:request is open')]).toEqual([500, true]);
  });
});

describe('several records in one call', () => {
  test('each row has an outcome of its own, in order', async () => {
    const results = await connection
      .sobject('Contact')
      .create([{ LastName: 'One' }, { FirstName: 'Nameless' }, { LastName: 'Three', Email: 'nope' }]);
    expect(results).toMatchObject([
      { success: true },
      { success: false, errors: [{ statusCode: 'REQUIRED_FIELD_MISSING', fields: ['LastName'] }] },
      { success: false, errors: [{ statusCode: 'INVALID_EMAIL_ADDRESS' }] },
    ]);
    const id = String(results[0]?.id);
    const updated = await connection.sobject('Contact').update([
      { Id: id, Title: 'T' },
      { Id: formatRecordId('003', 999_999), Title: 'T' },
    ]);
    expect(updated).toMatchObject([
      { id, success: true },
      { success: false, errors: [{ statusCode: 'INVALID_CROSS_REFERENCE_KEY' }] },
    ]);
    const deleted = await connection.sobject('Contact').destroy([id, id]);
    expect(deleted).toMatchObject([
      { success: true },
      { success: false, errors: [{ statusCode: 'ENTITY_IS_DELETED' }] },
    ]);
  });

  test('all or none: one bad row takes the others back, with their writes and stamps', async () => {
    const [first, second] = [create('Contact', { LastName: 'A' }), create('Contact', { LastName: 'B' })];
    const before = [read('Contact', first), read('Contact', second)];
    nowMs += 5000;
    const writes = simulator.writeLog.count();
    const results = await connection.sobject('Contact').update(
      [
        { Id: first, Title: 'T' },
        { Id: second, Title: 'x'.repeat(200) },
      ],
      { allOrNone: true },
    );
    expect(results).toMatchObject([
      { success: false, errors: [{ statusCode: 'ALL_OR_NONE_OPERATION_ROLLED_BACK' }] },
      { success: false, errors: [{ statusCode: 'STRING_TOO_LONG' }] },
    ]);
    expect([read('Contact', first), read('Contact', second)]).toEqual(before);
    expect(simulator.writeLog.count()).toBe(writes);
    const { totalSize } = await connection.query("SELECT COUNT() FROM Contact WHERE LastName = 'Twice'");
    await connection.sobject('Contact').create([{ LastName: 'Twice' }, { FirstName: 'x' }], { allOrNone: true });
    expect((await connection.query("SELECT COUNT() FROM Contact WHERE LastName = 'Twice'")).totalSize).toBe(totalSize);
  });

  test('an upsert of several makes and finds', async () => {
    const upsert = () =>
      connection.sobject('Contact').upsert(
        [
          { External_Key__c: 'c-1', LastName: 'K1' },
          { External_Key__c: 'c-2', LastName: 'K2' },
        ],
        'External_Key__c',
      );
    expect([await upsert(), await upsert()]).toMatchObject([
      [{ created: true }, { created: true }],
      [{ created: false }, { created: false }],
    ]);
  });

  test('rows of a type they do not name, and more than 200, are refused', async () => {
    const post = async (records: unknown[]) => {
      const response = await fetch(`${simulator.url}/services/data/v62.0/composite/sobjects`, {
        method: 'POST',
        headers: { authorization: `Bearer ${connection.accessToken}`, 'content-type': 'application/json' },
        body: JSON.stringify({ records }),
      });
      return [response.status, await response.json()];
    };
    expect(await post([{ LastName: 'x' }])).toMatchObject([200, [{ errors: [{ statusCode: 'JSON_PARSER_ERROR' }] }]]);
    const many = Array.from({ length: 201 }, () => ({ attributes: { type: 'Contact' }, LastName: 'x' }));
    expect(await post(many)).toMatchObject([400, [{ errorCode: 'EXCEEDED_ID_LIMIT' }]]);
  });
});

describe('refusals', () => {
  test('a duplicate rule refuses a look-alike and names it, unless the caller saves it all the same', async () => {
    simulator.duplicateRules.activate(['Contact']);
    const first = await connection.sobject('Contact').create({ LastName: 'D', Email: 'dup@example.com' });
    const again = (options: object = {}) =>
      connection.sobject('Contact').create({ LastName: 'E', Email: 'DUP@example.com' }, options);
    await expect(again()).rejects.toMatchObject({
      errorCode: 'DUPLICATES_DETECTED',
      data: { duplicateResult: { matchResults: [{ matchRecords: [{ record: { Id: first.id } }] }] } },
    });
    expect(await again({ headers: { 'Sforce-Duplicate-Rule-Header': 'allowSave=true' } })).toMatchObject({
      success: true,
    });
    const header = '<m:DuplicateRuleHeader><m:allowSave>true</m:allowSave></m:DuplicateRuleHeader>';
    const body =
      '<m:create><m:sObjects><o:type>Contact</o:type><o:LastName>F</o:LastName><o:Email>dup@example.com</o:Email></m:sObjects></m:create>';
    expect((await soap(body)).text).toContain('<statusCode>DUPLICATES_DETECTED</statusCode>');
    expect((await soap(body, header)).text).toContain('<success>true</success>');
  });

  test('records the user may not write are refused, and can be read', async () => {
    const id = create('Account', { Name: 'Locked' });
    simulator.store.permissions.makeRecordReadOnly(id);
    await expect(connection.sobject('Account').update({ Id: id, Name: 'x' })).rejects.toMatchObject({
      errorCode: 'INSUFFICIENT_ACCESS_OR_READONLY',
    });
    expect(await connection.sobject('Account').retrieve(id)).toMatchObject({ Name: 'Locked' });
    simulator.store.permissions.makeReadOnly('Contact');
    await expect(connection.sobject('Contact').create({ LastName: 'x' })).rejects.toMatchObject({
      errorCode: 'INSUFFICIENT_ACCESS_OR_READONLY',
    });
  });

  test('a record that says it was made by itself can be changed: only hierarchies that people set are checked', async () => {
    const Id = simulator.userId;
    expect(read('User', Id)?.CreatedById).toBe(Id);
    expect(await connection.sobject('User').update({ Id, Title: 'Robot' })).toMatchObject({ success: true });
  });

  test('references to the wrong object, to deleted records and in a circle are refused', async () => {
    const [account, contact] = [create('Account', { Name: 'A' }), create('Contact', { LastName: 'C' })];
    const child = create('Account', { Name: 'B', ParentId: account });
    const update = (object: string, fields: { Id: string }) =>
      connection
        .sobject(object)
        .update(fields)
        .catch((error: { errorCode: string }) => error.errorCode);
    expect(await update('Contact', { Id: contact, AccountId: contact } as never)).toBe('FIELD_INTEGRITY_EXCEPTION');
    expect(await update('Account', { Id: account, ParentId: child } as never)).toBe('CIRCULAR_DEPENDENCY');
    expect(read('Account', account)?.ParentId).toBeNull();
    simulator.records.delete('Account', child);
    expect(await update('Contact', { Id: contact, AccountId: child } as never)).toBe('ENTITY_IS_DELETED');
  });
});

describe('write log', () => {
  test('says who wrote what, with the values before and after, and how often', async () => {
    await connect({ callOptions: { client: 'kempt-test' } });
    const id = create('Contact', { LastName: 'Before', Title: 'Old' });
    const from = simulator.writeLog.entries().at(-1)?.sequence ?? 0;
    await connection.sobject('Contact').update({ Id: id, Title: 'New' });
    await connection.sobject('Contact').update({ Id: id, Title: 'Newer' });
    expect(simulator.writeLog.entries({ after: from })).toMatchObject([
      {
        sequence: from + 1,
        action: 'update',
        application: 'kempt-test',
        userId: simulator.userId,
        before: { Title: 'Old' },
        after: { Title: 'New' },
      },
      { before: { Title: 'New' }, after: { Title: 'Newer' } },
    ]);
    expect(simulator.writeLog.counts({ recordId: id, by: 'api' })).toEqual([
      { object: 'Contact', recordId: id, action: 'update', by: 'api', count: 2, sequences: [from + 1, from + 2] },
    ]);
    expect(simulator.writeLog.counts({ recordId: id, by: 'user' })).toMatchObject([{ action: 'create', count: 1 }]);
  });
});
