import { describe, expect, test } from '@jest/globals';
import { createMatcher, trainModel } from './index.ts';
import { contactSchema, generateContacts } from './test-contacts.ts';

describe('dates', () => {
  test.each([
    ['1972-01-18', '1972-01-18', 'same'],
    ['1972-01-08', '1972-08-01', 'day and month swapped'],
    ['1972-01-18', '1972-01-19', 'one digit off'],
    ['1972-01-18', '1958-01-18', 'two of three parts'],
    ['1972-01-18', '1982-01-14', 'two digits off'],
    ['1972-01-18', '1972-10-29', 'within a year'],
    ['1972-01-18', '1958-11-24', 'different'],
  ])('%s and %s are: %s', async (left, right, level) => {
    const matcher = createMatcher(await trainModel(generateContacts(100, 3).records, contactSchema));
    const [a, b] = [left, right].map((born, at) => matcher.normalise({ id: `${at}`, source: 'a', fields: { born } }));
    const rows = matcher.explain(a as never, b as never).rows;
    expect(rows.find(({ column }) => column === 'born')?.level).toBe(level);
  });
});
