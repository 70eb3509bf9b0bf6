import { describe, expect, test } from '@jest/globals';
import { historyOf, sentenceOf } from './cluster-history.ts';
import { type ClusterOptions, type ClusterStep, clusterComponent, type Edge } from './clustering.ts';
import { mergeTreeSvg } from './merge-tree.ts';

const weights: Readonly<Record<string, number>> = { 'a b': 9, 'a c': 5, 'b c': 4, 'c d': 3, 'd e': 8, 'b e': 2 };
const edges: Edge[] = Object.entries(weights).map(([pair, weight]) => {
  const [a, b] = pair.split(' ') as [string, string];
  return { a, b, weight };
});

function run(options: ClusterOptions = {}): { clusters: string[][]; steps: ClusterStep[] } {
  const steps: ClusterStep[] = [];
  const clusters = clusterComponent(['a', 'b', 'c', 'd', 'e'], edges, () => ({ weight: -6, conflict: false }), {
    ...options,
    onStep: (step) => steps.push(step),
  });
  return { clusters, steps };
}

function meanOf(across: readonly number[]): unknown {
  const mean = across.reduce((sum, weight) => sum + weight, 0) / across.length;
  return expect.closeTo(0.8 * mean + 0.2 * Math.max(...across), 9);
}

describe('how clusters are built', () => {
  test('is told as merges with the mean weight over all pairs across, a fifth of it that of the strongest, and as merges that were refused', () => {
    const { clusters, steps } = run();
    expect(clusters).toEqual([
      ['a', 'b', 'c'],
      ['d', 'e'],
    ]);
    expect(
      steps.map(({ joined, left, right, meanWeight }) => [joined, left.join(''), right.join(''), meanWeight]),
    ).toEqual([
      [true, 'a', 'b', 9],
      [true, 'd', 'e', 8],
      [true, 'ab', 'c', meanOf([5, 4])],
      [false, 'abc', 'de', meanOf([3, 2, -6, -6, -6, -6])],
      [false, 'abc', 'de', meanOf([3, 2, -6, -6, -6, -6])],
    ]);
    expect(steps[3]).toMatchObject({
      reason: 'too little agreement',
      edge: { a: 'c', b: 'd', weight: 3 },
      neededWeight: 1.5,
    });
  });

  test('is the same with and without somebody who listens', () => {
    for (const options of [{}, { mustLink: [['a', 'e'] as const] }, { cannotLink: [['a', 'b'] as const] }]) {
      expect(run(options).clusters).toEqual(
        clusterComponent(['a', 'b', 'c', 'd', 'e'], edges, () => ({ weight: -6, conflict: false }), options),
      );
    }
  });

  test('names the constraint that joined or parted', () => {
    const reasons = (options: ClusterOptions): string[] => run(options).steps.map(({ reason }) => reason);
    expect(reasons({ mustLink: [['a', 'e']] })[0]).toBe('must-link');
    expect(reasons({ cannotLink: [['a', 'b']] })[0]).toBe('cannot-link');
    expect(reasons({ exclusiveSource: (id) => (id < 'c' ? 'crm' : undefined) })[0]).toBe('one per source');
    const steps: ClusterStep[] = [];
    clusterComponent(['a', 'b', 'c'], edges, () => ({ weight: 20, conflict: true }), {
      onStep: (step) => steps.push(step),
    });
    expect(steps).toHaveLength(2);
    clusterComponent(
      ['a', 'b'],
      [
        { a: 'a', b: 'b', weight: 4 },
        { a: 'a', b: 'b', weight: -300 },
      ],
      () => ({ weight: 0, conflict: false }),
      {
        onStep: (step) => steps.push(step),
      },
    );
    expect(steps.at(-1)).toMatchObject({ reason: 'conflict', joined: false, meanWeight: null });
  });

  test('the history of one cluster has its own merges, and each refused neighbour once', () => {
    const { steps } = run();
    const { merges, refusals } = historyOf(['a', 'b', 'c'], steps);
    expect(merges).toHaveLength(2);
    expect(refusals).toHaveLength(1);
    expect(sentenceOf(merges[1] as ClusterStep)).toBe(
      '{a, b} and c were joined: their pairs weigh +4.60 bits on average, and 0.00 were needed.',
    );
    expect(sentenceOf(refusals[0] as ClusterStep, (id) => id.toUpperCase())).toContain('C and D agree');
  });

  test('is drawn with every record and every merge', () => {
    const { steps } = run();
    const picture = mergeTreeSvg(['a', 'b', 'c'], steps);
    for (const shown of ['>a<', '>b<', '>c<', '>+9.00<', '>+4.60<']) expect(picture).toContain(shown);
    expect(picture).toContain('<title>How a cluster of 3 records was built</title>');
    expect(picture).toMatch(/<desc>.*stayed apart.*<\/desc>/);
  });

  test('of clusters that nobody could read as a tree is told in sentences', () => {
    const ids = Array.from({ length: 80 }, (_, at) => `r${String(at).padStart(2, '0')}`);
    const steps: ClusterStep[] = [];
    const chain = ids.slice(1).map((b, at): Edge => ({ a: ids[at] as string, b, weight: 9 }));
    clusterComponent(ids, chain, () => ({ weight: 9, conflict: false }), { onStep: (step) => steps.push(step) });
    const picture = mergeTreeSvg(ids, steps);
    expect(picture).toContain('{r00, r01, r02, r03, 36 more} and r40');
    expect(picture.length).toBeLessThan(60_000);
  });
});
