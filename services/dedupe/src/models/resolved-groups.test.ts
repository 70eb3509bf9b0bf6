import { expect, test } from '@jest/globals';
import { probabilityOf, type RowResolution } from '@kempt/entity-resolution';
import { withProbabilities } from '../matching/change-resolution.ts';
import { rowOf } from './kind-table.ts';
import { edgeBatches, groupBatches } from './resolved-groups.ts';

const ids = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
const edges: readonly (readonly [number, number, number])[] = [
  [0, 2, 4],
  [0, 5, 1],
  [1, 3, 6],
  [2, 5, 3],
  [3, 4, -2],
];
const resolution: RowResolution = {
  clusterOf: Int32Array.of(0, 1, 0, 1, 4, 0, 6),
  edges: {
    lefts: Int32Array.from(edges, ([left]) => left),
    rights: Int32Array.from(edges, ([, right]) => right),
    weights: Float64Array.from(edges, ([, , weight]) => weight),
  },
};
const named = edges.map(([left, right, weight]) => ({
  left: ids[left] as string,
  right: ids[right] as string,
  weight,
  probability: probabilityOf(weight),
}));

test('edges come with the ids of their rows, many at a time', () => {
  expect([...edgeBatches(ids, resolution, 2)]).toEqual([named.slice(0, 2), named.slice(2, 4), named.slice(4)]);
});

test('groups come in order of their first record, with the probabilities that a change would give their members', () => {
  const clusters = [['a', 'c', 'f'], ['b', 'd'], ['e'], ['g']];
  const groups = [...groupBatches(ids, resolution, { mustLink: [], size: 3 })];
  expect(groups.map((batch) => batch.length)).toEqual([3, 1]);
  const inside = (members: readonly string[]) =>
    named.filter(({ left, right }) => members.includes(left) && members.includes(right));
  expect(groups.flat()).toEqual(clusters.map((members) => withProbabilities(members, inside(members))));
});

test('a verdict ties two records of a group as firmly as anything can', () => {
  const [first] = [
    ...groupBatches(ids, resolution, {
      mustLink: [
        ['c', 'f'],
        ['e', 'g'],
      ],
      size: 9,
    }),
  ].flat();
  expect(first?.members.map(({ probability }) => probability)).toEqual([probabilityOf(4), 1, 1]);
});

test('the row of an id is found by its place in the order', () => {
  expect(ids.map((id) => rowOf(ids, id))).toEqual([0, 1, 2, 3, 4, 5, 6]);
  expect(['', 'aa', 'h'].map((id) => rowOf(ids, id))).toEqual([-1, -1, -1]);
});
