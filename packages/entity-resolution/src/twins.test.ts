import { describe, expect, test } from '@jest/globals';
import { resolve, trainModel } from './index.ts';
import { createRandom } from './random.ts';
import type { InputRecord, Schema } from './schema.ts';

const schema: Schema = {
  entityKind: 'person',
  columns: [
    { name: 'given', kind: 'givenName' },
    { name: 'family', kind: 'familyName' },
    { name: 'street', kind: 'street' },
    { name: 'zip', kind: 'postalCode' },
    { name: 'born', kind: 'date' },
    { name: 'insurance', kind: 'identifier' },
  ],
};

const syllables = 'bar bel cor dan fel gar hol kin lor mar nor pel quin ros sten tal ver wex yar zan'.split(' ');

/**
 * 900 people, each of whom stands in two lists. Of fifty the second list has another given name and another number; where there are
 * `families`, the people live three in a house, and further fifty pairs of them are twins.
 */
function generate({ families }: { readonly families: boolean }) {
  const random = createRandom(11);
  const word = (): string => [0, 0, 0].map(() => syllables[random.below(syllables.length)]).join('');
  const born = (): string =>
    `19${String(30 + random.below(60))}-${String(1 + random.below(12)).padStart(2, '0')}-${String(1 + random.below(28)).padStart(2, '0')}`;
  const records: InputRecord[] = [];
  const odd: [string, string][] = [];
  const twins: [string, string][] = [];
  let house = { family: '', street: '', zip: '' };
  let day = '';
  for (let person = 0; person < 900; person += 1) {
    const isFirst = !families || person % 3 === 0;
    if (isFirst)
      house = {
        family: word(),
        street: `${1 + random.below(900)} ${word()} street`,
        zip: `${10_000 + random.below(80_000)}`,
      };
    const isTwin = families && person % 18 === 2;
    if (!isTwin) day = born();
    if (isTwin) twins.push([`a${person - 1}`, `a${person}`]);
    const own = { ...house, given: word(), born: day, insurance: `${1_000_000 + random.below(8_000_000)}` };
    const isOdd = person % 18 === 0;
    const second = isOdd ? { ...own, given: word(), insurance: `${1_000_000 + random.below(8_000_000)}` } : own;
    if (isOdd) odd.push([`a${person}`, `b${person}`]);
    records.push({ id: `a${person}`, source: 'a', fields: own }, { id: `b${person}`, source: 'b', fields: second });
  }
  return { records, odd, twins };
}

async function joined(records: readonly InputRecord[], pairs: readonly (readonly [string, string])[]): Promise<number> {
  const { clusters } = await resolve(records, await trainModel(records, schema));
  return (
    pairs.filter(([a, b]) => clusters.some((cluster) => cluster.includes(a) && cluster.includes(b))).length /
    pairs.length
  );
}

describe('people who share family name, home and birthday, and neither given name nor number', () => {
  test('are one where the table shows no families', async () => {
    const { records, odd } = generate({ families: false });
    expect(await joined(records, odd)).toBeGreaterThan(0.9);
  });

  test('are two where it does', async () => {
    const { records, twins } = generate({ families: true });
    expect(await joined(records, twins)).toBeLessThan(0.1);
  });
});
