import { beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { clusterComponent, createMatcher, type Matcher, type MatchModel, resolve, trainModel } from './index.ts';
import { probabilityOf } from './model.ts';
import type { InputRecord } from './schema.ts';
import { generateContacts, linkedContactSchema } from './test-contacts.ts';
import { LiveIndex } from './test-live-index.ts';

/** The promises of the README, held by arbitrary records. */

let people: readonly InputRecord[];
let model: MatchModel;
let matcher: Matcher;

beforeAll(async () => {
  people = generateContacts(250, 23).records;
  model = await trainModel(people, linkedContactSchema);
  matcher = createMatcher(model);
});

/**
 * Records that are hard to tell apart: each takes its fields from a few people, some several values at once, some nothing. So clusters of
 * many shapes come about, also such as hang together by one e-mail or one phone number only.
 */
const fieldNames = ['first', 'last', 'email', 'phone', 'city', 'born'] as const;
const sketches = fc.uniqueArray(
  fc.record({
    number: fc.nat({ max: 400 }),
    source: fc.constantFrom('left', 'right', 'new'),
    person: fc.nat({ max: 7 }),
    borrowed: fc.dictionary(fc.constantFrom(...fieldNames), fc.integer({ min: -1, max: 7 }), { maxKeys: 3 }),
    twice: fc.option(fc.constantFrom('email', 'phone', 'last')),
    links: fc.array(fc.nat({ max: 23 }), { maxLength: 2 }),
  }),
  { minLength: 2, maxLength: 24, selector: ({ number }) => number },
);
type Sketch = typeof sketches extends fc.Arbitrary<(infer T)[]> ? T : never;

function recordOf({ number, source, person, borrowed, twice, links }: Sketch): InputRecord {
  const base = people[person * 3] as InputRecord;
  const fields: Record<string, string | readonly string[]> = { ...(base.fields as Record<string, string>) };
  for (const [name, from] of Object.entries(borrowed))
    fields[name] = from < 0 ? '' : ((people[from * 3] as InputRecord).fields[name] as string);
  if (twice !== null)
    fields[twice] = [fields[twice] as string, (people[(person + 1) * 3] as InputRecord).fields[twice] as string];
  fields.record = `id-${number % 24}`;
  fields.linked = links.map((other) => `id-${other}`);
  return { id: `r${String(number).padStart(3, '0')}`, source, fields };
}

const recordSets = sketches.map((list) => list.map(recordOf));
const pairsOf = (records: readonly InputRecord[]) =>
  fc
    .array(fc.tuple(fc.nat({ max: records.length - 1 }), fc.nat({ max: records.length - 1 })), { maxLength: 6 })
    .map((pairs) =>
      pairs.flatMap(([a, b]) =>
        a === b ? [] : [[(records[a] as InputRecord).id, (records[b] as InputRecord).id] as const],
      ),
    );

function together(clusters: readonly (readonly string[])[]): (a: string, b: string) => boolean {
  const clusterOf = new Map(clusters.flatMap((ids, at) => ids.map((id) => [id, at] as const)));
  return (a, b) => clusterOf.get(a) === clusterOf.get(b);
}

function indexOf(records: Iterable<InputRecord>): LiveIndex {
  const index = new LiveIndex(matcher);
  for (const record of records) index.upsert(record);
  return index;
}

describe('the partition', () => {
  test('is the same for any order of the records', async () => {
    const shuffled = recordSets.chain((records) =>
      fc.tuple(fc.constant(records), fc.shuffledSubarray(records, { minLength: records.length })),
    );
    await fc.assert(
      fc.asyncProperty(shuffled, async ([records, turned]) => {
        expect(await resolve(turned, model)).toEqual(await resolve(records, model));
      }),
      { seed: 1, numRuns: 60 },
    );
  });

  test('is the same for one record at a time, with constraints too', async () => {
    const judged = recordSets.chain((records) => fc.tuple(fc.constant(records), pairsOf(records), pairsOf(records)));
    let merged = 0;
    await fc.assert(
      fc.asyncProperty(judged, async ([records, mustLink, cannotLink]) => {
        const index = indexOf(records);
        const plain = (await resolve(records, model)).clusters;
        merged += plain.filter((cluster) => cluster.length > 2).length;
        expect(index.clusters()).toEqual(plain);
        const { clusters } = await resolve(records, model, { mustLink, cannotLink });
        expect(index.clusters({ mustLink, cannotLink })).toEqual(clusters);
      }),
      { seed: 2, numRuns: 60 },
    );
    expect(merged).toBeGreaterThan(20);
  });

  test('depends on what the records are, not on how they became so: updates and deletions leave no trace', () => {
    const histories = fc.tuple(
      sketches,
      fc.array(fc.record({ at: fc.nat({ max: 23 }), becomes: fc.nat({ max: 23 }), deleted: fc.boolean() }), {
        maxLength: 20,
      }),
    );
    fc.assert(
      fc.property(histories, ([list, changes]) => {
        const records = list.map(recordOf);
        const index = indexOf(records);
        const now = new Map(records.map((record) => [record.id, record]));
        for (const { at, becomes, deleted } of changes) {
          const { id } = records[at % records.length] as InputRecord;
          if (deleted) {
            index.remove(id);
            now.delete(id);
            continue;
          }
          const record = { ...(records[becomes % records.length] as InputRecord), id };
          index.upsert(record);
          now.set(id, record);
        }
        expect(index.clusters()).toEqual(indexOf(now.values()).clusters());
        for (const record of records) index.upsert(record);
        expect(index.clusters()).toEqual(indexOf(records).clusters());
      }),
      { seed: 3, numRuns: 60 },
    );
  });
});

describe('constraints', () => {
  test('cannot-link is always held, must-link unless cannot-link or a chain of both forbids it', async () => {
    const judged = recordSets.chain((records) => fc.tuple(fc.constant(records), pairsOf(records), pairsOf(records)));
    await fc.assert(
      fc.asyncProperty(judged, async ([records, mustLink, cannotLink]) => {
        const { clusters } = await resolve(records, model, { mustLink, cannotLink });
        const joined = together(clusters);
        for (const [a, b] of cannotLink) expect(joined(a, b)).toBe(false);
        if (cannotLink.length === 0) for (const [a, b] of mustLink) expect(joined(a, b)).toBe(true);
        expect(clusters.flat().sort()).toEqual(records.map(({ id }) => id).sort());
      }),
      { seed: 4, numRuns: 80 },
    );
  });

  test('a source without duplicates never stands twice in a cluster; two such sources are matched one to one', async () => {
    await fc.assert(
      fc.asyncProperty(recordSets, async (records) => {
        const sources = new Map(records.map(({ id, source }) => [id, source]));
        const times = (cluster: readonly string[], source: string): number =>
          cluster.filter((id) => sources.get(id) === source).length;
        const { clusters } = await resolve(records, model, { duplicateFreeSources: ['left', 'right'] });
        for (const cluster of clusters) {
          expect(times(cluster, 'left')).toBeLessThanOrEqual(1);
          expect(times(cluster, 'right')).toBeLessThanOrEqual(1);
        }
      }),
      { seed: 5, numRuns: 80 },
    );
  });
});

describe('explanations', () => {
  test('add up to the weight exactly, whichever record comes first', () => {
    fc.assert(
      fc.property(recordSets, (records) => {
        const normals = records.map((record) => matcher.normalise(record));
        for (const [at, a] of normals.entries()) {
          const b = normals[(at + 1) % normals.length] as (typeof normals)[number];
          const { prior, rows, weight, probability } = matcher.explain(a, b);
          expect(rows.reduce((sum, row) => sum + row.weight + row.termFrequencyWeight, prior)).toBe(weight);
          expect(matcher.score(b, a)).toMatchObject({ weight, probability: probabilityOf(weight) });
          expect(probability).toBe(probabilityOf(weight));
        }
      }),
      { seed: 6, numRuns: 60 },
    );
  });
});

describe('training', () => {
  test('is deterministic: equal records, schema and seed give an equal model in any order', async () => {
    const samples = fc.record({
      data: fc.integer({ min: 1, max: 1_000 }),
      seed: fc.integer({ min: 1, max: 1_000 }),
      people: fc.integer({ min: 5, max: 60 }),
    });
    await fc.assert(
      fc.asyncProperty(samples, async ({ data, seed, people: count }) => {
        const { records } = generateContacts(count, data);
        const first = await trainModel(records, linkedContactSchema, { seed });
        expect(await trainModel(records.toReversed(), linkedContactSchema, { seed })).toEqual(first);
      }),
      { seed: 7, numRuns: 8 },
    );
  });
});

describe('a higher threshold', () => {
  const thresholds = fc
    .tuple(fc.double({ min: 0.2, max: 0.9999, noNaN: true }), fc.double({ min: 0.2, max: 0.9999, noNaN: true }))
    .map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const);

  test('keeps a part of the links, and joins nothing that the links of a lower one do not connect', async () => {
    await fc.assert(
      fc.asyncProperty(recordSets, thresholds, async (records, [low, high]) => {
        const lower = await resolve(records, model, { threshold: low });
        const higher = await resolve(records, model, { threshold: high });
        const links = lower.edges.filter(({ probability }) => probability >= low);
        const names = new Set(links.map(({ a, b }) => `${a} ${b}`));
        for (const { a, b, probability } of higher.edges)
          if (probability >= high) expect(names.has(`${a} ${b}`)).toBe(true);
        const connected = together(componentsOf(records, links));
        for (const cluster of higher.clusters)
          for (const id of cluster) expect(connected(cluster[0] as string, id)).toBe(true);
      }),
      { seed: 8, numRuns: 80 },
    );
  });

  test('may cut a larger cluster elsewhere instead of finer, since a record goes where it fits best', () => {
    const edges = [
      { a: 'a1', b: 'a2', weight: 12 },
      { a: 'a1', b: 'b', weight: 10 },
      { a: 'b', b: 'c', weight: 9 },
    ];
    const score = (a: string, b: string) => ({ weight: a === 'a2' && b === 'b' ? -5 : -9, conflict: false });
    const at = (minimumWeight: number): string[][] =>
      clusterComponent(['a1', 'a2', 'b', 'c'], edges, score, { minimumWeight });
    expect(at(3)).toEqual([['a1', 'a2', 'b'], ['c']]);
    expect(at(5)).toEqual([
      ['a1', 'a2'],
      ['b', 'c'],
    ]);
  });
});

function componentsOf(
  records: readonly InputRecord[],
  links: readonly { readonly a: string; readonly b: string }[],
): string[][] {
  const groups = new Map(records.map(({ id }) => [id, new Set([id])]));
  for (const { a, b } of links) {
    const [left, right] = [groups.get(a) as Set<string>, groups.get(b) as Set<string>];
    if (left === right) continue;
    for (const id of right) {
      left.add(id);
      groups.set(id, left);
    }
  }
  return [...new Set(groups.values())].map((group) => [...group]);
}
