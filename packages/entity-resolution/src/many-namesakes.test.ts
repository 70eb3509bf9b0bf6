import { describe, expect, test } from '@jest/globals';
import { resolve, type Schema, trainModel } from './index.ts';
import { createRandom } from './random.ts';
import type { InputRecord } from './schema.ts';
import { pairScores } from './test-contacts.ts';

/** Names, towns and employers go together by country, as they do, and the larger the table the more people share all of them. */

const schema: Schema = {
  entityKind: 'person',
  columns: [
    { name: 'first', kind: 'givenName' },
    { name: 'last', kind: 'familyName' },
    { name: 'email', kind: 'email' },
    { name: 'phone', kind: 'phone' },
    { name: 'street', kind: 'street' },
    { name: 'city', kind: 'city' },
    { name: 'company', kind: 'organisation' },
  ],
};

const syllables = 'bar bel cor dan fel gar hol kin lor mar nor pel quin ros sten tal ver wex yar zan'.split(' ');

function populate(people: number, seed: number) {
  const random = createRandom(seed);
  const syllable = (): string => syllables[random.below(syllables.length)] as string;
  const list = (length: number, parts: number): string[] =>
    Array.from({ length }, () => Array.from({ length: parts }, syllable).join(''));
  const countries = Array.from({ length: 8 }, (_, at) => ({
    code: 31 + at,
    given: list(40, 2),
    family: list(120, 3),
    cities: list(12, 3),
    streets: list(60, 3),
    employers: list(Math.ceil(people / 160), 3),
  }));
  /** The first ones far more often than the last. */
  const pick = <T>(values: readonly T[]): T => values[Math.floor(values.length * random.next() ** 2)] as T;
  const records: InputRecord[] = [];
  const truth = new Map<string, string>();
  for (let person = 0; person < people; person += 1) {
    const country = pick(countries);
    const first = pick(country.given);
    const last = pick(country.family);
    const company = pick(country.employers);
    const own = {
      first,
      last,
      email: `${first}.${last}${person}@${random.next() < 0.3 ? 'gmail.com' : `${company}.com`}`,
      phone: `+${country.code} ${600_000_000 + random.below(99_999_999)}`,
      street: `${pick(country.streets)} street ${1 + random.below(90)}`,
      city: pick(country.cities),
      company: `${company} Industries`,
    };
    const copies = random.next() < 0.25 ? 2 : 1;
    for (let copy = 0; copy < copies; copy += 1) {
      const fields: Record<string, string> = { ...own };
      for (const name of ['email', 'phone', 'street', 'company'] as const) if (random.next() < 0.4) fields[name] = '';
      if (copy > 0 && random.next() < 0.2) fields.first = first.slice(0, -1);
      const id = `p${String(person).padStart(5, '0')}-${copy}`;
      records.push({ id, source: 'crm', fields });
      truth.set(id, String(person));
    }
  }
  return { records, truth };
}

describe('people of whom many have the same name, town and employer', () => {
  test.each([3_000, 12_000])('are told apart where there are %d of them', async (people) => {
    const { records, truth } = populate(people, 11);
    const model = await trainModel(records, schema);
    const { clusters } = await resolve(records, model);
    const { precision, recall } = pairScores(clusters, truth);
    expect(precision).toBeGreaterThan(0.96);
    expect(recall).toBeGreaterThan(0.87);
    const matches = truth.size - people;
    expect(model.diagnostics.expectedMatches / matches).toBeGreaterThan(0.85);
    expect(model.diagnostics.expectedMatches / matches).toBeLessThan(1.15);
  });
});
