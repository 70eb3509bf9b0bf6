import { type ClusterOptions, clusterComponent } from './clustering.ts';
import type { Matcher } from './matcher.ts';
import { decisionThreshold, weightOf } from './model.ts';
import type { NormalRecord } from './normal-record.ts';
import { areCandidates } from './pair-reasoning.ts';
import type { InputRecord } from './schema.ts';

/**
 * What a service does with a stream of changes, in the shortest form: keys, candidates and edges one record at a time, clusters of what is
 * connected when asked. For tests that hold one record at a time against the batch.
 */
export class LiveIndex {
  readonly #matcher: Matcher;
  readonly #minimum: number;
  readonly #blocks = new Map<string, Set<string>>();
  readonly #normals = new Map<string, NormalRecord>();
  readonly #edges = new Map<string, Map<string, number>>();

  constructor(matcher: Matcher) {
    this.#matcher = matcher;
    this.#minimum = weightOf(decisionThreshold(matcher.model));
  }

  upsert(record: InputRecord): void {
    this.remove(record.id);
    // A service stores normal records as JSON.
    const normal = JSON.parse(JSON.stringify(this.#matcher.normalise(record))) as NormalRecord;
    const own = new Map<string, number>();
    for (const key of this.#matcher.blockKeys(normal)) {
      const block = this.#blocks.get(key) ?? new Set();
      for (const other of block) {
        const found = this.#normals.get(other) as NormalRecord;
        if (own.has(other) || !areCandidates(this.#matcher, normal, found)) continue;
        own.set(other, this.#matcher.score(normal, found).weight);
      }
      this.#blocks.set(key, block.add(record.id));
    }
    this.#normals.set(record.id, normal);
    this.#edges.set(record.id, own);
    for (const [other, weight] of own) this.#edges.get(other)?.set(record.id, weight);
  }

  remove(id: string): void {
    const normal = this.#normals.get(id);
    if (normal === undefined) return;
    for (const key of this.#matcher.blockKeys(normal)) this.#blocks.get(key)?.delete(id);
    for (const other of this.#edges.get(id)?.keys() ?? []) this.#edges.get(other)?.delete(id);
    this.#edges.delete(id);
    this.#normals.delete(id);
  }

  clusters(options: Pick<ClusterOptions, 'mustLink' | 'cannotLink' | 'exclusiveSource'> = {}): string[][] {
    const found: string[][] = [];
    const placed = new Set<string>();
    for (const start of this.#normals.keys()) {
      if (placed.has(start)) continue;
      const nodes = new Set([start]);
      for (const node of nodes) {
        for (const [other, weight] of this.#edges.get(node) ?? []) if (weight >= this.#minimum) nodes.add(other);
        for (const [a, b] of options.mustLink ?? []) {
          if (a === node && this.#normals.has(b)) nodes.add(b);
          if (b === node && this.#normals.has(a)) nodes.add(a);
        }
      }
      for (const node of nodes) placed.add(node);
      const edges = [...nodes].flatMap((a) =>
        [...(this.#edges.get(a) ?? [])]
          .filter(([b, weight]) => a < b && weight >= this.#minimum)
          .map(([b, weight]) => ({ a, b, weight })),
      );
      found.push(
        ...clusterComponent(
          [...nodes],
          edges,
          (a, b) => this.#matcher.score(this.#normals.get(a) as NormalRecord, this.#normals.get(b) as NormalRecord),
          {
            ...options,
            minimumWeight: this.#minimum,
            origins: {
              prior: this.#matcher.model.prior,
              sourcePriors: this.#matcher.model.sourcePriors,
              sourceOf: (id) => (this.#normals.get(id) as NormalRecord).source,
            },
          },
        ),
      );
    }
    return found.sort((left, right) => ((left[0] as string) < (right[0] as string) ? -1 : 1));
  }
}
