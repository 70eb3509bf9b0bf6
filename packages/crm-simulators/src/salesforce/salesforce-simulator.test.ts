import { createSign, generateKeyPairSync } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { Connection } from 'jsforce';
import { createDefaultLoad } from '../population/default-load.ts';
import { type SalesforceSimulator, startSalesforceSimulator } from './salesforce-simulator.ts';

// The client reads these once, when it is loaded, and then sends everything through the proxy.
for (const name of ['http_proxy', 'https_proxy', 'HTTP_PROXY', 'HTTPS_PROXY', 'all_proxy', 'ALL_PROXY'])
  delete process.env[name];
const { default: jsforce } = await import('jsforce');

const load = createDefaultLoad().salesforce;
const base = '/services/data/v62.0';
let simulator: SalesforceSimulator;

beforeAll(async () => {
  simulator = await startSalesforceSimulator({ load, refreshTokenRotation: true });
});

afterEach(() => {
  simulator.faults.clear();
  simulator.store.permissions.showAll();
  simulator.setDailyApiLimit(100_000);
});

afterAll(() => simulator.stop());

function createConnection(options: object = {}): Connection {
  const { clientId, clientSecret } = simulator.credentials;
  return new jsforce.Connection({
    loginUrl: simulator.url,
    instanceUrl: simulator.url,
    version: '62.0',
    oauth2: { clientId, clientSecret, loginUrl: simulator.url },
    ...options,
  });
}

async function connect(): Promise<Connection> {
  const connection = createConnection();
  await connection.authorize({ grant_type: 'client_credentials' });
  return connection;
}

function get(path: string, token: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(simulator.url + path, { headers: { authorization: `Bearer ${token}`, ...headers } });
}

function signJwt(claims: object, key: string): string {
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const text = `${encode({ alg: 'RS256' })}.${encode(claims)}`;
  return `${text}.${createSign('RSA-SHA256').update(text).sign(key, 'base64url')}`;
}

describe('authorisation', () => {
  test('client credentials give a session that knows its org and user', async () => {
    const connection = await connect();
    expect(connection.accessToken).toMatch(/^00D\w{12,15}![.\w]+$/);
    expect(connection.instanceUrl).toBe(simulator.url);
    expect(connection.userInfo).toMatchObject({ organizationId: simulator.orgId, id: simulator.userId });
    expect(await connection.identity()).toMatchObject({ user_id: simulator.userId, organization_id: simulator.orgId });
  });

  test('id and secret may come as HTTP Basic', async () => {
    const { clientId, clientSecret } = simulator.credentials;
    const response = await fetch(`${simulator.url}/services/oauth2/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}` },
      body: new URLSearchParams({ grant_type: 'client_credentials' }),
    });
    expect(await response.json()).toMatchObject({ token_type: 'Bearer', instance_url: simulator.url });
  });

  test('a wrong secret, client and grant are refused as documented', async () => {
    const ask = async (form: Record<string, string>) => {
      const response = await fetch(`${simulator.url}/services/oauth2/token`, {
        method: 'POST',
        body: new URLSearchParams(form),
      });
      return [response.status, ((await response.json()) as { error: string }).error];
    };
    const { clientId } = simulator.credentials;
    expect(await ask({ grant_type: 'client_credentials', client_id: clientId, client_secret: 'x' })).toEqual([
      400,
      'invalid_client',
    ]);
    expect(await ask({ grant_type: 'client_credentials', client_id: 'x', client_secret: 'x' })).toEqual([
      400,
      'invalid_client_id',
    ]);
    expect(await ask({ grant_type: 'password' })).toEqual([400, 'unsupported_grant_type']);
  });

  test('a signed assertion is checked for signature, audience, expiry and user', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', {
      modulusLength: 2048,
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    });
    const stranger = generateKeyPairSync('rsa', {
      modulusLength: 2048,
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    });
    simulator.auth.registerCertificate(publicKey);
    const claims = {
      iss: simulator.credentials.clientId,
      sub: simulator.credentials.username,
      aud: 'https://login.salesforce.com',
      exp: Math.floor(Date.now() / 1000) + 180,
    };
    const authorize = (assertion: string) =>
      createConnection({ oauth2: { loginUrl: simulator.url } }).authorize({
        grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
        assertion,
      });
    await expect(authorize(signJwt(claims, privateKey))).resolves.toMatchObject({ id: simulator.userId });
    await expect(authorize(signJwt(claims, stranger.privateKey))).rejects.toMatchObject({
      name: 'invalid_grant',
      message: 'invalid assertion',
    });
    await expect(authorize(signJwt({ ...claims, aud: 'https://example.com' }, privateKey))).rejects.toMatchObject({
      message: 'audience is invalid',
    });
    await expect(authorize(signJwt({ ...claims, exp: 1 }, privateKey))).rejects.toMatchObject({
      name: 'invalid_grant',
    });
    await expect(authorize(signJwt({ ...claims, sub: 'nobody@example.com' }, privateKey))).rejects.toMatchObject({
      message: "user hasn't approved this consumer",
    });
  });

  test('an expired session is refused, and the client refreshes it and goes on', async () => {
    const connection = await connect();
    const refreshing = createConnection({
      accessToken: connection.accessToken,
      refreshFn: async (_: Connection, done: (error: Error | null, token?: string) => void) =>
        done(null, (await connect()).accessToken ?? ''),
    });
    simulator.auth.expireSessions();
    expect((await get(`${base}/limits`, connection.accessToken ?? '')).status).toBe(401);
    await expect(refreshing.query('SELECT Id FROM Organization')).resolves.toMatchObject({ totalSize: 1 });
  });

  test('a rotated refresh token works once; using it again revokes the whole family', async () => {
    const { clientId, clientSecret } = simulator.credentials;
    const refresh = async (token: string) => {
      const form = {
        grant_type: 'refresh_token',
        client_id: clientId,
        client_secret: clientSecret,
        refresh_token: token,
      };
      const response = await fetch(`${simulator.url}/services/oauth2/token`, {
        method: 'POST',
        body: new URLSearchParams(form),
      });
      return (await response.json()) as { access_token?: string; refresh_token?: string; error?: string };
    };
    const first = await refresh(simulator.credentials.refreshToken);
    expect((await get(`${base}/limits`, first.access_token ?? '')).status).toBe(200);
    const second = await refresh(first.refresh_token ?? '');
    expect(second.refresh_token).not.toBe(first.refresh_token);
    expect(await refresh(first.refresh_token ?? '')).toEqual({
      error: 'invalid_grant',
      error_description: 'expired access/refresh token',
    });
    expect((await get(`${base}/limits`, second.access_token ?? '')).status).toBe(401);
  });
});

