/** A standing verdict on two records, as they are called today. */
export interface StandingVerdict {
  readonly decisionId: string;
  readonly verdict: 'same' | 'different';
  readonly left: string;
  readonly right: string;
}

export type Pair = readonly [string, string];

/** What verdicts ask of a clustering. */
export interface Constraints {
  readonly mustLink: readonly Pair[];
  readonly cannotLink: readonly Pair[];
}

/**
 * What the verdicts mean for the records that are there. Verdicts follow from one another: when A is B and B is C, then A
 * is C although B was deleted meanwhile, and what was told apart from B is apart from A and C. Records that are the
 * same by verdicts, and by verdicts different all the same, were merged in the CRM against a verdict; then `different`
 * keeps apart those two of which it was said.
 */
export function constraintsOf(verdicts: readonly StandingVerdict[], living: ReadonlySet<string>): Constraints {
  const groups = createGroups();
  for (const { verdict, left, right } of verdicts) if (verdict === 'same') groups.join(left, right);
  const mustLink: Pair[] = [];
  const representative = new Map<string, string>();
  for (const [group, members] of groups.all()) {
    const there = members.filter((ref) => living.has(ref)).toSorted();
    there.slice(1).forEach((ref, index) => {
      mustLink.push([there[index] as string, ref]);
    });
    if (there[0] !== undefined) representative.set(group, there[0]);
  }
  const cannotLink = new Map<string, Pair>();
  for (const { verdict, left, right } of verdicts) {
    if (verdict !== 'different' || left === right) continue;
    const [leftGroup, rightGroup] = [groups.of(left), groups.of(right)];
    const [near, far]: Pair =
      leftGroup === rightGroup
        ? [left, right]
        : [representative.get(leftGroup) ?? left, representative.get(rightGroup) ?? right];
    const [a, b] = near < far ? [near, far] : [far, near];
    if (living.has(a) && living.has(b)) cannotLink.set(`${a}\n${b}`, [a, b]);
  }
  return { mustLink: mustLink.toSorted(comparePairs), cannotLink: [...cannotLink.values()].toSorted(comparePairs) };
}

/**
 * The verdicts that a new one would contradict: for `same` what keeps the two apart, for `different` the chain that
 * makes them one. Empty when it fits.
 */
export function contradictions(
  verdicts: readonly StandingVerdict[],
  asked: { readonly verdict: 'same' | 'different'; readonly left: string; readonly right: string },
): readonly StandingVerdict[] {
  const chainFrom = chains(verdicts, asked.left);
  if (asked.verdict === 'different') return chainFrom.get(asked.right) ?? [];
  const chainTo = chains(verdicts, asked.right);
  for (const verdict of verdicts) {
    if (verdict.verdict !== 'different') continue;
    for (const [near, far] of [
      [verdict.left, verdict.right],
      [verdict.right, verdict.left],
    ] as const) {
      const [before, after] = [chainFrom.get(near), chainTo.get(far)];
      if (before !== undefined && after !== undefined) return [...before, verdict, ...after];
    }
  }
  return [];
}

/** By record, the shortest chain of `same` verdicts from the start to it. */
function chains(verdicts: readonly StandingVerdict[], start: string): Map<string, readonly StandingVerdict[]> {
  const found = new Map<string, readonly StandingVerdict[]>([[start, []]]);
  const waiting = [start];
  for (let at = waiting.shift(); at !== undefined; at = waiting.shift()) {
    for (const verdict of verdicts) {
      if (verdict.verdict !== 'same' || (verdict.left !== at && verdict.right !== at)) continue;
      const next = verdict.left === at ? verdict.right : verdict.left;
      if (found.has(next)) continue;
      found.set(next, [...(found.get(at) ?? []), verdict]);
      waiting.push(next);
    }
  }
  return found;
}

/** Disjoint sets of refs; each is named after one of its members. */
function createGroups() {
  const parents = new Map<string, string>();
  function of(ref: string): string {
    let at = ref;
    for (let parent = parents.get(at); parent !== undefined && parent !== at; parent = parents.get(at)) at = parent;
    return at;
  }
  return {
    of,
    join(left: string, right: string): void {
      if (!parents.has(left)) parents.set(left, left);
      if (!parents.has(right)) parents.set(right, right);
      parents.set(of(left), of(right));
    },
    all: () => Map.groupBy(parents.keys(), of),
  };
}

function comparePairs(left: Pair, right: Pair): number {
  const order = left[0] === right[0] ? [left[1], right[1]] : [left[0], right[0]];
  return (order[0] as string) < (order[1] as string) ? -1 : 1;
}
