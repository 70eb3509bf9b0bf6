/** How well clusters agree with the truth, counted over pairs of records. */
export interface PairScore {
  readonly truePairs: number;
  readonly foundPairs: number;
  readonly rightPairs: number;
  /** Share of found pairs that are right; 1 when nothing was found. */
  readonly precision: number;
  /** Share of true pairs that were found; 1 when there are none. */
  readonly recall: number;
}

/**
 * Scores clusters against the truth: a pair counts as found when both records are in one cluster, and as true when both
 * are the same entity. Records that the truth does not know are left out on both sides.
 *
 * @param clusters lists of record references
 * @param entityOf the entity of each record, by reference
 */
export function scorePairs(clusters: Iterable<readonly string[]>, entityOf: ReadonlyMap<string, string>): PairScore {
  let foundPairs = 0;
  let rightPairs = 0;
  for (const members of clusters) {
    const counts = new Map<string, number>();
    let known = 0;
    for (const member of members) {
      const entity = entityOf.get(member);
      if (entity === undefined) continue;
      known += 1;
      counts.set(entity, (counts.get(entity) ?? 0) + 1);
    }
    foundPairs += pairsOf(known);
    for (const count of counts.values()) rightPairs += pairsOf(count);
  }
  const sizes = new Map<string, number>();
  for (const entity of entityOf.values()) sizes.set(entity, (sizes.get(entity) ?? 0) + 1);
  let truePairs = 0;
  for (const size of sizes.values()) truePairs += pairsOf(size);
  return {
    truePairs,
    foundPairs,
    rightPairs,
    precision: foundPairs === 0 ? 1 : rightPairs / foundPairs,
    recall: truePairs === 0 ? 1 : rightPairs / truePairs,
  };
}

/**
 * Scores clusters against links of which some lead astray: a link counts as found when both records are in one cluster, and as true when both
 * are the same entity.
 */
export function scoreLinks(
  clusters: Iterable<readonly string[]>,
  links: readonly (readonly [record: string, to: string, isSame: boolean])[],
): PairScore {
  const clusterOf = new Map<string, number>();
  let number = 0;
  for (const members of clusters) {
    for (const member of members) clusterOf.set(member, number);
    number += 1;
  }
  const found = links.filter(([record, to]) => clusterOf.has(record) && clusterOf.get(record) === clusterOf.get(to));
  const truePairs = links.filter(([, , isSame]) => isSame).length;
  const rightPairs = found.filter(([, , isSame]) => isSame).length;
  return {
    truePairs,
    foundPairs: found.length,
    rightPairs,
    precision: found.length === 0 ? 1 : rightPairs / found.length,
    recall: truePairs === 0 ? 1 : rightPairs / truePairs,
  };
}

function pairsOf(size: number): number {
  return (size * (size - 1)) / 2;
}
