import { createRandom } from './random.ts';
import type { InputRecord, Schema } from './schema.ts';

/** Small generated data for tests: contacts of two sources with known entities, and a word list that makes names rare enough to matter. */
export const contactSchema: Schema = {
  entityKind: 'person',
  defaultCountry: 'US',
  columns: [
    { name: 'first', kind: 'givenName' },
    { name: 'last', kind: 'familyName' },
    { name: 'email', kind: 'email' },
    { name: 'phone', kind: 'phone' },
    { name: 'city', kind: 'city' },
    { name: 'born', kind: 'date' },
  ],
};

/** The same with the id that a record has in its system, and the ids that it keeps of records in another. */
export const linkedContactSchema: Schema = {
  ...contactSchema,
  columns: [
    { name: 'record', kind: 'recordId', group: 'native sync' },
    ...contactSchema.columns,
    { name: 'linked', kind: 'recordLink', group: 'native sync' },
  ],
};

const givenNames =
  'robert william james john michael david richard thomas mary patricia jennifer linda elizabeth susan karen nancy margaret sandra ashley carol'.split(
    ' ',
  );
const shortForms: Readonly<Record<string, string>> = {
  robert: 'bob',
  william: 'bill',
  james: 'jim',
  michael: 'mike',
  richard: 'rick',
  thomas: 'tom',
  elizabeth: 'liz',
  margaret: 'peggy',
};
const syllables = 'bar bel cor dan fel gar hol kin lor mar nor pel quin ros sten tal ver wex yar zan'.split(' ');
const endings = 'son ford ley ton berg man well ridge'.split(' ');
const cities = 'Springfield Riverton Fairview Lakewood Ashland Milton Dover Clayton'.split(' ');

export interface GeneratedContacts {
  readonly records: InputRecord[];
  readonly truth: ReadonlyMap<string, string>;
}

/** `people` entities; about half of them stand twice, with typing errors, short forms and gaps, and a third of
 * these name the first. The same seed gives the same data. */
export function generateContacts(people: number, seed: number): GeneratedContacts {
  const random = createRandom(seed);
  const pick = <T>(list: readonly T[]): T => list[random.below(list.length)] as T;
  const records: InputRecord[] = [];
  const truth = new Map<string, string>();
  const misspell = (text: string): string => {
    const at = 1 + random.below(Math.max(1, text.length - 2));
    return text.slice(0, at) + text.charAt(at + 1) + text.charAt(at) + text.slice(at + 2);
  };
  for (let person = 0; person < people; person += 1) {
    const first = pick(givenNames);
    const last = pick(syllables) + pick(syllables) + pick(endings);
    const fields = {
      first,
      last,
      email: `${first}.${last}${random.below(90) + 10}@${pick(['gmail.com', 'yahoo.com', 'northwind.com', 'acmetools.com'])}`,
      phone: `(${200 + random.below(700)}) ${200 + random.below(700)}-${1000 + random.below(9000)}`,
      city: pick(cities),
      born: `19${50 + random.below(50)}-${String(1 + random.below(12)).padStart(2, '0')}-${String(1 + random.below(28)).padStart(2, '0')}`,
    };
    const copies = random.next() < 0.5 ? 2 : 1;
    for (let copy = 0; copy < copies; copy += 1) {
      const own: Record<string, string> = { ...fields };
      if (copy > 0) {
        const change = random.below(5);
        if (change === 0) own.first = shortForms[first] ?? first.toUpperCase();
        if (change === 1) own.last = misspell(last);
        if (change === 2) own.email = '';
        if (change === 3) own.phone = '';
        if (change === 4) own.born = '';
        own.phone = (own.phone as string).replace(/[()\s-]/g, '');
      }
      const id = `p${person}-${copy}`;
      const links = copy > 0 && person % 3 === 0 ? { linked: `p${person}-0` } : {};
      records.push({ id, source: copy === 0 ? 'left' : 'right', fields: { ...own, record: id, ...links } });
      truth.set(id, String(person));
    }
  }
  return { records, truth };
}

/** Precision and recall of the pairs that clusters imply. */
export function pairScores(
  clusters: readonly (readonly string[])[],
  truth: ReadonlyMap<string, string>,
): { precision: number; recall: number } {
  let hit = 0;
  let found = 0;
  let wanted = 0;
  const sizes = new Map<string, number>();
  for (const entity of truth.values()) sizes.set(entity, (sizes.get(entity) ?? 0) + 1);
  for (const size of sizes.values()) wanted += (size * (size - 1)) / 2;
  for (const cluster of clusters) {
    for (let x = 0; x < cluster.length; x += 1) {
      for (let y = x + 1; y < cluster.length; y += 1) {
        found += 1;
        if (truth.get(cluster[x] as string) === truth.get(cluster[y] as string)) hit += 1;
      }
    }
  }
  return { precision: found === 0 ? 1 : hit / found, recall: wanted === 0 ? 1 : hit / wanted };
}
