import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { clusterComponent, type Edge, type Origins } from './clustering.ts';

interface Graph {
  readonly nodes: string[];
  readonly weights: ReadonlyMap<string, number>;
  readonly edges: Edge[];
}

const key = (a: string, b: string): string => (a < b ? `${a} ${b}` : `${b} ${a}`);

/** A complete weighted graph of which only the pairs above -2 are known as edges; the others are scored on demand. */
const graphs = fc
  .tuple(fc.integer({ min: 2, max: 9 }), fc.array(fc.integer({ min: -40, max: 40 }), { minLength: 36, maxLength: 36 }))
  .map(([size, values]): Graph => {
    const nodes = Array.from({ length: size }, (_, index) => `n${index}`);
    const weights = new Map<string, number>();
    const edges: Edge[] = [];
    let at = 0;
    for (let x = 0; x < size; x += 1) {
      for (let y = x + 1; y < size; y += 1) {
        const weight = (values[at] as number) / 4;
        at += 1;
        weights.set(key(nodes[x] as string, nodes[y] as string), weight);
        if (weight > -2) edges.push({ a: nodes[x] as string, b: nodes[y] as string, weight });
      }
    }
    return { nodes, weights, edges };
  });

const scoreOf =
  (graph: Graph) =>
  (a: string, b: string): { weight: number; conflict: boolean } => ({
    weight: graph.weights.get(key(a, b)) as number,
    conflict: false,
  });

function together(clusters: readonly (readonly string[])[], a: string, b: string): boolean {
  return clusters.some((cluster) => cluster.includes(a) && cluster.includes(b));
}