describe('description', () => {
  test('an object is described with the complete set of keys', async () => {
    const connection = await connect();
    const contact = await connection.describe('Contact');
    const keys = `aggregatable aiPredictionField autoNumber byteLength calculated calculatedFormula cascadeDelete caseSensitive compoundFieldName
      controllerName createable custom defaultValue defaultValueFormula defaultedOnCreate dependentPicklist deprecatedAndHidden digits
      displayLocationInDecimal encrypted externalId extraTypeInfo filterable filteredLookupInfo formulaTreatNullNumberAsZero groupable
      highScaleNumber htmlFormatted idLookup inlineHelpText label length mask maskType name nameField namePointing nillable permissionable
      picklistValues polymorphicForeignKey precision queryByDistance referenceTargetField referenceTo relationshipName relationshipOrder
      restrictedDelete restrictedPicklist scale searchPrefilterable soapType sortable type unique updateable writeRequiresMasterRead`;
    for (const field of contact.fields) expect(Object.keys(field).sort()).toEqual(keys.split(/\s+/));
    expect(contact).toMatchObject({ mergeable: true, replicateable: true, keyPrefix: '003' });
    expect(contact.childRelationships).toContainEqual(
      expect.objectContaining({ childSObject: 'Case', field: 'ContactId', relationshipName: 'Cases' }),
    );
    const global = await connection.describeGlobal();
    expect(global.sobjects.map((object) => object.name)).toEqual(
      expect.arrayContaining(['Account', 'Contact', 'Opportunity', 'Task', 'Event', 'User']),
    );
  });

  test('what the user may not see is neither described nor queryable', async () => {
    const connection = await connect();
    simulator.store.permissions.hideObject('Opportunity');
    simulator.store.permissions.hideField('Contact', 'Birthdate');
    expect((await connection.describeGlobal()).sobjects.map((object) => object.name)).not.toContain('Opportunity');
    expect((await connection.describe('Contact')).fields.map((field) => field.name)).not.toContain('Birthdate');
    await expect(connection.query('SELECT Id FROM Opportunity')).rejects.toMatchObject({ errorCode: 'INVALID_TYPE' });
    await expect(connection.query('SELECT Birthdate FROM Contact')).rejects.toMatchObject({
      errorCode: 'INVALID_FIELD',
      message: expect.stringContaining("No such column 'Birthdate' on entity 'Contact'"),
    });
    await expect(connection.describe('Opportunity')).rejects.toMatchObject({ errorCode: 'NOT_FOUND' });
  });
});

