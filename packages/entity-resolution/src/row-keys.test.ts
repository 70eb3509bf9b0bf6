import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createBlocker } from './blocking.ts';
import { createRarities } from './frequencies.ts';
import { FrequencyCount } from './frequency-count.ts';
import { TextHasher } from './hash.ts';
import { KeyTrail } from './key-trail.ts';
import { prepareRecords } from './record-table.ts';
import { RowKeys } from './row-keys.ts';
import { type ColumnKind, columnKinds, type InputRecord, type Schema } from './schema.ts';
import { contactSchema, generateContacts } from './test-contacts.ts';

const schemaOf = (kinds: readonly ColumnKind[]): Schema => ({
  entityKind: 'mixed',
  columns: kinds.map((kind) => ({ name: kind, kind })),
});

function joinedBy(trail: KeyTrail, place: number, row: number): number[] {
  const into: number[] = [];
  trail.join(place, row, { hasher: new TextHasher(), into });
  return into;
}

/** The keys of every row, as they are made of words and as they are made of texts. */
async function bothWays(records: readonly InputRecord[], schema: Schema, everyNth: number): Promise<void> {
  const { plan, store } = await prepareRecords(records, schema);
  const rarities = createRarities(new FrequencyCount(plan, store).byRecord());
  const open = createBlocker(plan, rarities, []);
  const all = Array.from({ length: store.rows }, (_, row) => [...open.hashes(store.valuesOf(row))]).flat();
  for (const stopKeys of [[], all.filter((_, at) => at % everyNth === 0)]) {
    const blocker = createBlocker(plan, rarities, stopKeys);
    const expectedTrail = new KeyTrail();
    const trail = new KeyTrail();
    const rowKeys = new RowKeys(plan, store, { rarities, stopKeys, trail });
    let place = 0;
    for (let row = 0; row < store.rows; row += 1) {
      const keys = [...rowKeys.of(row)];
      expect(keys).toEqual([...blocker.hashes(store.valuesOf(row), expectedTrail)]);
      if (stopKeys.length > 0) continue;
      for (const _ of keys) {
        expect(joinedBy(trail, place, row)).toEqual(joinedBy(expectedTrail, place, row));
        place += 1;
      }
    }
  }
}

test('keys made of words are those made of texts: contacts', async () => {
  const { records } = generateContacts(300, 5);
  await bothWays(records, contactSchema, 3);
});

const words = fc.constantFrom(
  'Robert',
  'bob',
  'MacDonald-Smith',
  'van der Berg',
  'o’Neill',
  'Jr',
  'info@acme.com',
  'bob.smith+x@mail.example.co.uk',
  '@',
  'ab@',
  '+44 20 7946 0018',
  '555 0199 x12',
  '1979-03-02',
  '1980',
  '12 Main Street Apt 4',
  'Acme New New York Holdings Ltd',
  'The Acme',
  'GmbH',
  'K1A 0B1',
  '90210',
  'St. Gallen',
  '日本 太郎',
  'a',
  'https://www.acme.com/x',
);
const value = fc.oneof(words, fc.array(words, { maxLength: 3 }), fc.string({ unit: 'grapheme', maxLength: 12 }));

test.each([
  ['every kind of column', columnKinds.filter((kind) => kind !== 'ignored')],
  ['organisations', ['organisation', 'email', 'phone', 'address', 'city', 'postalCode', 'domain']],
  ['texts', ['freeText', 'identifier', 'date', 'latitude', 'longitude']],
] as const)('keys made of words are those made of texts: %s', async (_, kinds: readonly ColumnKind[]) => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.dictionary(fc.constantFrom(...kinds), value), { minLength: 1, maxLength: 12 }),
      fc.integer({ min: 1, max: 4 }),
      async (rows, everyNth) => {
        const records = rows.map((fields, at) => ({ id: `${at}`, source: 's', fields }));
        await bothWays(records, schemaOf(kinds), everyNth);
      },
    ),
    { numRuns: 150 },
  );
});
