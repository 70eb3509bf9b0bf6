import { beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  areCandidates,
  clusterComponent,
  createMatcher,
  decisionThreshold,
  type Matcher,
  type MatchModel,
  type NormalRecord,
  probabilityOf,
  resolve,
  trainModel,
  weightOf,
} from './index.ts';
import { createRandom } from './random.ts';
import type { InputRecord } from './schema.ts';
import { contactSchema, type GeneratedContacts, generateContacts, pairScores } from './test-contacts.ts';

let data: GeneratedContacts;
let model: MatchModel;
let matcher: Matcher;

beforeAll(async () => {
  data = generateContacts(400, 11);
  model = await trainModel(data.records, contactSchema);
  matcher = createMatcher(model);
});

function shuffle<T>(list: readonly T[], seed: number): T[] {
  const random = createRandom(seed);
  return list
    .map((item) => ({ item, at: random.next() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
}

/** What a service does with events: keys, candidates and edges one record at a time, then clusters of what is connected. */
function resolveIncrementally(records: readonly InputRecord[], used: Matcher): string[][] {
  const minimum = weightOf(decisionThreshold(used.model));
  const blocks = new Map<string, string[]>();
  const normals = new Map<string, NormalRecord>();
  const edges = new Map<string, { a: string; b: string; weight: number }[]>();
  for (const record of records) {
    const normal = JSON.parse(JSON.stringify(used.normalise(record))) as NormalRecord;
    const candidates = new Set<string>();
    for (const key of used.blockKeys(normal)) {
      const members = blocks.get(key) ?? [];
      for (const member of members) candidates.add(member);
      blocks.set(key, [...members, record.id]);
    }
    normals.set(record.id, normal);
    edges.set(record.id, []);
    for (const other of candidates) {
      if (!areCandidates(used, normal, normals.get(other) as NormalRecord)) continue;
      const { weight } = used.score(normal, normals.get(other) as NormalRecord);
      if (weight < minimum) continue;
      const edge = { a: record.id, b: other, weight };
      edges.get(record.id)?.push(edge);
      edges.get(other)?.push(edge);
    }
  }
  const clusters: string[][] = [];
  const placed = new Set<string>();
  for (const record of records) {
    if (placed.has(record.id)) continue;
    const nodes = new Set([record.id]);
    const inside = new Set<{ a: string; b: string; weight: number }>();
    for (const node of nodes) {
      for (const edge of edges.get(node) ?? []) {
        inside.add(edge);
        nodes.add(edge.a === node ? edge.b : edge.a);
      }
    }
    for (const node of nodes) placed.add(node);
    clusters.push(
      ...clusterComponent(
        [...nodes],
        [...inside],
        (a, b) => used.score(normals.get(a) as NormalRecord, normals.get(b) as NormalRecord),
        {
          minimumWeight: minimum,
          origins: {
            prior: used.model.prior,
            sourcePriors: used.model.sourcePriors,
            sourceOf: (id) => (normals.get(id) as NormalRecord).source,
          },
        },
      ),
    );
  }
  return clusters.sort((left, right) => ((left[0] as string) < (right[0] as string) ? -1 : 1));
}

describe('training', () => {
  test('equal records give an equal model, in whatever order they come', async () => {
    const again = await trainModel(shuffle(data.records, 5), contactSchema);
    expect(again).toEqual(model);
    expect(again.version).toBe(model.version);
  });

  test('a model survives being written as JSON', async () => {
    const stored = JSON.parse(JSON.stringify(model)) as MatchModel;
    expect(await resolve(data.records, stored)).toEqual(await resolve(data.records, model));
  });

  test('level probabilities of every comparison add up to one', () => {
    for (const feature of model.features) {
      expect(feature.levels.reduce((sum, level) => sum + level.m, 0)).toBeCloseTo(1, 9);
      expect(feature.levels.reduce((sum, level) => sum + level.u, 0)).toBeCloseTo(1, 9);
    }
  });

  test('an aborted signal stops it with the reason', async () => {
    await expect(
      trainModel(generateContacts(600, 1).records, contactSchema, { signal: AbortSignal.abort(new Error('enough')) }),
    ).rejects.toThrow('enough');
  });

  test('an empty or hopeless input still gives a usable model', async () => {
    const empty = await trainModel([], contactSchema);
    expect(await resolve([], empty)).toEqual({ clusters: [], edges: [] });
    const blank = [
      { id: 'a', source: 's', fields: {} },
      { id: 'b', source: 's', fields: { first: null } },
    ];
    expect((await resolve(blank, await trainModel(blank, contactSchema))).clusters).toEqual([['a'], ['b']]);
  });

  test('a schema with an unknown kind is refused by the name of its column', async () => {
    await expect(
      trainModel([], { entityKind: 'person', columns: [{ name: 'shoe', kind: 'size' as never }] }),
    ).rejects.toThrow('shoe');
  });
});

describe('resolving', () => {
  test('generated contacts are resolved almost perfectly without labels', async () => {
    const { clusters } = await resolve(data.records, model);
    const { precision, recall } = pairScores(clusters, data.truth);
    expect(precision).toBeGreaterThan(0.99);
    expect(recall).toBeGreaterThan(0.98);
  });

  test('the order of records changes nothing', async () => {
    const expected = await resolve(data.records, model);
    for (const seed of [1, 2, 3]) expect(await resolve(shuffle(data.records, seed), model)).toEqual(expected);
  });

  test('one record at a time, in any order, gives the partition of the batch', async () => {
    const { clusters } = await resolve(data.records, model);
    for (const seed of [1, 2])
      expect(resolveIncrementally(shuffle(data.records, seed), createMatcher(model))).toEqual(clusters);
  });

  test('must-link and cannot-link hold', async () => {
    const { clusters } = await resolve(data.records, model);
    const couple = clusters.find((cluster) => cluster.length === 2) as [string, string];
    const [first, second] = clusters
      .filter((cluster) => cluster.length === 1)
      .map((cluster) => cluster[0] as string) as [string, string];
    const judged = await resolve(data.records, model, { cannotLink: [couple], mustLink: [[first, second]] });
    expect(judged.clusters.some((cluster) => cluster.includes(couple[0]) && cluster.includes(couple[1]))).toBe(false);
    expect(judged.clusters.some((cluster) => cluster.includes(first) && cluster.includes(second))).toBe(true);
  });

  test('a higher threshold never finds more pairs above it', async () => {
    const count = async (threshold: number): Promise<number> =>
      (await resolve(data.records, model, { threshold })).edges.filter((edge) => edge.probability >= threshold).length;
    expect(await count(0.99)).toBeLessThanOrEqual(await count(0.7));
  });

  test('two records with one id are refused', async () => {
    const twice = [data.records[0], data.records[0]] as InputRecord[];
    await expect(resolve(twice, model)).rejects.toThrow('p0-0');
  });

  test('a value that everybody has makes no giant cluster', async () => {
    const crowded = data.records.map((record) => ({
      ...record,
      fields: { ...record.fields, phone: '(702) 555-0142', city: 'Springfield' },
    }));
    const own = await trainModel(crowded, contactSchema);
    const { clusters } = await resolve(crowded, own);
    expect(Math.max(...clusters.map((cluster) => cluster.length))).toBeLessThanOrEqual(4);
    expect(pairScores(clusters, data.truth).precision).toBeGreaterThan(0.95);
  });

  test('hostile values neither crash nor hang', async () => {
    const odd = fc.sample(fc.string({ unit: 'binary', maxLength: 60 }), { seed: 3, numRuns: 200 });
    const hostile = data.records.slice(0, 200).map((record, index) => ({
      ...record,
      fields: {
        first: odd[index] ?? null,
        last: index % 3 === 0 ? 'x'.repeat(1_000_000) : `\u202e${odd[index]}\u0000`,
        email: `@${odd[index]}@`,
        phone: '+'.repeat(index),
        born: `${odd[index]}-${index}`,
        city: '😀'.repeat(index),
      },
    }));
    const own = await trainModel(hostile, contactSchema);
    expect((await resolve(hostile, own)).clusters.flat().length).toBe(200);
  });
});

describe('single records', () => {
  const family = (id: string, fields: Record<string, string>): InputRecord => ({ id, source: 'left', fields });

  test('the first and the second of a name never match, an initial is no other name than the one it begins', () => {
    const named = (first: string) => matcher.normalise(family(first, { first, last: 'Klein', born: '1982-04-12' }));
    expect(matcher.score(named('Morris I'), named('Morris II')).conflict).toBe(true);
    expect(matcher.score(named('Morris I'), named('Morris Ivan')).conflict).toBe(false);
    expect(matcher.score(named('Morris I'), named('Morris')).conflict).toBe(false);
  });

  test('senior and junior never match, whatever else agrees', () => {
    const shared = {
      first: 'Robert',
      email: 'robert.stenford22@gmail.com',
      phone: '(415) 220-1987',
      city: 'Dover',
      born: '1970-02-03',
    };
    const senior = matcher.normalise(family('a', { ...shared, last: 'Stenford Sr.' }));
    const junior = matcher.normalise(family('b', { ...shared, last: 'Stenford Jr.' }));
    const plain = matcher.normalise(family('c', { ...shared, last: 'Stenford' }));
    expect(matcher.score(senior, junior).conflict).toBe(true);
    expect(matcher.score(senior, junior).probability).toBeLessThan(1e-6);
    expect(matcher.score(senior, plain).conflict).toBe(false);
    expect(matcher.score(senior, plain).probability).toBeGreaterThan(0.99);
  });

  test('verified identifiers that differ exclude a match', async () => {
    const schema = {
      ...contactSchema,
      columns: [...contactSchema.columns, { name: 'tax', kind: 'identifier' as const, verified: true }],
    };
    const records = data.records.map((record) => ({
      ...record,
      fields: { ...record.fields, tax: data.truth.get(record.id)?.padStart(9, '4') ?? '' },
    }));
    const own = createMatcher(await trainModel(records, schema));
    const one = records[0] as InputRecord;
    const same = own.normalise({ ...one, id: 'x' });
    const other = own.normalise({ ...one, id: 'y', fields: { ...one.fields, tax: '999111222' } });
    expect(own.score(own.normalise(one), same).conflict).toBe(false);
    expect(own.score(own.normalise(one), other).conflict).toBe(true);
  });

  test('scores are symmetric and do not depend on what was scored before', () => {
    const fresh = createMatcher(model);
    const random = createRandom(9);
    for (let round = 0; round < 300; round += 1) {
      const a = data.records[random.below(data.records.length)] as InputRecord;
      const b = data.records[random.below(data.records.length)] as InputRecord;
      const expected = matcher.score(matcher.normalise(a), matcher.normalise(b));
      expect(fresh.score(fresh.normalise(b), fresh.normalise(a))).toEqual(expected);
    }
  });

  test('the rows of an explanation add up to the weight, exactly and in any order', () => {
    const random = createRandom(4);
    for (let round = 0; round < 300; round += 1) {
      const at = random.below(data.records.length - 1);
      const a = matcher.normalise(data.records[at] as InputRecord);
      const b = matcher.normalise(
        data.records[round % 2 === 0 ? at + 1 : random.below(data.records.length)] as InputRecord,
      );
      const { prior, rows, weight, probability } = matcher.explain(a, b);
      const parts = [prior, ...rows.flatMap((row) => [row.weight, row.termFrequencyWeight])];
      const add = (sum: number, part: number): number => sum + part;
      expect(parts.reduce(add, 0)).toBe(weight);
      expect(shuffle(parts, round).reduce(add, 0)).toBe(weight);
      expect(weight).toBe(matcher.score(a, b).weight);
      expect(probability).toBe(probabilityOf(weight));
    }
  });

  test('an explanation can leave the values out', () => {
    const [a, b] = [data.records[0], data.records[1]].map((record) => matcher.normalise(record as InputRecord)) as [
      NormalRecord,
      NormalRecord,
    ];
    const { rows } = matcher.explain(a, b, { redact: true });
    expect(rows.every((row) => row.left === null && row.right === null)).toBe(true);
    expect(matcher.explain(a, b).rows.some((row) => row.left !== null)).toBe(true);
  });
});