describe('queries over the whole default load', () => {
  test('paging gives every live record once, and queryAll the deleted ones too', async () => {
    const connection = await connect();
    const live = await connection.query('SELECT Id FROM Contact', { autoFetch: true, maxFetch: 100_000 });
    const all = await connection.query('SELECT Id, IsDeleted, MasterRecordId FROM Contact', {
      autoFetch: true,
      maxFetch: 100_000,
      scanAll: true,
    });
    expect(live.totalSize).toBeGreaterThan(11_000);
    expect(new Set(live.records.map((record) => record.Id)).size).toBe(live.totalSize);
    const deleted = all.records.filter((record) => record.IsDeleted);
    expect(deleted).toHaveLength(50);
    expect(all.totalSize).toBe(live.totalSize + 50);
    const winners = new Set(live.records.map((record) => record.Id));
    const masters = deleted.flatMap((record) => record.MasterRecordId ?? []);
    expect(masters.length).toBeGreaterThan(0);
    expect(masters.every((id) => winners.has(id))).toBe(true);
  });

  test('reading by modification stamp and id gives the same records, though thousands share one stamp', async () => {
    const connection = await connect();
    const ids = new Set<string>();
    const stamps = new Map<string, number>();
    let [stamp, id] = ['1970-01-01T00:00:00Z', '003000000000000'];
    for (;;) {
      const { records } = await connection.query(
        `SELECT Id, SystemModstamp, Account.Name, Owner.Email FROM Contact WHERE SystemModstamp > ${stamp} OR (SystemModstamp = ${stamp} AND Id > '${id}') ORDER BY SystemModstamp, Id LIMIT 2000`,
      );
      const last = records.at(-1);
      if (last === undefined) break;
      for (const record of records) {
        ids.add(String(record.Id));
        stamps.set(record.SystemModstamp, (stamps.get(record.SystemModstamp) ?? 0) + 1);
      }
      [stamp, id] = [String(last.SystemModstamp).replace('+0000', 'Z'), String(last.Id)];
    }
    const { totalSize } = await connection.query('SELECT COUNT() FROM Contact');
    expect(ids.size).toBe(totalSize);
    expect(Math.max(...stamps.values())).toBeGreaterThan(2000);
  });

  test('the page size follows the header, within its bounds', async () => {
    const connection = await connect();
    const sizeOf = async (header: string) => {
      const response = await get(
        `${base}/query/?q=${encodeURIComponent('SELECT Id FROM Contact')}`,
        connection.accessToken ?? '',
        { 'sforce-query-options': header },
      );
      return ((await response.json()) as { records: unknown[] }).records.length;
    };
    expect(await Promise.all(['batchSize=500', 'batchSize=1', 'batchSize=9999'].map(sizeOf))).toEqual([500, 200, 2000]);
  });

  test('an old or invented locator is refused', async () => {
    const connection = await connect();
    const first = await connection.query('SELECT Id FROM Contact');
    simulator.expireLocators();
    await expect(connection.queryMore(first.nextRecordsUrl ?? '')).rejects.toMatchObject({
      errorCode: 'INVALID_QUERY_LOCATOR',
    });
    await expect(connection.queryMore('0r8AAAAAAAAAAAAAAA-2000')).rejects.toMatchObject({
      errorCode: 'INVALID_QUERY_LOCATOR',
    });
  });

  test('columns=true describes the columns, those of parents nested', async () => {
    const connection = await connect();
    const soql = encodeURIComponent('SELECT Id, Account.Name FROM Contact LIMIT 1');
    const response = await get(`${base}/query?q=${soql}&columns=true`, connection.accessToken ?? '');
    expect(await response.json()).toMatchObject({
      columnMetadata: [
        { columnName: 'Id', joinColumns: [] },
        { columnName: 'Account', joinColumns: [{ columnName: 'Name' }] },
      ],
    });
  });
});

