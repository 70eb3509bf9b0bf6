import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createMatcher, type FieldValue, inferSchema, reasonFor, resolve, trainModel, waterfallSvg } from './index.ts';
import { type ColumnKind, columnKinds, type InputRecord, type Schema } from './schema.ts';

/** Whatever stands in a field, nothing crashes, and nothing takes longer than its length makes fair. */

const kinds: readonly ColumnKind[] = columnKinds.filter((kind) => kind !== 'ignored');
const schema: Schema = {
  entityKind: 'mixed',
  columns: kinds.map((kind) => ({ name: kind, kind, ...(kind === 'identifier' ? { verified: true } : {}) })),
};

const long = 1_000_000;
const megabytes: Readonly<Record<string, string>> = {
  letters: 'x'.repeat(long),
  digits: '7'.repeat(long),
  spaces: ' '.repeat(long),
  brackets: '('.repeat(long),
  quotes: '"'.repeat(long),
  commas: 'a,'.repeat(long / 2),
  at: '@'.repeat(long),
  dots: 'a.'.repeat(long / 2),
  'dashes and digits': '1-'.repeat(long / 2),
  emoji: '👩‍👩‍👧'.repeat(long / 8),
  'right to left': 'שלום '.repeat(long / 5),
  'one letter that becomes many': 'ﷺ'.repeat(long),
  marks: 'e\u0301'.repeat(long / 2),
  'a letter under many marks': `e${'\u0301'.repeat(long)}`,
  nul: '\u0000'.repeat(long),
  'lone surrogates': '\ud83d'.repeat(long),
  'direction overrides': '\u202e'.repeat(long),
  words: 'smith of london '.repeat(long / 16),
  'web address': `https://${'a.'.repeat(long / 2)}com/?${'q=1&'.repeat(100)}`,
  'time of day': '12:34:'.repeat(long / 6),
};

async function withinSeconds<T>(seconds: number, work: () => T | Promise<T>): Promise<T> {
  const began = process.cpuUsage();
  const result = await work();
  const { user, system } = process.cpuUsage(began);
  expect((user + system) / 1e6).toBeLessThan(seconds);
  return result;
}

const everywhere = (id: string, value: FieldValue): InputRecord => ({
  id,
  source: 's',
  fields: Object.fromEntries(kinds.map((kind) => [kind, value])),
});

const odd = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({ unit: 'grapheme', maxLength: 40 }),
  fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 40 }).map((codes) => String.fromCharCode(...codes)),
  fc
    .array(
      fc.constantFrom(
        '\u0000',
        '\u202e',
        '\ud800',
        '\udc00',
        '😀',
        'א',
        'ab',
        '(',
        '"',
        ',',
        '@',
        '1',
        '-',
        '|',
        '&',
        '\n',
      ),
      { maxLength: 30 },
    )
    .map((parts) => parts.join('')),
  fc.constantFrom('__proto__', 'constructor', 'toString', 'NaN', 'null', '|', '||', ':', '&', '~', '+', '@', '|n'),
);
const values: fc.Arbitrary<FieldValue> = fc.oneof(
  odd,
  fc.array(odd, { maxLength: 5 }),
  fc.constantFrom(null, undefined),
);
const oddRecords = fc
  .array(fc.dictionary(fc.constantFrom(...kinds), values), { minLength: 1, maxLength: 25 })
  .map((list) =>
    list.map((fields, at): InputRecord => ({ id: `r${at}`, source: at % 2 === 0 ? '__proto__' : 's', fields })),
  );

describe('hostile input', () => {
  test('of any letters in any column neither crashes training, resolving, nor explaining', async () => {
    await fc.assert(
      fc.asyncProperty(oddRecords, async (records) => {
        const model = await trainModel(records, schema);
        const { clusters } = await resolve(records, JSON.parse(JSON.stringify(model)) as typeof model);
        expect(clusters.flat().sort()).toEqual(records.map(({ id }) => id).sort());
        const matcher = createMatcher(model);
        const normals = records.map((record) => matcher.normalise(record));
        for (const normal of normals) {
          expect(JSON.parse(JSON.stringify(normal))).toEqual(normal);
          const first = normals[0] as typeof normal;
          const { weight } = matcher.score(first, normal);
          expect(Number.isFinite(weight)).toBe(true);
          expect(waterfallSvg(reasonFor(matcher, first, normal).explanation).isWellFormed()).toBe(true);
        }
      }),
      { seed: 11, numRuns: 60 },
    );
  }, 60_000);

  test.each(Object.entries(megabytes))('a megabyte of %s in every column is read in a fair time', async (_, text) => {
    const records = [everywhere('a', text), everywhere('b', text), everywhere('c', text.slice(1))];
    await withinSeconds(4, async () => {
      const model = await trainModel(records, schema);
      await resolve(records, model);
      const matcher = createMatcher(model);
      for (const record of records) expect(JSON.stringify(matcher.normalise(record)).length).toBeLessThan(200_000);
    });
    await withinSeconds(4, () => inferSchema(records.map(({ fields }) => fields)));
  });

  test('a hundred thousand values in one field cost no more than reading them', async () => {
    const many = Array.from(
      { length: 100_000 },
      (_, at) => `name ${at} of ${at % 977} lane, +4420${7_000_000 + at} u${at}@x${at}.example`,
    );
    const records = [everywhere('a', many), everywhere('b', many.toReversed()), everywhere('c', ['', ...many])];
    await withinSeconds(6, async () => {
      const model = await trainModel(records, schema);
      const { clusters } = await resolve(records, model);
      expect(clusters.flat()).toHaveLength(3);
      const { values: kept } = createMatcher(model).normalise(records[0] as InputRecord);
      for (const slot of kept) expect(slot.length).toBeLessThanOrEqual(12);
    });
  });

  test('columns and sources that are called like parts of every object are columns like others', async () => {
    const names = ['constructor', 'toString', 'hasOwnProperty', '__proto__'];
    const own: Schema = { entityKind: 'other', columns: names.map((name) => ({ name, kind: 'freeText' })) };
    const records = ['a', 'b', 'c'].map(
      (id): InputRecord => ({
        id,
        source: 'constructor',
        fields: id === 'c' ? {} : JSON.parse('{"__proto__": "deep red house", "constructor": "blue"}'),
      }),
    );
    const model = await trainModel(records, own);
    const matcher = createMatcher(model);
    expect(matcher.normalise(records[0] as InputRecord).values).toEqual([['blue'], [], [], ['deep house red']]);
    expect(matcher.normalise(records[2] as InputRecord).values).toEqual([[], [], [], []]);
    expect((await resolve(records, model)).clusters.flat()).toHaveLength(3);
  });

  test('values that are no text are left out', async () => {
    const wrong = [7, true, {}, [7, null, 'ann'], new Date(0)] as unknown as FieldValue[];
    const records = wrong.map((value, at) => everywhere(`r${at}`, value));
    const model = await trainModel(records, schema);
    expect((await resolve(records, model)).clusters.flat()).toHaveLength(wrong.length);
    expect(JSON.stringify(createMatcher(model).normalise(records[3] as InputRecord))).toContain('ann');
  });

  test('crowds of equal and of nearly equal records are resolved in a fair time', async () => {
    const crowd = Array.from({ length: 400 }, (_, at) =>
      everywhere(`r${at}`, at % 3 === 0 ? 'ann smith' : `ann smith ${at % 7}`),
    );
    await withinSeconds(30, async () => {
      const model = await trainModel(crowd, schema);
      expect((await resolve(crowd, model)).clusters.flat()).toHaveLength(400);
    });
  }, 60_000);
});
