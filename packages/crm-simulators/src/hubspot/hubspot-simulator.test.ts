import { Client } from '@hubspot/api-client';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { createClock } from '../clock.ts';
import { createDefaultLoad } from '../population/default-load.ts';
import { type HubSpotSimulator, hubSpotScopes, startHubSpotSimulator } from './hubspot-simulator.ts';
import { professionalLimits } from './rate-limits.ts';

const load = createDefaultLoad().hubspot;
const generous = { tenSecondly: 100_000, searchPerSecond: 100_000 };
let nowMs = Date.UTC(2026, 0, 1);
let simulator: HubSpotSimulator;
let client: Client;

beforeAll(async () => {
  simulator = await startHubSpotSimulator({
    load,
    limits: generous,
    clock: createClock(() => nowMs),
    searchLagMs: 3000,
  });
  client = new Client({ accessToken: simulator.credentials.privateAppToken, basePath: simulator.url });
});

afterEach(() => {
  simulator.faults.clear();
  simulator.auth.setScopes(hubSpotScopes);
  simulator.setLimits({ ...professionalLimits, ...generous });
});

afterAll(() => simulator.stop());

function call(path: string, init: RequestInit = {}, token = simulator.credentials.privateAppToken): Promise<Response> {
  return fetch(simulator.url + path, {
    ...init,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
  });
}

const post = (path: string, body: unknown) => call(path, { method: 'POST', body: JSON.stringify(body) });

// The client's types do not allow for the shape of sorts that the service wants.
const search = (body: object) => client.crm.contacts.searchApi.doSearch(body as never);

const contacts = () => {
  const object = simulator.store.object('contacts');
  return simulator.store
    .table(object)
    .inIdOrder()
    .filter((record) => record.archivedAt === null);
};

describe('authorisation', () => {
  test('a missing token, an unknown one and an expired one are told apart', async () => {
    const ask = async (token: string) => {
      const response = await call('/crm/v3/objects/contacts', {}, token);
      return [response.status, ((await response.json()) as { category: string }).category];
    };
    expect(await ask('nobody')).toEqual([401, 'INVALID_AUTHENTICATION']);
    const { clientId, clientSecret, refreshToken } = simulator.credentials;
    const issued = await client.oauth.tokensApi.create(
      'refresh_token',
      undefined,
      undefined,
      clientId,
      clientSecret,
      refreshToken,
    );
    expect(issued).toMatchObject({ expiresIn: 1800, refreshToken, tokenType: 'bearer' });
    expect((await call('/crm/v3/objects/contacts', {}, issued.accessToken)).status).toBe(200);
    expect(await (await fetch(`${simulator.url}/oauth/v1/access-tokens/${issued.accessToken}`)).json()).toMatchObject({
      hub_id: simulator.portalId,
      scopes: expect.arrayContaining(['crm.objects.contacts.read']),
    });
    simulator.auth.expireTokens();
    expect(await ask(issued.accessToken)).toEqual([401, 'EXPIRED_AUTHENTICATION']);
  });

  test.each([
    [{ client_id: 'x' }, 'BAD_CLIENT_ID'],
    [{ client_secret: 'x' }, 'BAD_CLIENT_SECRET'],
    [{ refresh_token: 'x' }, 'BAD_REFRESH_TOKEN'],
  ])('a token request with %j is refused with %s', async (wrong, status) => {
    const { clientId, clientSecret, refreshToken } = simulator.credentials;
    const form = {
      grant_type: 'refresh_token',
      client_id: clientId,
      client_secret: clientSecret,
      refresh_token: refreshToken,
      ...wrong,
    };
    const response = await fetch(`${simulator.url}/oauth/v1/token`, {
      method: 'POST',
      body: new URLSearchParams(form),
    });
    expect([response.status, await response.json()]).toMatchObject([400, { status }]);
  });

  test('a missing scope is named', async () => {
    simulator.auth.setScopes(['oauth']);
    await expect(client.crm.contacts.basicApi.getPage()).rejects.toMatchObject({
      code: 403,
      body: {
        category: 'MISSING_SCOPES',
        errors: [{ context: { requiredGranularScopes: ['crm.objects.contacts.read'] } }],
      },
    });
  });
});