describe('records', () => {
  test('what a client writes can be read, shows in updated and deleted, and is logged', async () => {
    const connection = await connect();
    const created = await connection.sobject('Contact').create({ LastName: 'Fresh', Email: 'fresh@example.com' });
    await connection.sobject('Contact').update({ Id: String(created.id), Title: 'Tester' });
    const record = await connection.sobject('Contact').retrieve(String(created.id));
    expect(record).toMatchObject({
      Name: 'Fresh',
      Title: 'Tester',
      OwnerId: simulator.userId,
      CreatedById: simulator.userId,
    });
    const window = [
      new Date(Date.now() - 3_600_000).toISOString(),
      new Date(Date.now() + 120_000).toISOString(),
    ] as const;
    expect((await connection.sobject('Contact').updated(...window)).ids).toContain(created.id);
    await connection.sobject('Contact').destroy(String(created.id));
    const { deletedRecords } = await connection.sobject('Contact').deleted(...window);
    expect(deletedRecords.map((deleted) => deleted.id)).toContain(created.id);
    await expect(connection.sobject('Contact').retrieve(String(created.id))).rejects.toMatchObject({
      errorCode: 'ENTITY_IS_DELETED',
    });
    expect(simulator.writeLog.entries().slice(-3)).toMatchObject([
      { action: 'create', by: 'api', fields: ['LastName', 'Email'] },
      { action: 'update', fields: ['Title'] },
      { action: 'delete', recordId: created.id },
    ]);
  });

  test.each([
    [{ FirstName: 'Only' }, 'REQUIRED_FIELD_MISSING'],
    [{ LastName: 'x', Email: 'no address' }, 'INVALID_EMAIL_ADDRESS'],
    [{ LastName: 'x'.repeat(81) }, 'STRING_TOO_LONG'],
    [{ LastName: 'x', Nope: 1 }, 'INVALID_FIELD'],
    [{ LastName: 'x', CreatedDate: '2020-01-01' }, 'INVALID_FIELD_FOR_INSERT_UPDATE'],
    [{ LastName: 'x', AccountId: '001Kp' }, 'MALFORMED_ID'],
    [{ LastName: 'x', AccountId: '001Kp000000zzzz' }, 'INVALID_CROSS_REFERENCE_KEY'],
  ])('creating %j is refused with %s', async (fields, code) => {
    const connection = await connect();
    await expect(connection.sobject('Contact').create(fields)).rejects.toMatchObject({ errorCode: code });
  });

  test("a merge keeps the winner's id, moves children and marks the loser", () => {
    const { records } = simulator;
    const winner = records.create('Account', { Name: 'Winner' });
    const loser = records.create('Account', { Name: 'Loser' });
    const child = records.create('Contact', { LastName: 'Child', AccountId: loser });
    expect(records.merge('Account', winner, [loser])).toEqual([child]);
    expect(records.read('Contact', child)).toMatchObject({ AccountId: winner });
    expect(records.read('Account', loser)).toMatchObject({ IsDeleted: true, MasterRecordId: winner });
    records.undelete('Account', loser);
    expect(records.read('Account', loser)).toMatchObject({ IsDeleted: false, MasterRecordId: null });
    expect(records.read('Contact', child)).toMatchObject({ AccountId: winner });
    expect(() => records.merge('Opportunity', winner, [loser])).toThrow('does not support merge');
  });

  test('an upsert by external id makes a record once and then finds it', async () => {
    const connection = await connect();
    const upsert = () =>
      connection.sobject('Contact').upsert({ External_Key__c: 'k-1', LastName: 'Keyed' }, 'External_Key__c');
    const [first, second] = [await upsert(), await upsert()];
    expect([first, second]).toMatchObject([{ created: true }, { created: false, id: first.id }]);
  });
});

describe('limits', () => {
  test('every answer says how much of the limit is used', async () => {
    const connection = await connect();
    await connection.query('SELECT Id FROM Organization');
    expect(connection.limitInfo.apiUsage).toMatchObject({ limit: 100_000, used: expect.any(Number) });
    const response = await get(`${base}/sobjects/Nope`, connection.accessToken ?? '');
    expect(response.headers.get('sforce-limit-info')).toMatch(/^api-usage=\d+\/100000$/);
    expect(await connection.request(`${base}/limits`)).toMatchObject({
      DailyApiRequests: { Max: 100_000 },
      DailyBulkApiBatches: { Max: 15_000 },
    });
  });

  test('past the limit calls are refused until the window has moved on', async () => {
    const connection = await connect();
    simulator.setDailyApiLimit(simulator.apiUsage().used);
    await expect(connection.query('SELECT Id FROM Organization')).rejects.toMatchObject({
      errorCode: 'REQUEST_LIMIT_EXCEEDED',
    });
    simulator.advanceClock(25 * 3_600_000);
    const later = await connect();
    await expect(later.query('SELECT Id FROM Organization')).resolves.toMatchObject({ totalSize: 1 });
  });
});