describe('clusterComponent', () => {
  test('the order of nodes and edges changes nothing', () => {
    fc.assert(
      fc.property(
        graphs.chain((graph) =>
          fc.tuple(
            fc.constant(graph),
            fc.shuffledSubarray(graph.edges, { minLength: graph.edges.length }),
            fc.shuffledSubarray(graph.nodes, { minLength: graph.nodes.length }),
          ),
        ),
        ([graph, edges, nodes]) => {
          const turned = edges.map((edge, index) =>
            index % 2 === 0 ? edge : { a: edge.b, b: edge.a, weight: edge.weight },
          );
          expect(clusterComponent(nodes, turned, scoreOf(graph))).toEqual(
            clusterComponent(graph.nodes, graph.edges, scoreOf(graph)),
          );
        },
      ),
      { seed: 1, numRuns: 300 },
    );
  });

  const oneSource: Origins = { prior: -13, sourcePriors: {}, sourceOf: () => 'crm' };

  test('two records that have nothing to compare say next to nothing, two that contradict each other keep others apart', () => {
    const edges = [
      { a: 'a1', b: 'a2', weight: 14 },
      { a: 'a1', b: 'b', weight: 8 },
    ];
    const clustersWhere = (weight: number, origins?: Origins) =>
      clusterComponent(['a1', 'a2', 'b'], edges, () => ({ weight, conflict: false }), {
        minimumWeight: 1,
        ...(origins !== undefined && { origins }),
      });
    const apart = [['a1', 'a2'], ['b']];
    expect(clustersWhere(-13, oneSource)).toEqual([['a1', 'a2', 'b']]);
    expect(clustersWhere(-33, oneSource)).toEqual(apart);
    // Without a prior nothing tells the two cases apart.
    expect(clustersWhere(-13)).toEqual(apart);
  });

  test('of two sources that are nearly free of duplicates two records each need more to be one entity than one record of one of them', () => {
    const weights = new Map([
      ['a1 b1', 14],
      ['a2 b2', 14],
      ['a1 b2', 9],
      ['a2 b1', 9],
      ['a1 a2', 6],
      ['b1 b2', 6],
    ]);
    const edges = [...weights].map(([pair, weight]) => ({ a: pair.slice(0, 2), b: pair.slice(3), weight }));
    const clustersOf = (ids: readonly string[], within: number) =>
      clusterComponent(ids, edges, () => ({ weight: 0, conflict: true }), {
        minimumWeight: 1,
        origins: { prior: -10, sourcePriors: { a: within, b: within }, sourceOf: (id) => id.charAt(0) },
      });
    const all = ['a1', 'a2', 'b1', 'b2'];
    expect(clustersOf(all, -14)).toEqual([
      ['a1', 'b1'],
      ['a2', 'b2'],
    ]);
    expect(clustersOf(all, -12)).toEqual([all]);
    expect(clustersOf(['a1', 'a2', 'b1'], -14)).toEqual([['a1', 'a2', 'b1']]);
  });

  test('a copy of one record joins the others by it, unless they contradict it', () => {
    const edges = [
      { a: 'a1', b: 'a2', weight: 14 },
      { a: 'a1', b: 'a3', weight: 14 },
      { a: 'a2', b: 'a3', weight: 14 },
      { a: 'a1', b: 'copy', weight: 13 },
    ];
    const clustersWhere = (weight: number) =>
      clusterComponent(['a1', 'a2', 'a3', 'copy'], edges, () => ({ weight, conflict: false }), { minimumWeight: 1 });
    expect(clustersWhere(-6)).toEqual([['a1', 'a2', 'a3', 'copy']]);
    expect(clustersWhere(-12)).toEqual([['a1', 'a2', 'a3'], ['copy']]);
  });

  test('the order of nodes and edges changes nothing where pairs have voices', () => {
    fc.assert(
      fc.property(
        graphs.chain((graph) =>
          fc.tuple(
            fc.constant(graph),
            fc.shuffledSubarray(graph.edges, { minLength: graph.edges.length }),
            fc.shuffledSubarray(graph.nodes, { minLength: graph.nodes.length }),
          ),
        ),
        ([graph, edges, nodes]) => {
          const origins = {
            prior: -5,
            sourcePriors: { a: -9, b: -8 },
            sourceOf: (id: string) => (id < 'n4' ? 'a' : 'b'),
          };
          expect(clusterComponent(nodes, edges, scoreOf(graph), { origins })).toEqual(
            clusterComponent(graph.nodes, graph.edges, scoreOf(graph), { origins }),
          );
        },
      ),
      { seed: 3, numRuns: 300 },
    );
  });

  test('every node is in exactly one cluster, and the mean weight across no merge was below the limit', () => {
    fc.assert(
      fc.property(graphs, (graph) => {
        const clusters = clusterComponent(graph.nodes, graph.edges, scoreOf(graph));
        expect(clusters.flat().sort()).toEqual([...graph.nodes].sort());
        for (const cluster of clusters) {
          if (cluster.length !== 2) continue;
          expect(graph.weights.get(key(cluster[0] as string, cluster[1] as string))).toBeGreaterThanOrEqual(0);
        }
      }),
      { seed: 2, numRuns: 300 },
    );
  });

  test('components do not see each other', () => {
    fc.assert(
      fc.property(graphs, graphs, (left, right) => {
        const renamed: Graph = {
          nodes: right.nodes.map((node) => `z${node}`),
          edges: right.edges.map((edge) => ({ a: `z${edge.a}`, b: `z${edge.b}`, weight: edge.weight })),
          weights: new Map(
            [...right.weights].map(([pair, weight]) => [
              pair
                .split(' ')
                .map((node) => `z${node}`)
                .join(' '),
              weight,
            ]),
          ),
        };
        const both: Graph = {
          nodes: [...left.nodes, ...renamed.nodes],
          edges: [...renamed.edges, ...left.edges],
          weights: new Map([...left.weights, ...renamed.weights]),
        };
        expect(clusterComponent(both.nodes, both.edges, scoreOf(both))).toEqual([
          ...clusterComponent(left.nodes, left.edges, scoreOf(left)),
          ...clusterComponent(renamed.nodes, renamed.edges, scoreOf(renamed)),
        ]);
      }),
      { seed: 3, numRuns: 200 },
    );
  });

  test('cannot-link pairs are never together, must-link pairs always unless that is forbidden', () => {
    const pair = (graph: Graph) =>
      fc.tuple(fc.constantFrom(...graph.nodes), fc.constantFrom(...graph.nodes)).filter(([a, b]) => a !== b);
    fc.assert(
      fc.property(
        graphs.chain((graph) => fc.tuple(fc.constant(graph), pair(graph), pair(graph))),
        ([graph, must, cannot]) => {
          const clusters = clusterComponent(graph.nodes, graph.edges, scoreOf(graph), {
            mustLink: [must],
            cannotLink: [cannot],
          });
          expect(together(clusters, cannot[0], cannot[1])).toBe(false);
          if (key(...must) !== key(...cannot)) expect(together(clusters, must[0], must[1])).toBe(true);
        },
      ),
      { seed: 4, numRuns: 300 },
    );
  });

  test('a hard conflict anywhere between two clusters keeps them apart', () => {
    const edges: Edge[] = [
      { a: 'a', b: 'b', weight: 10 },
      { a: 'b', b: 'c', weight: 9 },
    ];
    const clusters = clusterComponent(['a', 'b', 'c'], edges, () => ({ weight: 20, conflict: true }));
    expect(clusters).toEqual([['a', 'b'], ['c']]);
  });

  test('records of a source without duplicates never share a cluster', () => {
    const edges: Edge[] = [
      { a: 'crm1', b: 'erp1', weight: 8 },
      { a: 'crm2', b: 'erp1', weight: 7 },
      { a: 'crm1', b: 'crm2', weight: 12 },
    ];
    const clusters = clusterComponent(['crm1', 'crm2', 'erp1'], edges, () => ({ weight: 5, conflict: false }), {
      exclusiveSource: (id) => (id.startsWith('crm') ? 'crm' : undefined),
    });
    expect(clusters).toEqual([['crm1', 'erp1'], ['crm2']]);
  });

  test('two groups need more agreement between them than a single record needs to join', () => {
    const side = (id: string): string => id.charAt(0);
    const score = (a: string, b: string) => ({ weight: side(a) === side(b) ? 12 : 2, conflict: false });
    const cluster = (ids: readonly string[]): string[][] => {
      const pairs = ids.flatMap((a, at) => ids.slice(at + 1).map((b) => ({ a, b, weight: score(a, b).weight })));
      return clusterComponent(ids, pairs, score, { minimumWeight: 1 });
    };
    expect(cluster(['a1', 'a2', 'a3', 'b1'])).toEqual([['a1', 'a2', 'a3', 'b1']]);
    expect(cluster(['a1', 'a2', 'a3', 'b1', 'b2'])).toEqual([
      ['a1', 'a2', 'a3'],
      ['b1', 'b2'],
    ]);
  });

  test('a chain of look-alikes is not pulled into one cluster', () => {
    const nodes = Array.from({ length: 60 }, (_, index) => `c${String(index).padStart(2, '0')}`);
    const edges = nodes.slice(1).map((node, index): Edge => ({ a: nodes[index] as string, b: node, weight: 4 }));
    const clusters = clusterComponent(nodes, edges, () => ({ weight: -8, conflict: false }));
    expect(Math.max(...clusters.map((cluster) => cluster.length))).toBeLessThanOrEqual(2);
  });
});