describe('description', () => {
  test('properties, owners, pipelines and account are described', async () => {
    const { results } = await client.crm.properties.coreApi.getAll('contacts');
    expect(results.find((property) => property.name === 'hubspot_owner_id')).toMatchObject({ externalOptions: true });
    expect(results.find((property) => property.name === 'lastmodifieddate')).toMatchObject({
      type: 'datetime',
      modificationMetadata: { readOnlyValue: true },
    });
    const owners = await client.crm.owners.ownersApi.getPage(undefined, undefined, 500);
    expect(owners.results.length).toBeGreaterThan(25);
    const pipelines = await client.crm.pipelines.pipelinesApi.getAll('deals');
    expect(pipelines.results[0]?.stages.map((stage) => stage.id)).toContain('closedwon');
    const details = await client.apiRequest({ path: '/account-info/v3/details' });
    expect(await details.json()).toMatchObject({ portalId: simulator.portalId, accountType: 'STANDARD' });
  });

  test('older and newer spellings of paths lead to the same', async () => {
    for (const path of [
      '/crm/v3/objects/contact',
      '/crm/v3/objects/0-1/',
      '/crm/v4/objects/contacts',
      '/crm/objects/2026-03/contacts',
    ]) {
      expect(await (await call(`${path}?limit=2`)).json()).toMatchObject({ results: [{}, {}] });
    }
    for (const path of [
      '/properties/v2/contact/properties',
      '/companies/v2/properties',
      '/properties/v1/deals/properties',
    ]) {
      expect(Array.isArray(await (await call(path)).json())).toBe(true);
    }
    const unknown = await call('/crm/v3/objects/nopes');
    expect([unknown.status, await unknown.json()]).toMatchObject([
      400,
      { message: 'Unable to infer object type from: nopes' },
    ]);
  });
});

describe('lists', () => {
  test('paging gives every live contact once, with its companies', async () => {
    const ids = new Set<string>();
    let linked = 0;
    const others: unknown[] = [];
    let after: string | undefined;
    do {
      const page = await client.crm.contacts.basicApi.getPage(100, after, ['email', 'lastname'], undefined, [
        'companies',
      ]);
      for (const contact of page.results) {
        ids.add(contact.id);
        const types = contact.associations?.companies?.results.map((link) => link.type);
        if (types?.join() === 'contact_to_company,contact_to_company_unlabeled') linked += 1;
        else if (types !== undefined) others.push(types);
      }
      after = page.paging?.next?.after;
    } while (after !== undefined);
    expect(ids.size).toBe(contacts().length);
    expect(linked).toBeGreaterThan(5000);
    expect(others).toEqual([]);
  });

  test('archived contacts are listed apart', async () => {
    const archived = await client.crm.contacts.basicApi.getPage(100, undefined, ['email'], undefined, undefined, true);
    expect(archived.results).toHaveLength(50);
    expect(archived.results.every((contact) => contact.archived && contact.archivedAt !== undefined)).toBe(true);
  });

  test('properties may come repeated, comma-joined or empty; unknown ones are left out', async () => {
    const keysOf = async (query: string) => {
      const { results } = (await (await call(`/crm/v3/objects/contacts?limit=1&${query}`)).json()) as {
        results: { properties: object }[];
      };
      return Object.keys(results[0]?.properties ?? {});
    };
    const both = ['createdate', 'email', 'hs_object_id', 'lastmodifieddate', 'phone'];
    expect(await keysOf('properties=email&properties=phone&properties=nope')).toEqual(both);
    expect(await keysOf('properties=email,phone&archived=False')).toEqual(both);
    expect(await keysOf('properties=')).toEqual([
      'createdate',
      'email',
      'firstname',
      'hs_object_id',
      'lastmodifieddate',
      'lastname',
    ]);
  });

  test('a page of more than 100 is refused', async () => {
    await expect(client.crm.contacts.basicApi.getPage(101)).rejects.toMatchObject({
      code: 400,
      body: { category: 'VALIDATION_ERROR' },
    });
  });
});

