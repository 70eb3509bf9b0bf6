import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { runCli } from '../cli.ts';
import type { EvidenceLink } from './evidence-chain.ts';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const none = '0'.repeat(64);

/** A chain over the attested states of change sets. */
function chainOf(...subjects: readonly { id: string; version: number; attested: object }[]): EvidenceLink[] {
  const links: EvidenceLink[] = [];
  for (const { id, version, attested } of subjects) {
    const subject = {
      subjectKind: 'change-set',
      subjectId: id,
      subjectVersion: version,
      occurredAt: '2026-01-02T03:04:05.000Z',
    };
    const content = JSON.stringify({ attested, ...subject });
    const sealed = [links.length + 1, 'change-set', id, version, sha256(content), links.at(-1)?.hash ?? none];
    links.push({
      sequence: links.length + 1,
      ...subject,
      content,
      contentHash: sha256(content),
      previousHash: links.at(-1)?.hash ?? none,
      hash: sha256(JSON.stringify(sealed)),
    });
  }
  return links;
}

const state = (id: string, version: number, word: string, journalHash = '') => ({
  id,
  version,
  attested: { state: word, journalHash },
});

let server: Server;
let links: EvidenceLink[];
/** What the server says the end is; by default the truth. */
let told: { sequence: number; hash: string } | undefined;
let changeSets: Record<string, object>;
const linksOfAPage = 2;

beforeAll(async () => {
  server = createServer((request, response) => {
    const url = new URL(request.url ?? '', 'http://kempt');
    const answer = (status: number, body: object) => {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(body));
    };
    if (url.pathname !== '/v1/evidence') {
      const found = changeSets[url.pathname];
      return answer(found === undefined ? 404 : 200, found ?? { detail: 'There is none.' });
    }
    const after = Number(url.searchParams.get('afterSequence'));
    const behind = links.filter(({ sequence }) => sequence > after);
    const items = behind.slice(0, linksOfAPage);
    const end = links.at(-1);
    return answer(200, {
      items,
      end: told ?? { sequence: end?.sequence ?? 0, hash: end?.hash ?? none },
      ...(behind.length > items.length ? { nextAfterSequence: items.at(-1)?.sequence } : {}),
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  links = chainOf(
    state('c1', 3, 'approved'),
    state('c1', 5, 'applied', 'j1'),
    state('c2', 3, 'approved'),
    state('c2', 5, 'applied', 'j2'),
    state('c1', 7, 'undone', 'j3'),
  );
  told = undefined;
  changeSets = {
    '/v1/change-sets/c1': { version: 7, state: 'undone', journalHash: 'j3' },
    '/v1/change-sets/c2': { version: 6, state: 'undoing', journalHash: 'j4' },
  };
});

const verify = (...args: string[]) => evidence('verify', ...args);

async function evidence(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  let out = '';
  let err = '';
  const code = await runCli({
    args: ['evidence', ...args],
    env: { KEMPT_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, KEMPT_API_KEY: 'key' },
    version: '1.2.3',
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    readText: async () => '',
  });
  return { code, out, err };
}

const brokenAt = (sequence: number, reason: string) => ({
  code: 7,
  err: `kempt: The evidence does not hold. Link ${sequence}: ${reason}.\n`,
});

test('evidence list shows what was done, when, and says how to go on', async () => {
  const { code, out, err } = await evidence('list');
  expect(code).toBe(0);
  expect(out.split('\n')[1]).toMatch(/^1 +change-set +c1 +3 +approved +2026-01-02 03:04:05Z +[0-9a-f]{16}$/);
  expect(err).toBe('There is more: --after 2\n');
});

describe('evidence verify', () => {
  test('recomputes the chain page by page and gives the hash to note', async () => {
    const { code, out } = await verify();
    expect(code).toBe(0);
    expect(out).toContain('Holds:  yes');
    expect(out).toContain('Links:  5');
    expect(out).toContain(links.at(-1)?.hash);
    links = [];
    expect(await verify()).toMatchObject({ code: 0, out: expect.stringContaining('Links:  0') });
  });

  test('names the first link whose content, subject, place or hash was changed', async () => {
    const original = links;
    const with3 = (change: Partial<EvidenceLink>) =>
      original.map((link) => (link.sequence === 3 ? { ...link, ...change } : link));
    links = with3({ content: links[2]?.content.replace('approved', 'applied ') ?? '' });
    expect(await verify()).toMatchObject(brokenAt(3, 'its content was changed'));
    links = with3({ subjectId: 'c9' });
    expect(await verify()).toMatchObject(brokenAt(3, 'its subject is not that of its content'));
    links = with3({ hash: 'f'.repeat(64) });
    expect(await verify()).toMatchObject(brokenAt(3, 'its hash is not that of what it says'));
    const forged = links[2]?.content.replace('approved', 'cancelled') ?? '';
    links = with3({ content: forged, contentHash: sha256(forged) });
    expect(await verify()).toMatchObject(brokenAt(3, 'its hash is not that of what it says'));
    links = original.filter(({ sequence }) => sequence !== 3);
    expect(await verify()).toMatchObject(brokenAt(3, 'link 3 is missing'));
    const [first, second, third, ...rest] = original as [EvidenceLink, EvidenceLink, EvidenceLink];
    links = [first, { ...third, sequence: 2 }, { ...second, sequence: 3 }, ...rest];
    expect(await verify()).toMatchObject(brokenAt(2, 'it does not follow from the link before'));
  });

  test('finds an end that was cut off by what the server says, or by a hash that was noted', async () => {
    const head = links.at(-1)?.hash ?? '';
    expect(await verify('--head', head)).toMatchObject({ code: 0 });
    told = { sequence: 5, hash: head };
    links = links.slice(0, 4);
    expect(await verify()).toMatchObject(brokenAt(5, 'links up to 5 are missing'));
    told = undefined;
    expect(await verify()).toMatchObject({ code: 0 });
    expect(await verify('--head', head)).toMatchObject(
      brokenAt(5, 'the noted hash is not in the chain: its end was cut off, or it was made anew'),
    );
    expect(await verify('--head', 'abc')).toMatchObject({ code: 2 });
  });

  test('--deep compares each change set with what was attested of it last', async () => {
    const { code, out } = await verify('--deep');
    expect(code).toBe(0);
    expect(out).toMatch(/Change sets compared: +1\n/);
    expect(out).toMatch(/Change sets under way: +1\n/);
    changeSets['/v1/change-sets/c1'] = { version: 7, state: 'undone', journalHash: 'forged' };
    expect(await verify('--deep')).toMatchObject(
      brokenAt(5, 'the journal of change set c1 is not the one that was attested'),
    );
    changeSets['/v1/change-sets/c1'] = { version: 7, state: 'applied', journalHash: 'j3' };
    expect(await verify('--deep')).toMatchObject(brokenAt(5, 'change set c1 is applied, and was attested as undone'));
    delete changeSets['/v1/change-sets/c1'];
    expect(await verify('--deep')).toMatchObject(brokenAt(5, 'change set c1 does not exist'));
    expect(await verify()).toMatchObject({ code: 0 });
  });
});
