import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { assignGoldenIds, type ExistingCluster } from './cluster-assignment.ts';
import { goldenId } from './golden-id.ts';

const nothingTaken = () => false;

function cluster(founder: string, ...others: string[]): ExistingCluster {
  return { goldenId: goldenId('t', founder), founder, members: [founder, ...others].toSorted() };
}

describe('golden IDs of clusters that change', () => {
  test('a new group is named after its lowest record', () => {
    const { clusters } = assignGoldenIds('t', { before: [], groups: [['b', 'a']] }, nothingTaken);
    expect(clusters).toEqual([
      { goldenId: goldenId('t', 'a'), founder: 'a', members: ['a', 'b'], isNew: true, absorbed: [] },
    ]);
  });

  test('a cluster keeps its id when records join', () => {
    const { clusters } = assignGoldenIds('t', { before: [cluster('m')], groups: [['a', 'm', 'z']] }, nothingTaken);
    expect(clusters[0]?.goldenId).toBe(goldenId('t', 'm'));
  });

  test('when two clusters merge the larger one keeps its id and the other becomes its alias', () => {
    const before = [cluster('a'), cluster('b', 'c')];
    const { clusters } = assignGoldenIds('t', { before, groups: [['a', 'b', 'c']] }, nothingTaken);
    expect(clusters[0]).toMatchObject({ goldenId: goldenId('t', 'b'), absorbed: [goldenId('t', 'a')] });
  });

  test('when a cluster splits in equal halves the half with the founder keeps the id', () => {
    const before = [cluster('b', 'a', 'c', 'd')];
    const { clusters } = assignGoldenIds(
      't',
      {
        before,
        groups: [
          ['a', 'c'],
          ['b', 'd'],
        ],
      },
      nothingTaken,
    );
    expect(clusters.find((entry) => entry.members.includes('b'))?.goldenId).toBe(goldenId('t', 'b'));
    expect(clusters.find((entry) => entry.members.includes('a'))?.isNew).toBe(true);
  });

  test('a record that leaves a cluster which keeps the id of that record gets an id of the next generation', () => {
    const before = [cluster('a', 'b', 'c')];
    const { clusters } = assignGoldenIds('t', { before, groups: [['a'], ['b', 'c']] }, nothingTaken);
    expect(clusters.find((entry) => entry.members.includes('b'))?.goldenId).toBe(goldenId('t', 'a'));
    expect(clusters.find((entry) => entry.members.includes('a'))?.goldenId).toBe(goldenId('t', 'a', 2));
  });

  test('an id that a cluster outside of the change has is never given again', () => {
    const taken = goldenId('t', 'a');
    const { clusters } = assignGoldenIds('t', { before: [], groups: [['a']] }, (id) => id === taken);
    expect(clusters[0]?.goldenId).toBe(goldenId('t', 'a', 2));
  });

  test('a cluster whose records are all gone is dissolved', () => {
    const before = [cluster('a', 'b')];
    expect(assignGoldenIds('t', { before, groups: [] }, nothingTaken).dissolved).toEqual(before);
  });

  const partition = fc.array(fc.nat({ max: 5 }), { minLength: 1, maxLength: 14 });

  test('whatever the partitions before and after, every record has one cluster and every old id goes on resolving', () => {
    fc.assert(
      fc.property(partition, partition, (beforeLabels, afterLabels) => {
        const before = groupsOf(beforeLabels).map((members) => cluster(members[0] as string, ...members.slice(1)));
        const groups = groupsOf(afterLabels);
        const { clusters, dissolved } = assignGoldenIds('t', { before, groups }, nothingTaken);

        expect(clusters.flatMap((entry) => entry.members).toSorted()).toEqual(groups.flat().toSorted());
        const ids = clusters.map((entry) => entry.goldenId);
        expect(new Set(ids).size).toBe(ids.length);
        const resolvable = new Set([
          ...ids,
          ...clusters.flatMap((entry) => entry.absorbed),
          ...dissolved.map((entry) => entry.goldenId),
        ]);
        for (const entry of before) expect(resolvable.has(entry.goldenId)).toBe(true);
      }),
    );
  });

  test('the order of clusters and groups does not matter', () => {
    fc.assert(
      fc.property(partition, partition, fc.infiniteStream(fc.nat()), (beforeLabels, afterLabels, random) => {
        const before = groupsOf(beforeLabels).map((members) => cluster(members[0] as string, ...members.slice(1)));
        const groups = groupsOf(afterLabels);
        const straight = assignGoldenIds('t', { before, groups }, nothingTaken);
        const shuffled = assignGoldenIds(
          't',
          {
            before: shuffle(before, random),
            groups: shuffle(
              groups.map((members) => shuffle(members, random)),
              random,
            ),
          },
          nothingTaken,
        );
        expect(shuffled.clusters.map(withoutAbsorbedOrder)).toEqual(straight.clusters.map(withoutAbsorbedOrder));
      }),
    );
  });

  test('a partition that stays as it is keeps every id', () => {
    fc.assert(
      fc.property(partition, (labels) => {
        const before = groupsOf(labels).map((members) => cluster(members[0] as string, ...members.slice(1)));
        const { clusters } = assignGoldenIds(
          't',
          { before, groups: before.map((entry) => entry.members) },
          nothingTaken,
        );
        expect(clusters.map((entry) => entry.goldenId).toSorted()).toEqual(
          before.map((entry) => entry.goldenId).toSorted(),
        );
      }),
    );
  });
});

function groupsOf(labels: readonly number[]): string[][] {
  const groups = new Map<number, string[]>();
  labels.forEach((label, index) => {
    groups.set(label, [...(groups.get(label) ?? []), String.fromCharCode(97 + index)]);
  });
  return [...groups.values()];
}

function shuffle<T>(items: readonly T[], random: Iterator<number>): T[] {
  return items
    .map((item) => ({ item, order: random.next().value as number }))
    .toSorted((left, right) => left.order - right.order)
    .map(({ item }) => item);
}

function withoutAbsorbedOrder(entry: { goldenId: string; members: readonly string[]; absorbed: readonly string[] }) {
  return { goldenId: entry.goldenId, members: entry.members, absorbed: entry.absorbed };
}