describe('the wire', () => {
  test('header names keep their capitals, doubled slashes and trailing slashes are forgiven', async () => {
    const connection = await connect();
    const { get: request } = await import('node:http');
    const response = await new Promise<{ status: number | undefined; names: string[] }>((resolve, reject) => {
      const options = { headers: { authorization: `Bearer ${connection.accessToken}` } };
      request(`${simulator.url}//services/data/v62.0/sobjects/Contact/describe/`, options, (message) => {
        message.resume();
        resolve({ status: message.statusCode, names: message.rawHeaders.filter((_, index) => index % 2 === 0) });
      }).on('error', reject);
    });
    expect(response.status).toBe(200);
    expect(response.names).toEqual(expect.arrayContaining(['Content-Type', 'Sforce-Limit-Info', 'Content-Length']));
  });

  test('a query of 60 kB in the address is accepted', async () => {
    const connection = await connect();
    const ids = Array.from({ length: 2500 }, (_, index) => `'003Kp${String(index).padStart(10, '0')}'`);
    const result = await connection.query(`SELECT Id FROM Contact WHERE Id IN (${ids.join(',')})`);
    expect(result.done).toBe(true);
  });
});

describe('faults', () => {
  const withoutRetry = async (path = `${base}/query?q=SELECT+Id+FROM+Organization`) =>
    get(path, (await connect()).accessToken ?? '');

  test.each([
    ['session-expired', 401, 'INVALID_SESSION_ID'],
    ['daily-limit', 403, 'REQUEST_LIMIT_EXCEEDED'],
    ['concurrent-limit', 403, 'REQUEST_LIMIT_EXCEEDED'],
    ['invalid-locator', 400, 'INVALID_QUERY_LOCATOR'],
    ['query-timeout', 400, 'QUERY_TIMEOUT'],
    ['unavailable', 503, 'SERVER_UNAVAILABLE'],
    ['unknown', 500, 'UNKNOWN_EXCEPTION'],
  ])('%s', async (name, status, errorCode) => {
    simulator.faults.inject({ path: '/query', effect: { kind: 'named', name } });
    const response = await withoutRetry();
    expect([response.status, await response.json()]).toMatchObject([status, [{ errorCode }]]);
    expect((await withoutRetry()).status).toBe(200);
  });

  test('the client tries again after one answer of 503', async () => {
    const connection = await connect();
    simulator.faults.inject({ path: '/query', effect: { kind: 'named', name: 'unavailable' } });
    await expect(connection.query('SELECT Id FROM Organization')).resolves.toMatchObject({ totalSize: 1 });
    expect(simulator.faults.list()[0]?.hits).toBe(1);
  });

  test('a page of HTML, broken JSON, a broken connection and a lost answer can be had', async () => {
    const connection = await connect();
    simulator.faults.inject({ path: '/limits', effect: { kind: 'named', name: 'maintenance-html' } });
    const html = await withoutRetry(`${base}/limits`);
    expect([html.status, html.headers.get('content-type')]).toEqual([503, 'text/html']);
    simulator.faults.inject({ path: '/limits', effect: { kind: 'cut-json' } });
    await expect((await withoutRetry(`${base}/limits`)).json()).rejects.toThrow('JSON');
    simulator.faults.inject({ path: '/limits', effect: { kind: 'truncate' } });
    await expect(withoutRetry(`${base}/limits`).then((response) => response.text())).rejects.toThrow();
    simulator.faults.inject({
      path: '/sobjects/Contact',
      method: 'POST',
      effect: { kind: 'disconnect', handle: true },
    });
    const before = simulator.writeLog.count();
    await expect(connection.sobject('Contact').create({ LastName: 'Lost answer' })).rejects.toThrow();
    expect(simulator.writeLog.count()).toBe(before + 1);
  });

  test('a late answer is late, and no answer is no answer', async () => {
    simulator.faults.inject({ path: '/limits', effect: { kind: 'delay', delayMs: 150 } });
    const token = (await connect()).accessToken ?? '';
    const started = performance.now();
    await (await get(`${base}/limits`, token)).text();
    expect(performance.now() - started).toBeGreaterThan(145);
    simulator.faults.inject({ path: '/limits', effect: { kind: 'stall' } });
    const signal = AbortSignal.timeout(200);
    await expect(
      fetch(`${simulator.url}${base}/limits`, { signal, headers: { authorization: `Bearer ${token}` } }),
    ).rejects.toThrow('timeout');
  });
});
