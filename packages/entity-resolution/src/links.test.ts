import { beforeAll, describe, expect, test } from '@jest/globals';
import { createMatcher, type Matcher, type MatchModel, reasonFor, resolve, trainModel } from './index.ts';
import { linkedOdds } from './links.ts';
import { checkModel, sealModel } from './model.ts';
import { planOf } from './plan.ts';
import { checkSchema, type FieldValue, type InputRecord } from './schema.ts';
import { contactSchema, generateContacts, linkedContactSchema } from './test-contacts.ts';

let people: readonly InputRecord[];
let model: MatchModel;
let matcher: Matcher;

beforeAll(async () => {
  // No links but those of each test.
  people = generateContacts(400, 31).records.map((record) => ({
    ...record,
    fields: { ...record.fields, record: '', linked: '' },
  }));
  model = await trainModel(people, linkedContactSchema);
  matcher = createMatcher(model);
});

const left = (fields: Record<string, FieldValue>): InputRecord => ({ id: 'left:1', source: 'left', fields });
const right = (fields: Record<string, FieldValue>, id = 'right:1'): InputRecord => ({ id, source: 'right', fields });
const scoreOf = (a: InputRecord, b: InputRecord) => matcher.score(matcher.normalise(a), matcher.normalise(b));
const reasonOf = (a: InputRecord, b: InputRecord) => reasonFor(matcher, matcher.normalise(a), matcher.normalise(b));

const bare = { record: '003Kp0000000001AAA', first: 'Robert', last: 'Marwexman', phone: '(415) 555-0142' };
const mailOnly = { email: 'bobby77@yahoo.com' };