describe('single records and batches', () => {
  test('a contact is found by id and by e-mail; others are not found', async () => {
    const [record] = contacts();
    const found = await client.crm.contacts.basicApi.getById(record?.id ?? '', ['email']);
    const email = (
      await client.crm.contacts.searchApi.doSearch({
        filterGroups: [{ filters: [{ propertyName: 'email', operator: 'HAS_PROPERTY' as never }] }],
        limit: 1,
        properties: ['email'],
      } as never)
    ).results[0];
    const byEmail = await client.crm.contacts.basicApi.getById(
      email?.properties.email ?? '',
      ['email'],
      undefined,
      undefined,
      false,
      'email',
    );
    expect([found.id, byEmail.id]).toEqual([record?.id, email?.id]);
    await expect(client.crm.contacts.basicApi.getById('99')).rejects.toMatchObject({
      code: 404,
      body: { category: 'OBJECT_NOT_FOUND' },
    });
  });

  test('a batch with missing ids gives the rest and names them', async () => {
    const ids = contacts()
      .slice(0, 3)
      .map((record) => record.id);
    const inputs = [...ids, '98', '99'].map((id) => ({ id }));
    const response = await post('/crm/v3/objects/contacts/batch/read', { properties: ['email'], inputs });
    expect(response.status).toBe(207);
    const viaClient = await client.crm.contacts.batchApi.read({
      properties: ['email'],
      propertiesWithHistory: [],
      inputs,
    });
    expect(viaClient.results.map((result) => result.id).sort()).toEqual([...ids].sort());
    expect(viaClient).toMatchObject({
      numErrors: 1,
      errors: [{ category: 'OBJECT_NOT_FOUND', context: { ids: ['98', '99'] } }],
    });
    await expect(
      client.crm.contacts.batchApi.read({
        properties: [],
        propertiesWithHistory: [],
        inputs: Array.from({ length: 101 }, (_, id) => ({ id: String(id) })),
      }),
    ).rejects.toMatchObject({ code: 400 });
  });

  test('associations can be read for many records at once', async () => {
    const linked = contacts()
      .filter((record) => simulator.store.associations.firstOf('contacts', record.id, 1) !== null)
      .slice(0, 150);
    const result = await client.crm.associations.v4.batchApi.getPage('contact', 'companies', {
      inputs: linked.map(({ id }) => ({ id })),
    });
    expect(result.results).toHaveLength(150);
    expect(result.results[0]?.to[0]).toMatchObject({
      toObjectId: expect.any(Number),
      associationTypes: [{ typeId: 1, label: 'Primary' }, { typeId: 279 }],
    });
  });

  test('create, update and archive behave, and duplicates are refused with the id of the one there is', async () => {
    const created = await client.crm.contacts.basicApi.create({
      properties: { email: 'New@Example.com', lastname: 'New' },
      associations: [],
    });
    expect(created.properties).toMatchObject({ email: 'new@example.com', hs_object_source: 'INTEGRATION' });
    await expect(
      client.crm.contacts.basicApi.create({ properties: { email: 'NEW@example.com' }, associations: [] }),
    ).rejects.toMatchObject({
      code: 409,
      body: { category: 'CONFLICT', message: `Contact already exists. Existing ID: ${created.id}` },
    });
    const updated = await client.crm.contacts.basicApi.update(created.id, {
      properties: { lastname: 'Newer', email: '' },
    });
    expect(Object.keys(updated.properties).sort()).toEqual([
      'createdate',
      'email',
      'hs_object_id',
      'lastmodifieddate',
      'lastname',
    ]);
    const history = await client.crm.contacts.basicApi.getById(created.id, undefined, ['lastname']);
    expect(history.propertiesWithHistory?.lastname?.map((version) => version.value)).toEqual(['Newer', 'New']);
    await client.crm.contacts.basicApi.archive(created.id);
    await expect(client.crm.contacts.basicApi.getById(created.id)).rejects.toMatchObject({ code: 404 });
    await expect(client.crm.contacts.basicApi.update(created.id, { properties: { nope: '1' } })).rejects.toMatchObject({
      code: 404,
    });
    await expect(
      client.crm.contacts.basicApi.create({ properties: { nope: '1' }, associations: [] }),
    ).rejects.toMatchObject({
      code: 400,
      body: { category: 'VALIDATION_ERROR' },
    });
  });

  test('a merge makes a third record that both old ids lead to, and keeps their companies', async () => {
    const { records } = simulator;
    const company = records.create('companies', { name: 'Merged Ltd' });
    const [first, second] = [
      records.create('contacts', { email: 'a@merge.com', lastname: 'A' }),
      records.create('contacts', { email: 'b@merge.com', phone: '1' }),
    ];
    records.associate('contacts', second, { object: 'companies', id: company });
    const merged = await client.crm.contacts.basicApi.merge({ primaryObjectId: first, objectIdToMerge: second });
    expect([first, second]).not.toContain(merged.id);
    for (const id of [first, second, merged.id]) {
      const found = await client.crm.contacts.basicApi.getById(id, [
        'phone',
        'hs_additional_emails',
        'hs_merged_object_ids',
        'associatedcompanyid',
      ]);
      expect(found).toMatchObject({
        id: merged.id,
        properties: {
          phone: '1',
          hs_additional_emails: 'b@merge.com',
          hs_merged_object_ids: `${first};${second}`,
          associatedcompanyid: company,
        },
      });
    }
    const third = records.create('contacts', { lastname: 'C' });
    const again = records.merge('contacts', third, merged.id);
    expect((await client.crm.contacts.basicApi.getById(first)).id).toBe(again);
  });
});

