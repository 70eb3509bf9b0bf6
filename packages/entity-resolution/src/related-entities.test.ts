import { beforeAll, describe, expect, test } from '@jest/globals';
import { createMatcher, type Matcher, resolve, trainModel } from './index.ts';
import { createRandom } from './random.ts';
import type { InputRecord, Schema } from './schema.ts';
import { contactSchema, generateContacts } from './test-contacts.ts';

const employeeSchema: Schema = {
  ...contactSchema,
  columns: [...contactSchema.columns, { name: 'company', kind: 'organisation' }],
};

describe('people and their employers', () => {
  let matcher: Matcher;
  let levelOf: (column: string, left: Record<string, string>, right: Record<string, string>) => string | undefined;

  beforeAll(async () => {
    const { records } = generateContacts(300, 5);
    matcher = createMatcher(await trainModel(records, employeeSchema));
    levelOf = (column, left, right) =>
      matcher
        .explain(
          matcher.normalise({ id: 'left', source: 'a', fields: left }),
          matcher.normalise({ id: 'right', source: 'b', fields: right }),
        )
        .rows.find((row) => row.column === column)?.level;
  });

  test('a company name agrees with the mail domain of somebody whose company is blank', () => {
    const left = { first: 'Betty', last: 'Miller', email: 'bmiller58@gmail.com', company: 'Kwik Lube Stop, Inc.' };
    const reads = 'mail domain reads like it';
    expect(levelOf('organisation', left, { last: 'Miller', email: 'betty@kwiklubestop.com' })).toBe(reads);
    expect(levelOf('organisation', left, { last: 'Miller', email: 'betty@kwik-lube.co.uk' })).toBe(reads);
    const other = 'mail domain reads unlike it';
    expect(levelOf('organisation', left, { last: 'Miller', email: 'betty@northwind.com' })).toBe(other);
    expect(levelOf('organisation', left, { last: 'Miller', email: 'betty@yahoo.com' })).toBe('no evidence');
  });

  test('one mail domain is not counted a second time as the company', () => {
    const left = { last: 'Miller', email: 'betty@northwind.com', company: 'Northwind Traders' };
    expect(levelOf('organisation', left, { last: 'Miller', email: 'carol@northwind.com' })).toBe('no evidence');
  });

  test('mailboxes at one company that differ in an initial are not nearly the same', () => {
    const left = { first: 'Paul', last: 'Mayer', email: 'pmayer@northwind.com' };
    const right = { first: 'Karin', last: 'Mayer', email: 'kmayer@northwind.com' };
    expect(levelOf('email', left, right)).toBe('same company domain');
    const slip = { first: 'Paul', last: 'Mayer', email: 'pmayr@northwind.com' };
    expect(levelOf('email', left, slip)).toBe('nearly the same');
  });

  test('swapped names count once', () => {
    const left = { first: 'Walter', last: 'Norton' };
    const right = { first: 'Norton', last: 'Walter' };
    expect(levelOf('given name', left, right)).toBe('swapped with family name');
    expect(levelOf('family name', left, right)).toBe('no evidence');
  });

  test('an explanation shows values without the marks they carry inside', () => {
    const normal = matcher.normalise({ id: 'x', source: 'a', fields: { last: 'Miller', email: 'jo@northwind.com' } });
    const row = matcher.explain(normal, normal).rows.find(({ column }) => column === 'organisation');
    expect(row?.left).toBe('northwind');
  });
});

test('words that many organisations have are less than the word that names one', async () => {
  const schema: Schema = { entityKind: 'organisation', columns: [{ name: 'name', kind: 'organisation' }] };
  const record = (id: string, name: string): InputRecord => ({ id, source: 'a', fields: { name } });
  const names = 'Aldern Bostrik Cormund Delvane Estrom Farnix Gorlan Hestrad Ivolen Jastrom Kelmont Lurvane'.split(' ');
  const records = names.flatMap((name, at) =>
    [' Data Systems Consulting', ' Data Systems', ''].map((rest, copy) => record(`${at}-${copy}`, `${name}${rest}`)),
  );
  const matcher = createMatcher(await trainModel(records, schema));
  const levelOf = (left: string, right: string): string | undefined =>
    matcher.explain(matcher.normalise(record('x', left)), matcher.normalise(record('y', right))).rows[0]?.level;
  expect(levelOf('Aldern Data Systems Consulting', 'Aldern Power')).toBe('some words');
  expect(levelOf('Aldern Data Systems Consulting', 'Data Systems Consulting Bostrik')).toBe(
    'only words that others have',
  );
  expect(levelOf('Aldern Data Systems Consulting', 'Bostrik')).toBe('different');
});

const siteSchema: Schema = {
  entityKind: 'organisation',
  columns: [
    { name: 'name', kind: 'organisation' },
    { name: 'street', kind: 'street' },
    { name: 'zip', kind: 'postalCode' },
    { name: 'phone', kind: 'phone' },
  ],
};

/** Organisations with up to four sites behind one switchboard; every site stands three times, written in different ways. */
function generateSites(organisations: number): { records: InputRecord[]; siteOf: Map<string, string> } {
  const random = createRandom(3);
  const syllables = 'bar bel cor dan fel gar hol kin lor mar nor pel quin ros sten tal ver wex yar zan'.split(' ');
  const word = (): string =>
    [0, 0, 0].map(() => syllables[random.below(syllables.length)]).join('') + ['a', 'o', 'er'][random.below(3)];
  const records: InputRecord[] = [];
  const siteOf = new Map<string, string>();
  for (let organisation = 0; organisation < organisations; organisation += 1) {
    const name = `${word()} ${word()}`;
    const phone = `312${2_000_000 + random.below(7_000_000)}`;
    const sites = 1 + random.below(4);
    for (let site = 0; site < sites; site += 1) {
      const house = 100 + random.below(8000);
      const street = word();
      const zip = String(60_600 + random.below(40));
      const spellings = [name, `${name} Center`, `The ${name}`];
      spellings.forEach((spelling, copy) => {
        const id = `${organisation}-${site}-${copy}`;
        siteOf.set(id, `${organisation}-${site}`);
        records.push({
          id,
          source: copy === 0 ? 'a' : 'b',
          fields: { name: spelling, street: `${house} ${street} ${copy === 1 ? 'Street' : 'St'}`, zip, phone },
        });
      });
    }
  }
  return { records, siteOf };
}

describe('sites of one organisation', () => {
  test('are told apart by their address, though name and phone are the same', async () => {
    const { records, siteOf } = generateSites(120);
    const { clusters } = await resolve(records, await trainModel(records, siteSchema));
    const mixed = clusters.filter((cluster) => new Set(cluster.map((id) => siteOf.get(id))).size > 1);
    expect(mixed.length).toBeLessThanOrEqual(2);
    const sites = new Set(siteOf.values()).size;
    const whole = clusters.filter((cluster) => cluster.length === 3).length;
    expect(whole).toBeGreaterThanOrEqual(sites * 0.97);
  });
});
