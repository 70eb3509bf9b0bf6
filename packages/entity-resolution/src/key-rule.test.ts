import { beforeAll, expect, test } from '@jest/globals';
import { CandidateWalk, several } from './block-index.ts';
import { createBlocker } from './blocking.ts';
import { chooseWeakKinds } from './blocking-choice.ts';
import { createRarities } from './frequencies.ts';
import { hashText } from './hash.ts';
import {
  areCandidates,
  createMatcher,
  type InputRecord,
  type Matcher,
  type MatchModel,
  resolve,
  sealModel,
  trainModel,
} from './index.ts';
import { hashOfKind, KeyRule, keyKindName, keyKindOf, kindOfHash } from './key-kind.ts';
import type { ComparedPairs } from './pair-sample.ts';
import { planOf } from './plan.ts';
import { blockIndexOf } from './test-block-index.ts';
import { contactSchema, generateContacts } from './test-contacts.ts';

let people: readonly InputRecord[];
let model: MatchModel;

beforeAll(async () => {
  people = generateContacts(90, 41).records;
  model = await trainModel(people, contactSchema);
});

test('a hash tells the kind of its key', () => {
  for (const mark of ['i', 'e', 'p', 'h', 'r'])
    expect(keyKindName(kindOfHash(hashOfKind(keyKindOf(mark), 2 ** 53 - 1)))).toBe(mark);
  expect(keyKindName(kindOfHash(hashOfKind(keyKindOf('s') + 32, 5)))).toBe('s&');
});

test('rows that share one weak key only are no candidates, and rows that share one more key are', () => {
  const weak = (key: number) => hashOfKind(keyKindOf('s'), key);
  const strong = (key: number) => hashOfKind(keyKindOf('e'), key);
  const index = blockIndexOf([
    [weak(1), weak(2), strong(1)],
    [weak(1)],
    [weak(1), weak(2)],
    [strong(1)],
    [weak(2), strong(9)],
    [weak(3), strong(1), weak(1)],
  ]);
  const walk = new CandidateWalk(index, 100, new KeyRule(['s']));
  const around = (row: number): number[] =>
    Array.from(walk.candidates.slice(0, walk.around(row))).sort((a, b) => a - b);
  expect([0, 1, 2, 3, 4, 5].map(around)).toEqual([[2, 3, 5], [], [0], [0, 5], [], [0, 3]]);
  for (const left of [0, 1, 2, 3, 4, 5])
    for (const right of [0, 1, 2, 3, 4, 5])
      if (left !== right) expect(walk.share(left, right)).toBe(around(left).includes(right));
  walk.around(0);
  expect([3, 5].map((row) => walk.sharedKind(row))).toEqual([keyKindOf('e'), several]);
});

test('an edge joins exactly the pairs that are candidates by their keys, in a batch as one by one', async () => {
  const weakKinds = 'e p dg df dy dx dm l lp n k s g h z x'.split(' ');
  const strict = sealModel({ ...model, blocking: { ...model.blocking, weakKinds } });
  const matcher = createMatcher(strict);
  const { edges } = await resolve(people, strict);
  const found = new Set(edges.map(({ a, b }) => `${a} ${b}`));
  const normals = people.map((record) => matcher.normalise(record));
  const expected = new Set<string>();
  for (const left of normals)
    for (const right of normals)
      if (left.id < right.id && areCandidates(matcher, left, right) && matcher.score(left, right).probability >= 0.1)
        expected.add(`${left.id} ${right.id}`);
  expect(found).toEqual(expected);
  const free = createMatcher(model);
  const candidates = (used: Matcher) =>
    normals.flatMap((left) => normals.filter((right) => left.id < right.id && areCandidates(used, left, right))).length;
  expect(candidates(free)).toBeGreaterThan(candidates(matcher));
});

/** Pairs by kind of their only key: how many there are, and how many of these are sure matches. */
function pairsOf(groups: readonly (readonly [mark: string | null, pairs: number, matches: number])[]) {
  const shared: number[] = [];
  const weights: number[] = [];
  for (const [mark, pairs, matches] of groups)
    for (let pair = 0; pair < pairs; pair += 1) {
      shared.push(mark === null ? several : keyKindOf(mark));
      weights.push(pair < matches ? 20 : -20);
    }
  const sample = {
    count: shared.length,
    shared: Uint8Array.from(shared),
    weights: new Float64Array(shared.length).fill(1),
  };
  return { sample: sample as unknown as ComparedPairs, weigh: (pair: number) => weights[pair] as number };
}

test('a kind of key is weak when its pairs hold a match too seldom', () => {
  const { sample, weigh } = pairsOf([
    [null, 3000, 1000],
    ['s', 5000, 1],
    ['h', 2000, 10],
    ['e', 100, 0],
  ]);
  expect(chooseWeakKinds(sample, { candidates: 30_000, weigh, floor: 0 })).toEqual(['e', 's']);
});

test('kinds stop being weak before all of them together would hide too many matches', () => {
  const { sample, weigh } = pairsOf([
    [null, 1000, 400],
    ['s', 5000, 1],
    ['g', 5000, 2],
  ]);
  expect(chooseWeakKinds(sample, { candidates: 30_000, weigh, floor: 0 })).toEqual(['s']);
});

test('no kind is weak where all candidate pairs are few', () => {
  const { sample, weigh } = pairsOf([['s', 5000, 0]]);
  expect(chooseWeakKinds(sample, { candidates: 5000, weigh, floor: 0 })).toEqual([]);
});

test('the stop list of a model of a former version, by hashes without the kind, still holds', () => {
  const plan = planOf(contactSchema);
  const values = createMatcher(model).normalise(people[0] as InputRecord).values;
  const open = createBlocker(plan, createRarities(model.frequencies), []);
  const keys = open.keys(values);
  const stop = keys.slice(0, 3);
  const former = createBlocker(plan, createRarities(model.frequencies), [...stop.map(hashText), 2 ** 52]);
  const current = createBlocker(
    plan,
    createRarities(model.frequencies),
    stop.map((_, at) => open.hashes(values)[at] as number),
  );
  expect(former.keys(values)).toEqual(current.keys(values));
  expect(former.keys(values)).not.toEqual(keys);
});