describe('search', () => {
  const everything = {
    filterGroups: [{ filters: [{ propertyName: 'hs_object_id', operator: 'GT', value: '0' }] }],
    properties: ['email'],
  };

  test('pages to the edge of the window of 10,000 and not beyond; ids take over from there', async () => {
    nowMs += 4000;
    const total = contacts().length;
    const ids = new Set<string>();
    let floor = '0';
    for (let after = 0, pages = 0; ids.size < total && pages < 100; pages++) {
      const page = await search({
        filterGroups: [{ filters: [{ propertyName: 'hs_object_id', operator: 'GT', value: floor }] }],
        sorts: [{ propertyName: 'hs_object_id', direction: 'ASCENDING' }],
        properties: ['email'],
        limit: 200,
        after: String(after),
      });
      for (const record of page.results) ids.add(record.id);
      after += 200;
      if (after < 10_000) continue;
      floor = page.results.at(-1)?.id ?? '';
      after = 0;
    }
    expect(ids.size).toBe(total);
    await expect(search({ ...everything, limit: 200, after: '9900' })).rejects.toMatchObject({
      code: 400,
      body: { category: 'VALIDATION_ERROR' },
    });
  });

  test('more than a page of contacts share one millisecond', async () => {
    const stamps = Map.groupBy(contacts(), (record) => record.modifiedAt);
    expect(Math.max(...[...stamps.values()].map((group) => group.length))).toBeGreaterThan(200);
  });

  test('is a few moments behind what was written, and never shows archived records', async () => {
    const find = async (email: string) =>
      (
        await search({
          filterGroups: [{ filters: [{ propertyName: 'email', operator: 'EQ', value: email }] }],
          properties: ['lastname'],
        })
      ).results.map((record) => record.properties.lastname);
    const id = simulator.records.create('contacts', { email: 'lag@example.com', lastname: 'One' });
    expect(await find('lag@example.com')).toEqual([]);
    nowMs += 4000;
    expect(await find('LAG@example.com')).toEqual(['One']);
    simulator.records.update('contacts', id, { lastname: 'Two' });
    expect(await find('lag@example.com')).toEqual(['One']);
    nowMs += 4000;
    expect(await find('lag@example.com')).toEqual(['Two']);
    simulator.records.archive('contacts', id);
    expect(await find('lag@example.com')).toEqual(['Two']);
    nowMs += 4000;
    expect(await find('lag@example.com')).toEqual([]);
  });

  test("the other objects' name of the modification stamp finds nothing rather than fail", async () => {
    const filter = (propertyName: string) => ({
      ...everything,
      filterGroups: [{ filters: [{ propertyName, operator: 'GTE', value: '0' }] }],
    });
    expect((await search(filter('hs_lastmodifieddate'))).total).toBe(0);
    expect((await search(filter('lastmodifieddate'))).total).toBe(contacts().length);
  });

  test.each([
    [
      { operator: 'CONTAINS_TOKEN', propertyName: 'email', value: '*gmail*' },
      (email: string | null) => email?.includes('gmail') ?? false,
    ],
    [{ operator: 'NOT_HAS_PROPERTY', propertyName: 'email' }, (email: string | null) => email === null],
    [
      { operator: 'IN', propertyName: 'hs_email_domain', values: ['gmail.com', 'web.de'] },
      (email: string | null) => /@(?:gmail\.com|web\.de)$/.test(email ?? ''),
    ],
  ])('%j', async (filter, expected) => {
    const { total } = await search({ filterGroups: [{ filters: [filter] }], properties: [], limit: 1 });
    const object = simulator.store.object('contacts');
    const email = object.property('email');
    const matching = contacts().filter((record) => email !== undefined && expected(object.read(record, email)));
    expect(total).toBe(matching.length);
    expect(total).toBeGreaterThan(0);
  });

  test.each([
    ['a body over 3,000 characters', { ...everything, properties: Array.from({ length: 300 }, () => 'firstname12') }],
    ['two sorts', { ...everything, sorts: ['createdate', 'email'] }],
    ['an after that is no number', { ...everything, after: 'abc' }],
    ['a page of 201', { ...everything, limit: 201 }],
    ['six filter groups', { filterGroups: Array.from({ length: 6 }, () => everything.filterGroups[0]) }],
    ['an unknown property', { filterGroups: [{ filters: [{ propertyName: 'nope', operator: 'EQ', value: '1' }] }] }],
  ])('%s is refused', async (_, body) => {
    const response = await post('/crm/v3/objects/contacts/search', body);
    expect([response.status, await response.json()]).toMatchObject([400, { category: 'VALIDATION_ERROR' }]);
  });

  test('answers carry no rate headers, others do', async () => {
    const found = await post('/crm/v3/objects/contacts/search', { ...everything, limit: 1 });
    const listed = await call('/crm/v3/objects/contacts?limit=1');
    expect(found.headers.get('x-hubspot-ratelimit-max')).toBeNull();
    expect(listed.headers.get('x-hubspot-ratelimit-max')).not.toBeNull();
    expect(listed.headers.get('content-type')).toBe('application/json;charset=utf-8');
  });
});

