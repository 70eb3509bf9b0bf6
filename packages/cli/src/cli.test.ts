import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { runCli } from './cli.ts';

interface Answer {
  readonly status?: number;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
}

interface Received {
  readonly method: string;
  readonly url: string;
  readonly authorization: string | undefined;
  readonly body: unknown;
}

let server: Server;
let url: string;
/** What the server answers, by method and path without query. */
let answers: Record<string, Answer | ((request: Received) => Answer)>;
let received: Received[];

beforeAll(async () => {
  server = createServer((request, response) => {
    void readBody(request).then((text) => {
      const seen: Received = {
        method: request.method ?? '',
        url: request.url ?? '',
        authorization: request.headers.authorization,
        body: text === '' ? undefined : JSON.parse(text),
      };
      received.push(seen);
      const planned = answers[`${seen.method} ${seen.url.split('?')[0]}`] ?? {
        status: 404,
        body: { detail: 'No route.' },
      };
      const { status = 200, body, headers = {} } = typeof planned === 'function' ? planned(seen) : planned;
      response.writeHead(status, { 'content-type': 'application/json', ...headers });
      response.end(typeof body === 'string' ? body : body === undefined ? '' : JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
beforeEach(() => {
  answers = {};
  received = [];
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

async function readBody(request: IncomingMessage): Promise<string> {
  return (await request.setEncoding('utf8').toArray()).join('');
}

async function kempt(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  return kemptWith({}, ...args);
}

async function kemptWith(
  env: Record<string, string>,
  ...args: string[]
): Promise<{ code: number; out: string; err: string }> {
  let out = '';
  let err = '';
  const code = await runCli({
    args,
    env: { KEMPT_URL: url, KEMPT_API_KEY: 'kempt_test_key', ...env },
    version: '1.2.3',
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    readText: async (file) => `content of ${file}`,
  });
  return { code, out, err };
}

const letter = {
  id: 'dedupe:0190',
  service: 'dedupe',
  group: 'dedupe',
  topic: 'kempt.connector.record-state.v1',
  partition: 3,
  offset: '17',
  key: 'default:sf:1:Contact:2',
  eventId: '0190a',
  reason: 'permanent',
  stage: 'handle',
  errorClass: 'MalformedEventError',
  errorCode: 'malformed',
  message: 'Field canonical is missing\nsecond line',
  attempts: 2,
  state: 'open',
  firstSeenAt: '2026-03-01T08:00:00.000Z',
  lastSeenAt: '2026-03-01T09:30:00.123Z',
};

describe('dlq', () => {
  test('list shows a line for each dead letter and says how to go on', async () => {
    answers['GET /v1/dead-letters'] = { body: { items: [letter], nextCursor: 'abc', unavailable: [] } };
    const { code, out, err } = await kempt(
      'dlq',
      'list',
      '--topic',
      'kempt.connector.record-state.v1',
      '--limit',
      '10',
    );
    expect(code).toBe(0);
    expect(out.split('\n')).toEqual([
      expect.stringMatching(/^ID +GROUP +TOPIC +KEY +REASON +ATTEMPTS +LAST SEEN +MESSAGE$/),
      'dedupe:0190  dedupe  kempt.connector.record-state.v1  default:sf:1:Contact:2  permanent  2         2026-03-01 09:30:00Z  Field canonical is missing',
      '',
    ]);
    expect(err).toBe('There is more: --cursor abc, or --all\n');
    expect(received[0]).toMatchObject({
      url: '/v1/dead-letters?topic=kempt.connector.record-state.v1&state=open&limit=10',
      authorization: 'Bearer kempt_test_key',
    });
  });

  test('list --all reads every page as one', async () => {
    answers['GET /v1/dead-letters'] = ({ url: asked }) => ({
      body: asked.includes('cursor=two')
        ? { items: [{ ...letter, id: 'dedupe:2' }], unavailable: [] }
        : { items: [{ ...letter, id: 'dedupe:1' }], nextCursor: 'two', unavailable: [] },
    });
    const { out } = await kempt('--json', 'dlq', 'list', '--all');
    expect(JSON.parse(out)).toMatchObject({ items: [{ id: 'dedupe:1' }, { id: 'dedupe:2' }] });
    expect(JSON.parse(out)).not.toHaveProperty('nextCursor');
  });

  test('list names services that did not answer and ends with 6', async () => {
    answers['GET /v1/dead-letters'] = { body: { items: [], unavailable: ['connector'] } };
    expect(await kempt('dlq', 'list')).toEqual({
      code: 6,
      out: 'No dead letters.\n',
      err: 'Missing here, because they did not answer: connector\n',
    });
  });

  test('show tells everything but the content, and says where that is', async () => {
    const value = Buffer.from('{"secret":true}').toString('base64');
    const actions = [{ action: 'replay', actor: 'api-key:1', note: '', at: '2026-03-01T09:00:00Z' }];
    answers['GET /v1/dead-letters/dedupe%3A0190'] = {
      body: { ...letter, headers: { ce_id: '0190a' }, value, publishedAt: '2026-03-01T07:59:00Z', actions },
    };
    const { out } = await kempt('dlq', 'show', 'dedupe:0190');
    expect(out).toContain('Topic:       kempt.connector.record-state.v1, partition 3, offset 17');
    expect(out).toContain('Headers\nce_id:  0190a');
    expect(out).toContain('2026-03-01 09:00:00Z replay by api-key:1');
    expect(out).toContain('Value: 15 bytes');
    expect(out).not.toContain('secret');
  });

  test('replay takes ids, or everything that a filter finds', async () => {
    answers['GET /v1/dead-letters'] = { body: { items: [letter, { ...letter, id: 'dedupe:0191' }], unavailable: [] } };
    for (const id of ['dedupe%3A0190', 'dedupe%3A0191']) {
      answers[`POST /v1/dead-letters/${id}/replay`] = { status: 202, body: { id, state: 'replaying' } };
    }
    expect(await kempt('dlq', 'replay', 'dedupe:0190')).toMatchObject({ code: 0, out: 'Replayed 1 dead letter.\n' });
    expect(await kempt('dlq', 'replay', '--reason', 'permanent')).toMatchObject({ out: 'Replayed 2 dead letters.\n' });
    expect(received[1]?.url).toContain('reason=permanent&state=open');
  });

  test('replay of nothing in particular is refused', async () => {
    const { code, err } = await kempt('dlq', 'replay');
    expect({ code, err }).toEqual({
      code: 2,
      err: 'kempt: Say which: ids, a filter such as --topic or --reason, or --all.\n',
    });
    expect(received).toEqual([]);
  });

  test('discard needs a note and sends it', async () => {
    answers['POST /v1/dead-letters/dedupe%3A0190/discard'] = { body: { id: 'dedupe:0190', state: 'discarded' } };
    expect((await kempt('dlq', 'discard', 'dedupe:0190')).code).toBe(2);
    expect(received).toEqual([]);
    expect((await kempt('dlq', 'discard', 'dedupe:0190', '--note', 'test record')).out).toBe(
      'Discarded 1 dead letter.\n',
    );
    expect(received[0]?.body).toEqual({ note: 'test record' });
  });
});

describe('status', () => {
  const services = [
    { name: 'connector', isReady: true, version: '0.1.0' },
    { name: 'dedupe', isReady: false, reasons: { database: 'connection refused' } },
  ];

  test('shows each service and ends with 6 when one is not ready', async () => {
    answers['GET /v1/status'] = { body: { status: 'degraded', version: '0.1.0', services } };
    const { code, out } = await kempt('status');
    expect(code).toBe(6);
    expect(out).toMatch(/connector +yes +0\.1\.0\n/);
    expect(out).toMatch(/dedupe +no +database: connection refused\n/);
  });

  test('ends with 0 when all are', async () => {
    answers['GET /v1/status'] = { body: { status: 'ok', version: '0.1.0', services: services.slice(0, 1) } };
    expect((await kempt('status')).code).toBe(0);
  });
});

describe('records, clusters and ids', () => {
  test('records get shows fields and canonical projection, without letting them speak to the terminal', async () => {
    answers['GET /v1/records/sf%3A1%3AContact%3A2'] = {
      body: {
        ref: 'sf:1:Contact:2',
        version: 3,
        modifiedAt: '2026-03-01T08:00:00Z',
        deleted: false,
        fields: { LastName: 'Grün\u001b[31m', Amount: '12.50', Tags: ['a'] },
        canonical: { person: { familyName: 'Grün' } },
      },
    };
    const { out } = await kempt('records', 'get', 'sf:1:Contact:2');
    expect(out).toMatch(/Amount: +12\.50\nLastName: +Grün\ufffd\[31m\nTags: +\["a"\]/);
    expect(out).toContain('person.familyName:  Grün');
  });

  test('clusters list shows duplicates by default', async () => {
    answers['GET /v1/clusters'] = {
      body: {
        items: [
          {
            goldenId: 'g1',
            entityKind: 'person',
            version: 1,
            memberCount: 5,
            members: ['a:1', 'b:2', 'c:3', 'd:4', 'e:5'],
          },
        ],
      },
    };
    const { out } = await kempt('clusters', 'list', '--kind', 'person');
    expect(received[0]?.url).toBe('/v1/clusters?entityKind=person&minSize=2');
    expect(out).toContain('g1         person  5        a:1, b:2, c:3, d:4, …');
  });

  test('models list shows a candidate beside the model that decides, and the work at hand', async () => {
    const score = (agreement: number | null, logLoss: number | null) => ({ verdicts: 20, agreement, logLoss });
    const model = { entityKind: 'person', trainedOn: 1000, trainedAt: '2024-05-01T10:00:00.000Z', origin: 'first' };
    answers['GET /v1/models'] = {
      body: {
        items: [
          {
            ...model,
            version: 'v2',
            deciding: false,
            hasDecided: false,
            comparison: {
              comparedWith: 'v1',
              verdicts: { deciding: score(0.9, 0.31), candidate: score(0.95, 0.2) },
              clusters: { clusters: 900, changed: 12, share: 0.013 },
            },
          },
          { ...model, version: 'v1', deciding: true, hasDecided: true, comparison: null },
        ],
        tasks: [{ entityKind: 'person', task: 'rescoring', phase: 'edges', recordsDone: 400, outcome: '' }],
      },
    };
    const { out } = await kempt('models', 'list');
    expect(out).toMatch(/person +v2 +candidate .* 0\.950 \(0\.900\) +0\.200 \(0\.310\) +12 of 900/);
    expect(out).toMatch(/person +v1 +decides/);
    expect(out).toContain('edges, 400 records');
  });

  test('models rollback goes back to the version before, and says so when there is none', async () => {
    answers['GET /v1/models/promotions'] = {
      body: {
        items: [
          { entityKind: 'organisation', version: 'o1', previous: null },
          { entityKind: 'person', version: 'v2', previous: 'v1' },
        ],
      },
    };
    answers['POST /v1/models/v1/promotion'] = { body: { promotion: { version: 'v1' } } };
    const { out } = await kempt('models', 'rollback', 'person', '--note', 'too strict');
    expect(received[1]).toMatchObject({ method: 'POST', body: { force: false, note: 'too strict' } });
    expect(out).toContain('v1 decides from now on');
    expect((await kempt('models', 'rollback', 'organisation')).code).not.toBe(0);
  });

  test('clusters show puts the records side by side', async () => {
    const members = [
      { record: 'sf:1:Contact:2', probability: 0.99, fields: { email: ['a@example.com', 'b@example.com'] } },
      { record: 'hs:1:contacts:3', probability: 0.9712, fields: { name: 'Ann' } },
    ];
    answers['GET /v1/clusters/g1'] = { body: { goldenId: 'g1', entityKind: 'person', version: 2, members } };
    const { out } = await kempt('clusters', 'show', 'g1');
    expect(out).toMatch(/RECORD +PROBABILITY +EMAIL +NAME/);
    expect(out).toMatch(/sf:1:Contact:2 +0\.990 +a@example\.com, b@example\.com\n/);
    expect(out).toMatch(/hs:1:contacts:3 +0\.971 +Ann\n/);
  });

  test('clusters explain adds up to the match weight, line by line', async () => {
    const rows = [
      {
        column: 'email',
        level: 'exact',
        left: 'a@example.com',
        right: 'a@example.com',
        weight: 9.5,
        termFrequencyWeight: 1,
      },
      { column: 'name', level: 'different', left: 'Ann', right: null, weight: -2.25, termFrequencyWeight: 0 },
    ];
    const summary = 'They can never be one: \u001b[31mthey contradict each other.';
    const pair = { left: 'sf:1', right: 'hs:2', weight: 3.25, probability: 0.9049, conflict: true, prior: -5, rows };
    const merges = [{ summary: 'sf:1 and sf:2 were joined: their pairs weigh +8.00 bits on average.' }];
    answers['GET /v1/clusters/g1/explanation'] = {
      body: { goldenId: 'g1', modelVersion: 'm1', threshold: 0.9, pairs: [{ ...pair, summary }], merges },
    };
    const { out } = await kempt('clusters', 'explain', 'g1');
    expect(out).toMatch(/prior +-5\.00\n/);
    expect(out).toMatch(/email +exact +a@example\.com +a@example\.com +\+10\.50\n/);
    expect(out).toMatch(/name +different +Ann +-2\.25\n/);
    expect(out).toMatch(/sum +probability 0\.9049 +\+3\.25\n/);
    expect(out).toContain('sf:1 and sf:2 were joined');
    expect(out).toContain('They can never be one');
    expect(out).not.toContain('\u001b');
    const folder = mkdtempSync(path.join(tmpdir(), 'kempt-cli-clusters-'));
    const picture = path.join(folder, 'why.svg');
    expect((await kempt('clusters', 'explain', 'g1', '--with', 'hs:2', '--svg', picture)).code).toBe(0);
    expect(received.at(-1)?.url).toContain('with=hs%3A2');
    expect(readFileSync(picture, 'utf8')).toContain('<title>sf:1 and hs:2: match weight +3.25 bits');
    rmSync(folder, { recursive: true });
  });

  test('ids says what a superseded golden ID became', async () => {
    answers['GET /v1/ids/old'] = {
      body: { asked: 'old', goldenId: 'new', entityKind: 'person', members: ['sf:1:Contact:2'] },
    };
    const { out } = await kempt('ids', 'old');
    expect(out).toBe('Golden ID:   new\nSuperseded:  old\nKind:        person\n\nRecords\nsf:1:Contact:2\n');
  });
});

describe('connections', () => {
  const connection = {
    id: 'c1',
    account: 'hs:42',
    system: 'hubspot',
    name: 'Demo',
    status: 'connected',
    objects: [
      { object: 'contacts', backfilled: true, recordsRead: 10 },
      { object: 'deals', backfilled: false, recordsRead: 5 },
    ],
  };

  test('list shows where each one stands', async () => {
    answers['GET /v1/connections'] = { body: { items: [connection] } };
    expect((await kempt('connections', 'list')).out).toMatch(/c1 +hs:42 +Demo +connected +1\/2 +15\n/);
  });

  test('add takes secrets from files or the environment, never from the command line', async () => {
    answers['POST /v1/connections'] = { status: 201, body: connection };
    const added = await kemptWith(
      { KEMPT_ACCESS_TOKEN: 'pat' },
      'connections',
      'add',
      'hubspot',
      '--objects',
      'contacts, deals',
    );
    expect(added.out).toBe('Connected hs:42 (Demo) as c1.\n');
    await kempt('connections', 'add', 'hubspot', '--token-file', 'token', '--name', 'Demo', '--base-url', 'http://x');
    const salesforce = [
      'connections',
      'add',
      'salesforce',
      '--login-url',
      'https://a.my.salesforce.com',
      '--client-id',
      'id',
    ];
    await kempt(...salesforce, '--client-secret-file', 'secret');
    await kempt(
      ...salesforce,
      '--username',
      'u',
      '--private-key-file',
      '-',
      '--audience',
      'https://test.salesforce.com',
    );
    expect(received.map(({ body }) => body)).toEqual([
      {
        system: 'hubspot',
        objects: ['contacts', 'deals'],
        credentials: { grant: 'private-app-token', accessToken: 'pat' },
      },
      {
        system: 'hubspot',
        name: 'Demo',
        baseUrl: 'http://x',
        credentials: { grant: 'private-app-token', accessToken: 'content of token' },
      },
      {
        system: 'salesforce',
        loginUrl: 'https://a.my.salesforce.com',
        credentials: { grant: 'client-credentials', clientId: 'id', clientSecret: 'content of secret' },
      },
      {
        system: 'salesforce',
        loginUrl: 'https://a.my.salesforce.com',
        credentials: {
          grant: 'jwt-bearer',
          clientId: 'id',
          username: 'u',
          privateKey: 'content of -',
          audience: 'https://test.salesforce.com',
        },
      },
    ]);
  });

  test('add without a secret says how to give it', async () => {
    expect(await kempt('connections', 'add', 'hubspot')).toEqual({
      code: 2,
      out: '',
      err: 'kempt: The secret is missing. Give it by --token-file <file> or in KEMPT_ACCESS_TOKEN.\n',
    });
  });

  test('remove takes an id or an account', async () => {
    answers['GET /v1/connections'] = { body: { items: [connection] } };
    answers['DELETE /v1/connections/c1'] = { status: 204 };
    expect((await kempt('connections', 'remove', 'c1')).out).toBe('Removed connection c1.\n');
    expect((await kempt('connections', 'remove', 'hs:42')).out).toBe('Removed connection c1.\n');
    expect(await kempt('connections', 'remove', 'hs:43')).toMatchObject({ code: 4, out: '' });
  });

  test('remove deletes data when it is told to, and only then', async () => {
    answers['DELETE /v1/connections/c1'] = { status: 204 };
    expect((await kempt('connections', 'remove', 'c1', '--delete-data')).out).toBe(
      'Removed connection c1; its data is being deleted.\n',
    );
    await kempt('connections', 'remove', 'c1');
    expect(received.map(({ url }) => url)).toEqual(['/v1/connections/c1?data=delete', '/v1/connections/c1']);
  });
});

describe('what goes wrong', () => {
  test.each([
    [400, 5],
    [401, 3],
    [403, 3],
    [404, 4],
    [409, 5],
    [429, 6],
    [503, 6],
  ])('status %i ends with %i and one sentence', async (status, exitCode) => {
    answers['GET /v1/status'] = { status, body: { detail: 'That did not work.', code: 'x' } };
    expect(await kempt('status')).toEqual({ code: exitCode, out: '', err: 'kempt: That did not work.\n' });
  });

  test('several wrong parts of a request are all named, and a failure carries its trace', async () => {
    const errors = [
      { pointer: '/body/a', detail: 'is missing. Add it.' },
      { pointer: '/body/b', detail: 'must be text.' },
    ];
    answers['GET /v1/status'] = { status: 400, body: { detail: '2 parts are wrong.', errors } };
    expect((await kempt('status')).err).toBe(
      'kempt: 2 parts are wrong. /body/a is missing. Add it. /body/b must be text.\n',
    );
    answers['GET /v1/status'] = { status: 500, body: { detail: 'The service failed.', traceId: 't1' } };
    expect((await kempt('status')).err).toBe('kempt: The service failed. Trace t1.\n');
  });

  test('an answer that is not from Kempt is recognised, and a redirect is not followed', async () => {
    answers['GET /v1/status'] = { body: '<html>', headers: { 'content-type': 'text/html' } };
    expect(await kempt('status')).toMatchObject({
      code: 6,
      err: `kempt: ${url} does not answer like Kempt. Check KEMPT_URL.\n`,
    });
    answers['GET /v1/status'] = { status: 502, body: '<html>' };
    expect((await kempt('status')).err).toBe(
      `kempt: ${url} answered with status 502 and no reason. Check KEMPT_URL.\n`,
    );
    answers['GET /v1/status'] = { status: 302, headers: { location: `${url}/elsewhere` } };
    expect((await kempt('status')).code).toBe(5);
    expect(received.some((request) => request.url === '/elsewhere')).toBe(false);
  });

  test('nobody there, a wrong URL, no key: each says what to do', async () => {
    expect(await kemptWith({ KEMPT_URL: 'http://127.0.0.1:1' }, 'status')).toMatchObject({
      code: 6,
      err: 'kempt: Nothing answers at http://127.0.0.1:1. Start Kempt, or set KEMPT_URL to where it runs.\n',
    });
    expect((await kempt('--url', 'localhost', 'status')).err).toBe(
      'kempt: KEMPT_URL must look like http://127.0.0.1:8080, not "localhost".\n',
    );
    expect((await kemptWith({ KEMPT_API_KEY: '' }, 'status')).err).toContain('Set KEMPT_API_KEY');
    expect((await kemptWith({ KEMPT_API_KEY: 'a\nb' }, 'status')).err).toContain('characters that no key has');
  });

  test('the key can come from a file', async () => {
    answers['GET /v1/status'] = { body: { status: 'ok', version: '1', services: [] } };
    await kemptWith({ KEMPT_API_KEY: '', KEMPT_API_KEY_FILE: 'key' }, 'status');
    expect(received).toEqual([]);
    const { code } = await runCli({
      args: ['status'],
      env: { KEMPT_URL: url, KEMPT_API_KEY_FILE: 'key' },
      version: '1',
      out: () => undefined,
      err: () => undefined,
      readText: async () => 'from-file\n',
    }).then((exitCode) => ({ code: exitCode }));
    expect(code).toBe(0);
    expect(received[0]?.authorization).toBe('Bearer from-file');
  });

  test('wrong usage ends with 2, help and version with 0, all without a key', async () => {
    const without = { KEMPT_API_KEY: '' };
    expect(await kemptWith(without, 'nope')).toMatchObject({
      code: 2,
      err: expect.stringContaining("unknown command 'nope'"),
    });
    expect(await kemptWith(without, 'clusters', 'list', '--limit', '0')).toMatchObject({
      code: 2,
      err: expect.stringContaining('It must be a whole number from 1 to 200.'),
    });
    expect(await kemptWith(without, 'dlq', '--help')).toMatchObject({
      code: 0,
      out: expect.stringContaining('replay'),
    });
    expect(await kemptWith(without, '--version')).toMatchObject({ code: 0, out: '1.2.3\n' });
  });
});
