import { beforeAll, describe, expect, test } from '@jest/globals';
import { createMatcher, type Matcher, type NormalRecord, reasonFor, trainModel } from './index.ts';
import { wordsOfKey } from './key-kind.ts';
import type { InputRecord } from './schema.ts';
import { contactSchema, generateContacts } from './test-contacts.ts';

let matcher: Matcher;
let records: readonly InputRecord[];

beforeAll(async () => {
  ({ records } = generateContacts(300, 11));
  matcher = createMatcher(await trainModel(records, contactSchema));
});

const contact = (id: string, fields: Record<string, string>): NormalRecord =>
  matcher.normalise({ id, source: 'left', fields });
const robert = {
  first: 'Robert',
  last: 'Stenford',
  email: 'robert.stenford22@gmail.com',
  phone: '(415) 220-1987',
  born: '1970-02-03',
};

describe('why two records match', () => {
  test('names what speaks for it, what made them a candidate pair, and the way to the threshold', () => {
    const reasoning = reasonFor(matcher, contact('a', robert), contact('b', { ...robert, first: 'Bob' }));
    expect(reasoning.outcome).toBe('match');
    expect(reasoning.margin).toBeGreaterThan(0);
    expect(reasoning.sharedKeys[0]).toBe('the e-mail address');
    expect(reasoning.evidenceFor.join()).toContain('given name nickname');
    expect(reasoning.summary).toMatch(
      /^They match: probability .*above the threshold\. For it: .*They are compared because/,
    );
  });

  test('is told without any value', () => {
    const { summary, explanation } = reasonFor(matcher, contact('a', robert), contact('b', robert), { redact: true });
    expect(JSON.stringify({ summary, explanation }).toLowerCase()).not.toMatch(/robert|stenford|1970|2201987/);
  });
});

describe('why two records do not match', () => {
  test('says so when they share no blocking key and are never compared', () => {
    const other = contact('b', { first: 'Zoe', last: 'Quinwell', email: 'z@acmetools.com', born: '1991-09-09' });
    const reasoning = reasonFor(matcher, contact('a', robert), other);
    expect(reasoning.outcome).toBe('no match');
    expect(reasoning.sharedKeys).toEqual([]);
    expect(reasoning.evidenceAgainst.length).toBeGreaterThan(0);
    expect(reasoning.summary).toContain('They share no blocking key, so a run never compares them');
  });

  test('tells a conflict from too little agreement', () => {
    const junior = contact('b', { ...robert, last: 'Stenford Jr.' });
    const senior = contact('a', { ...robert, last: 'Stenford Sr.' });
    expect(reasonFor(matcher, senior, junior).outcome).toBe('conflict');
  });

  test('is near where a look is worth it, and follows the threshold that is asked for', () => {
    const [a, b] = [contact('a', robert), contact('b', { ...robert, first: 'Bob' })];
    expect(reasonFor(matcher, a, b, { threshold: 1 - 1e-12 }).outcome).toBe('near');
  });
});

test('every blocking key has words, and they do not hold its value', () => {
  for (const record of records) {
    for (const key of matcher.blockKeys(matcher.normalise(record))) {
      expect(wordsOfKey(key)).not.toBe('a key');
      expect(wordsOfKey(key)).not.toMatch(/\d/);
    }
  }
  expect(wordsOfKey('itax number:1234')).toBe('tax number');
  expect(wordsOfKey('n:bob:smith&z:123')).toBe('both names with one more property');
});