describe('limits', () => {
  test('a Professional portal answers 190 calls in ten seconds and then says no', async () => {
    simulator.setLimits(professionalLimits);
    const statuses = await Promise.all(
      Array.from({ length: 195 }, async () => (await call('/crm/v3/objects/deals?limit=1')).status),
    );
    expect(statuses.filter((status) => status === 200)).toHaveLength(190);
    await expect(client.crm.deals.basicApi.getPage(1)).rejects.toMatchObject({
      code: 429,
      body: {
        policyName: 'TEN_SECONDLY_ROLLING',
        errorType: 'RATE_LIMIT',
        message: 'You have reached your ten_secondly_rolling limit.',
      },
    });
    nowMs += 10_001;
    await expect(client.crm.deals.basicApi.getPage(1)).resolves.toBeDefined();
  });

  test('search has a bucket of its own of five a second', async () => {
    simulator.setLimits(professionalLimits);
    const ask = () => post('/crm/v3/objects/deals/search', { limit: 1 });
    const replies = await Promise.all(Array.from({ length: 7 }, ask));
    expect(replies.filter((reply) => reply.status === 200)).toHaveLength(5);
    const refused = replies.find((reply) => reply.status === 429);
    expect(await refused?.json()).toMatchObject({
      policyName: 'SECONDLY',
      message: 'You have reached your secondly limit.',
    });
    expect((await call('/crm/v3/objects/deals?limit=1')).status).toBe(200);
    nowMs += 1001;
    expect((await ask()).status).toBe(200);
  });

  test('the daily limit ends at midnight', async () => {
    simulator.setLimits({ ...generous, daily: simulator.apiUsage().usedToday + 1 });
    expect((await call('/crm/v3/objects/deals?limit=1')).status).toBe(200);
    const refused = await call('/crm/v3/objects/deals?limit=1');
    expect(await refused.json()).toMatchObject({ policyName: 'DAILY', message: 'You have reached your daily limit.' });
    nowMs += 86_400_000;
    expect((await call('/crm/v3/objects/deals?limit=1')).status).toBe(200);
  });
});

describe('faults', () => {
  test.each([
    ['ten-secondly-limit', 429],
    ['locked', 423],
    ['migrating', 477],
    ['unavailable', 503],
    ['expired-token', 401],
  ])('%s', async (name, code) => {
    simulator.faults.inject({ path: '/objects/deals', effect: { kind: 'named', name } });
    await expect(client.crm.deals.basicApi.getPage(1)).rejects.toMatchObject({ code });
    await expect(client.crm.deals.basicApi.getPage(1)).resolves.toBeDefined();
  });

  test('an answer of HTML keeps its body, one without a content type has no code', async () => {
    simulator.faults.inject({ path: '/objects/deals', effect: { kind: 'named', name: 'bad-gateway-html' } });
    await expect(client.crm.deals.basicApi.getPage(1)).rejects.toMatchObject({
      code: 502,
      body: expect.stringContaining('<html>'),
    });
    simulator.faults.inject({ path: '/objects/deals', effect: { kind: 'named', name: 'no-content-type' } });
    await expect(client.crm.deals.basicApi.getPage(1)).rejects.toThrow('No Content-Type defined');
  });
});