describe('a link', () => {
  test('finds a pair that shares nothing else, and says so in a row of its own', async () => {
    const [a, b] = [left(bare), right({ ...mailOnly, linked: bare.record })];
    const { outcome, isCandidate, sharedKeys, explanation, evidenceFor } = reasonOf(a, b);
    expect({ outcome, isCandidate, sharedKeys }).toEqual({
      outcome: 'match',
      isCandidate: true,
      sharedKeys: ['a link'],
    });
    const row = explanation.rows.find(({ column }) => column === 'native sync');
    expect(row).toMatchObject({ level: 'linked', left: bare.record, right: bare.record, termFrequencyWeight: 0 });
    expect(explanation.prior + (row?.weight ?? 0)).toBe(linkedOdds);
    expect(evidenceFor[0]).toMatch(/^native sync linked \(\+/);
    const { clusters } = await resolve([...people, a, b], model);
    expect(clusters.find((ids) => ids.includes('left:1'))).toEqual(['left:1', 'right:1']);
  });

  test('is nothing where it is absent, and nothing against a pair where it names another record', () => {
    const without = scoreOf(left({ ...bare, record: '' }), right({ ...bare, record: '' }));
    expect(scoreOf(left(bare), right({ ...bare, record: '' }))).toEqual(without);
    expect(scoreOf(left(bare), right({ ...bare, record: '', linked: '003Kp0000000009AAA' }))).toEqual(without);
    const { explanation } = reasonOf(left(bare), right({ ...bare, record: '' }));
    expect(explanation.rows.find(({ column }) => column === 'native sync')).toMatchObject({
      level: 'no evidence',
      weight: 0,
    });
  });

  test('ties a record with the one that it names, not with others that have or name the same id', () => {
    const named = right({ ...mailOnly, linked: bare.record });
    expect(scoreOf(named, { ...named, id: 'right:2' }).weight).toBe(
      scoreOf(right(mailOnly), right(mailOnly, 'right:2')).weight,
    );
    expect(
      scoreOf(left(bare), { ...left({ record: bare.record, email: 'x.y@northwind.com' }), id: 'left:2' }).weight,
    ).toBe(scoreOf(left({ ...bare, record: '' }), { ...left({ email: 'x.y@northwind.com' }), id: 'left:2' }).weight);
  });

  test('counts once, however many there are', () => {
    const one = scoreOf(left(bare), right({ ...mailOnly, linked: bare.record }));
    const many = scoreOf(left(bare), right({ ...mailOnly, linked: ['00QKp0000000003AAA', bare.record, bare.record] }));
    expect(many).toEqual(one);
  });

  test('is told apart by the case of its letters', () => {
    const other = right({ ...mailOnly, linked: bare.record.toLowerCase() });
    expect(scoreOf(left(bare), other)).toEqual(scoreOf(left(bare), right(mailOnly)));
  });

  test('does not join two persons who contradict each other, wherever it stands', async () => {
    const records = [...people];
    const strangers: [InputRecord, InputRecord][] = [];
    for (let at = 0; at + 41 < people.length; at += 40) {
      const [a, b] = [people[at] as InputRecord, people[at + 41] as InputRecord];
      strangers.push([
        { ...a, id: `stranger-${at}-a`, source: 'left', fields: { ...a.fields, record: `003-${at}` } },
        { ...b, id: `stranger-${at}-b`, source: 'right', fields: { ...b.fields, linked: `003-${at}` } },
      ]);
    }
    records.push(...strangers.flat());
    expect(strangers.length).toBeGreaterThan(10);
    const { clusters } = await resolve(records, model);
    const clusterOf = new Map(clusters.flatMap((ids, at) => ids.map((id) => [id, at] as const)));
    for (const [a, b] of strangers) expect(clusterOf.get(a.id)).not.toBe(clusterOf.get(b.id));
  });

  test('does not make one of husband and wife, whose mailbox and telephone it came about by', () => {
    const home = { last: 'Quinlorberg', email: 'quinlorberg@gmail.com', phone: '4155550142', city: 'Dover' };
    const { outcome } = reasonOf(
      left({ ...home, record: '003Kp0000000002AAA', first: 'Nancy', born: '1970-03-04' }),
      right({ ...home, linked: '003Kp0000000002AAA', first: 'Thomas', born: '1968-11-21' }),
    );
    expect(outcome).not.toBe('match');
  });

  test('that is stale, or that a crowd has, changes nothing', async () => {
    const stale = people.map((record) =>
      record.source === 'right' ? { ...record, fields: { ...record.fields, linked: `gone-${record.id}` } } : record,
    );
    expect((await resolve(stale, model)).clusters).toEqual((await resolve(people, model)).clusters);
    const crowd = people.map((record) =>
      record.source === 'right' ? { ...record, fields: { ...record.fields, linked: 'one-for-all' } } : record,
    );
    expect((await resolve(crowd, model)).clusters).toEqual((await resolve(people, model)).clusters);
  });

  test('never outweighs a conflict', () => {
    const junior = { ...bare, last: 'Marwexman Jr' };
    const senior = { ...bare, record: '', last: 'Marwexman Sr', linked: bare.record };
    expect(scoreOf(left(junior), right(senior)).conflict).toBe(true);
  });
});

describe('the model', () => {
  test('is the same with columns of links as without, the columns aside', async () => {
    const plain = await trainModel(people, contactSchema);
    const { version: _, schema: __, ...withLinks } = model;
    const { version: ___, schema: ____, ...without } = plain;
    expect(withLinks).toEqual(without);
  });

  test('of an older schema scores records with links as if they had none', () => {
    const { version: _, ...rest } = model;
    const older = sealModel({ ...rest, schema: contactSchema });
    checkModel(older);
    const former = createMatcher(older);
    const [a, b] = [left(bare), right({ ...mailOnly, linked: bare.record })];
    expect(former.score(former.normalise(a), former.normalise(b)).weight).toBe(
      scoreOf(left({ ...bare, record: '' }), right(mailOnly)).weight,
    );
  });

  test('does not compare by links alone', () => {
    expect(() => checkSchema({ entityKind: 'person', columns: [{ name: 'linked', kind: 'recordLink' }] })).toThrow(
      /at least one column/,
    );
  });

  test('gives links the last slots, so that models mean the same with them and without', () => {
    const slots = planOf(linkedContactSchema).slots.map(({ kind }) => kind);
    expect(slots).toEqual([...planOf(contactSchema).slots.map(({ kind }) => kind), 'link']);
  });
});
