import { Client } from '@hubspot/api-client';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createClock } from '../clock.ts';
import { type HubSpotSimulator, startHubSpotSimulator } from './hubspot-simulator.ts';

let nowMs = Date.UTC(2026, 2, 1);
let simulator: HubSpotSimulator;
let client: Client;

beforeAll(async () => {
  simulator = await startHubSpotSimulator({
    limits: { tenSecondly: 100_000, searchPerSecond: 100_000 },
    clock: createClock(() => nowMs),
    load: {
      name: 'merged often',
      objects: [
        {
          object: 'contacts',
          properties: ['lastname', 'hs_merged_object_ids'],
          rows: [{ id: '900', values: ['Often', Array.from({ length: 500 }, (_, index) => 1000 + index).join(';')] }],
        },
      ],
    },
  });
  client = new Client({ accessToken: simulator.credentials.privateAppToken, basePath: simulator.url });
});

afterAll(() => simulator.stop());

const create = (object: string, properties: Record<string, string>) => simulator.records.create(object, properties);
const read = (object: string, id: string) => simulator.records.read(object, id);
const lastWrite = () => simulator.writeLog.entries().at(-1);

async function call(method: string, path: string, body?: unknown): Promise<{ status: number; json: unknown }> {
  const response = await fetch(simulator.url + path, {
    method,
    headers: { authorization: `Bearer ${simulator.credentials.privateAppToken}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, json: text === '' ? null : (JSON.parse(text) as unknown) };
}

describe('merge', () => {
  test("the third record takes the primary's values, the furthest stage, the oldest date and both histories", async () => {
    const other = create('contacts', { lastname: 'Other', phone: '2', lifecyclestage: 'customer', city: 'Bonn' });
    nowMs += 60_000;
    const primary = create('contacts', { lastname: 'Primary', phone: '1', lifecyclestage: 'lead' });
    nowMs += 60_000;
    simulator.records.update('contacts', primary, { phone: '11' });
    nowMs += 60_000;
    const merged = await client.crm.contacts.basicApi.merge({ primaryObjectId: primary, objectIdToMerge: other });
    const found = await client.crm.contacts.basicApi.getById(
      primary,
      [
        'lastname',
        'phone',
        'city',
        'lifecyclestage',
        'hs_merged_object_ids',
        'hs_calculated_merged_vids',
        'createdate',
      ],
      ['phone', 'lifecyclestage'],
    );
    expect(found).toMatchObject({
      id: merged.id,
      properties: {
        lastname: 'Primary',
        phone: '11',
        city: 'Bonn',
        lifecyclestage: 'customer',
        hs_merged_object_ids: `${primary};${other}`,
        hs_calculated_merged_vids: `${other}:${nowMs};${primary}:${nowMs}`,
        createdate: new Date(nowMs - 180_000).toISOString(),
        lastmodifieddate: new Date(nowMs).toISOString(),
      },
    });
    expect(found.propertiesWithHistory?.phone?.map((version) => version.value)).toEqual(['11', '1', '2']);
    expect(found.propertiesWithHistory?.lifecyclestage?.[0]).toMatchObject({
      value: 'customer',
      sourceType: 'MERGE_OBJECTS',
    });
    expect(lastWrite()).toMatchObject({
      action: 'merge',
      recordId: merged.id,
      fields: [primary, other],
      application: '4711001',
      by: 'api',
      related: [
        { recordId: primary, before: { phone: '11' }, after: { mergedInto: merged.id } },
        { recordId: other, before: { phone: '2' } },
      ],
    });
  });

  test('cannot be taken back, and a merged record can neither be restored nor be made to part', async () => {
    const [first, second] = [create('companies', { name: 'A' }), create('companies', { name: 'B' })];
    const merged = await client.crm.companies.basicApi.merge({ primaryObjectId: first, objectIdToMerge: second });
    expect(() => simulator.records.restore('companies', second)).toThrow('resource not found');
    expect((await call('POST', `/crm/v3/objects/companies/${merged.id}/unmerge`)).status).toBe(404);
    const again = await client.crm.companies.basicApi.create({ properties: { name: 'B' }, associations: [] });
    expect([first, second, merged.id]).not.toContain(again.id);
    await expect(
      client.crm.companies.basicApi.merge({ primaryObjectId: first, objectIdToMerge: second }),
    ).rejects.toMatchObject({ code: 400 });
  });

  test('a record takes part in at most 250 merges', async () => {
    const other = create('contacts', { lastname: 'One more' });
    await expect(
      client.crm.contacts.basicApi.merge({ primaryObjectId: '900', objectIdToMerge: other }),
    ).rejects.toMatchObject({
      code: 414,
      body: { message: 'Cannot have more than 250 identities on a profile' },
    });
  });

  test("links of both go to the survivor; of two primary companies the primary record's stays primary", async () => {
    const [kept, lost] = [create('companies', { name: 'Kept' }), create('companies', { name: 'Lost' })];
    const [first, second] = [create('contacts', { lastname: '1' }), create('contacts', { lastname: '2' })];
    const deal = create('deals', { dealname: 'D' });
    simulator.records.associate('contacts', first, { object: 'companies', id: kept });
    simulator.records.associate('contacts', second, { object: 'companies', id: lost });
    simulator.records.associate('deals', deal, { object: 'contacts', id: second });
    const merged = await client.crm.contacts.basicApi.merge({ primaryObjectId: first, objectIdToMerge: second });
    const links = await client.crm.associations.v4.basicApi.getPage('contacts', merged.id, 'companies');
    expect(links.results).toMatchObject([
      { toObjectId: Number(kept), associationTypes: [{ typeId: 1, label: 'Primary' }, { typeId: 279 }] },
      { toObjectId: Number(lost), associationTypes: [{ typeId: 279, label: null }] },
    ]);
    const deals = await client.crm.associations.v4.basicApi.getPage('deals', deal, 'contacts');
    expect(deals.results.map((link) => String(link.toObjectId))).toEqual([merged.id]);
    const before = simulator.writeLog
      .entries()
      .at(-1)
      ?.related.map((each) => each.before.associations);
    expect(before).toEqual([`companies/${kept}:1;companies/${kept}:279`, expect.stringContaining(`deals/${deal}:4`)]);
  });
});

describe('addresses', () => {
  test('of a merged contact stay on the survivor and keep others from using them, until they are removed', async () => {
    const [first, second] = [
      create('contacts', { email: 'one@mail.example' }),
      create('contacts', { email: 'two@mail.example' }),
    ];
    const { id } = await client.crm.contacts.basicApi.merge({ primaryObjectId: first, objectIdToMerge: second });
    expect(read('contacts', id)).toMatchObject({ email: 'one@mail.example', hs_additional_emails: 'two@mail.example' });
    const recreate = () =>
      client.crm.contacts.basicApi.create({ properties: { email: 'Two@mail.example' }, associations: [] });
    await expect(recreate()).rejects.toMatchObject({
      code: 409,
      body: { category: 'CONFLICT', message: `Contact already exists. Existing ID: ${id}` },
    });
    await client.crm.contacts.basicApi.update(id, { properties: { hs_additional_emails: '' } });
    const { id: newId } = await recreate();
    await expect(
      client.crm.contacts.basicApi.update(id, {
        properties: { hs_additional_emails: 'x@mail.example;two@mail.example' },
      }),
    ).rejects.toMatchObject({ code: 409, body: { message: `Contact already exists. Existing ID: ${newId}` } });
    await expect(
      client.crm.contacts.basicApi.update(id, { properties: { hs_additional_emails: 'nonsense' } }),
    ).rejects.toMatchObject({ code: 400 });
  });

  test('a further address that becomes the first is no further one any more', async () => {
    const id = create('contacts', {
      email: 'a@first.example',
      hs_additional_emails: 'b@first.example;c@first.example',
    });
    await client.crm.contacts.basicApi.update(id, { properties: { email: 'b@first.example' } });
    expect(read('contacts', id)).toMatchObject({
      email: 'b@first.example',
      hs_additional_emails: 'c@first.example',
      hs_email_domain: 'first.example',
    });
  });

  test('of an archived contact are free; restoring it by hand then fails', async () => {
    const id = create('contacts', { email: 'free@mail.example' });
    await client.crm.contacts.basicApi.archive(id);
    const again = await client.crm.contacts.basicApi.create({
      properties: { email: 'free@mail.example' },
      associations: [],
    });
    expect(again.id).not.toBe(id);
    expect(() => simulator.records.restore('contacts', id)).toThrow(`Existing ID: ${again.id}`);
    const old = create('contacts', { lastname: 'Old' });
    simulator.records.archive('contacts', old);
    nowMs += 91 * 86_400_000;
    expect(() => simulator.records.restore('contacts', old)).toThrow('more than 90 days ago');
  });
});

describe('batches', () => {
  test('a bad input without a trace id fails the whole batch before anything is written', async () => {
    const before = simulator.writeLog.count();
    await expect(
      client.crm.contacts.batchApi.create({
        inputs: [
          { properties: { lastname: 'Fine' }, associations: [] },
          { properties: { lastname: 'Bad', email: 'no address' }, associations: [] },
        ],
      }),
    ).rejects.toMatchObject({ code: 400 });
    expect(simulator.writeLog.count()).toBe(before);
  });

  test('with trace ids the good inputs are written and the bad ones are named', async () => {
    const { status, json } = await call('POST', '/crm/v3/objects/contacts/batch/create', {
      inputs: [
        { objectWriteTraceId: 'one', properties: { lastname: 'Fine' } },
        { objectWriteTraceId: 'two', properties: { email: 'no address' } },
      ],
    });
    expect([status, json]).toMatchObject([
      207,
      {
        results: [{ properties: { lastname: 'Fine' } }],
        numErrors: 1,
        errors: [{ context: { objectWriteTraceId: ['two'] } }],
      },
    ]);
  });

  test('records that are gone fail alone in an update, and archiving them is no error', async () => {
    const [live, gone] = [create('companies', { name: 'L' }), create('companies', { name: 'G' })];
    simulator.records.archive('companies', gone);
    const updated = await client.crm.companies.batchApi.update({
      inputs: [live, gone].map((id) => ({ id, properties: { city: 'Ulm' } })),
    });
    expect(updated).toMatchObject({ results: [{ id: live }], numErrors: 1, errors: [{ context: { ids: [gone] } }] });
    await client.crm.companies.batchApi.archive({ inputs: [{ id: live }, { id: gone }] });
    await expect(client.crm.companies.basicApi.getById(live)).rejects.toMatchObject({ code: 404 });
  });
});

describe('associations', () => {
  const typesOf = async (contact: string) => {
    const { results } = await client.crm.associations.v4.basicApi.getPage('contacts', contact, 'companies');
    return Object.fromEntries(
      results.map((link) => [link.toObjectId, link.associationTypes.map((type) => type.typeId)]),
    );
  };

  test('are made with a label, made primary, lose a label, and go away', async () => {
    const contact = create('contacts', { lastname: 'C' });
    const [one, two] = [create('companies', { name: '1' }), create('companies', { name: '2' })];
    const { basicApi, batchApi } = client.crm.associations.v4;
    const primary = { associationCategory: 'HUBSPOT_DEFINED' as never, associationTypeId: 1 };
    const made = await basicApi.create('contacts', contact, 'companies', one, [primary]);
    expect(made).toMatchObject({ labels: ['Primary'] });
    await basicApi.createDefault('contacts', contact, 'companies', two);
    expect(await typesOf(contact)).toEqual({ [one]: [1, 279], [two]: [279] });
    await basicApi.create('contacts', contact, 'companies', two, [primary]);
    expect(await typesOf(contact)).toEqual({ [one]: [279], [two]: [279, 1] });
    const input = { _from: { id: contact }, to: { id: two } };
    await batchApi.archiveLabels('contacts', 'companies', { inputs: [{ ...input, types: [primary] }] });
    expect(await typesOf(contact)).toEqual({ [one]: [279], [two]: [279] });
    await basicApi.archive('contacts', contact, 'companies', one);
    expect(await typesOf(contact)).toEqual({ [two]: [279] });
    expect(lastWrite()).toMatchObject({
      action: 'dissociate',
      recordId: contact,
      related: [{ object: 'companies', recordId: one, before: { associationTypeId: 279 } }],
    });
  });

  test('of many records are written in one call; records that are not there fail alone', async () => {
    const contact = create('contacts', { lastname: 'C' });
    const company = create('companies', { name: '1' });
    const path = '/crm/v4/associations/contacts/companies/batch';
    const types = [{ associationCategory: 'HUBSPOT_DEFINED', associationTypeId: 1 }];
    const pairs = [company, '99999999999'].map((id) => ({ from: { id: contact }, to: { id }, types }));
    expect(await call('POST', `${path}/create`, { inputs: pairs })).toMatchObject({
      status: 207,
      json: { results: [{ labels: ['Primary'] }], numErrors: 1 },
    });
    expect(await typesOf(contact)).toEqual({ [company]: [1, 279] });
    const { status } = await call('POST', `${path}/archive`, {
      inputs: [{ from: { id: contact }, to: [{ id: company }] }],
    });
    expect([status, await typesOf(contact)]).toEqual([204, {}]);
    expect(
      await call('POST', `${path}/associate/default`, { inputs: [{ from: { id: contact }, to: { id: company } }] }),
    ).toMatchObject({ status: 200 });
    expect(simulator.writeLog.counts({ recordId: contact, action: 'associate' })).toMatchObject([{ count: 2 }]);
  });
});
