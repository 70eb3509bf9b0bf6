import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { constraintsOf, contradictions, type StandingVerdict } from './verdict-graph.ts';

const refs = ['a', 'b', 'c', 'd', 'e', 'f'];

function verdict(kind: 'same' | 'different', left: string, right: string): StandingVerdict {
  return { decisionId: `${left}${right}`, verdict: kind, left, right };
}

const asked = fc
  .tuple(
    fc.constantFrom('same' as const, 'different' as const),
    fc.shuffledSubarray(refs, { minLength: 2, maxLength: 2 }),
  )
  .map(([kind, pair]) => {
    const [left, right] = pair.toSorted() as [string, string];
    return verdict(kind, left, right);
  });

/** Takes each verdict that fits those taken before, the newest of a pair replacing the one before. */
function taken(all: readonly StandingVerdict[]): StandingVerdict[] {
  const standing = new Map<string, StandingVerdict>();
  for (const next of all) {
    const others = [...standing.values()].filter((other) => other.decisionId !== next.decisionId);
    if (contradictions(others, next).length === 0) standing.set(next.decisionId, next);
  }
  return [...standing.values()];
}

/** Who is together when nothing but the must-links is known. */
function groupOf(mustLink: readonly (readonly [string, string])[], start: string): Set<string> {
  const group = new Set([start]);
  for (let grown = true; grown; ) {
    grown = false;
    for (const [left, right] of mustLink) {
      if (group.has(left) !== group.has(right)) {
        group.add(left).add(right);
        grown = true;
      }
    }
  }
  return group;
}

describe('verdicts', () => {
  test('a chain that ends in its opposite is refused with every verdict of the chain', () => {
    const standing = [verdict('same', 'a', 'b'), verdict('same', 'b', 'c')];
    expect(contradictions(standing, { verdict: 'different', left: 'a', right: 'c' })).toEqual(standing);
    const apart = [verdict('same', 'a', 'b'), verdict('different', 'b', 'c'), verdict('same', 'c', 'd')];
    expect(contradictions(apart, { verdict: 'same', left: 'd', right: 'a' })).toHaveLength(3);
    expect(contradictions(apart, { verdict: 'same', left: 'd', right: 'e' })).toEqual([]);
  });

  test('what follows from verdicts on a record holds after its deletion', () => {
    const standing = [verdict('same', 'a', 'b'), verdict('same', 'b', 'c'), verdict('different', 'b', 'd')];
    expect(constraintsOf(standing, new Set(['a', 'c', 'd']))).toEqual({
      mustLink: [['a', 'c']],
      cannotLink: [['a', 'd']],
    });
  });

  test('that were taken can all be held at once, whichever records are there', () => {
    fc.assert(
      fc.property(fc.array(asked, { maxLength: 20 }), fc.subarray(refs), (all, there) => {
        const standing = taken(all);
        const { mustLink, cannotLink } = constraintsOf(standing, new Set(there));
        for (const { verdict: kind, left, right } of standing) {
          if (!there.includes(left) || !there.includes(right)) continue;
          if (kind === 'same') {
            expect(groupOf(mustLink, left)).toContain(right);
          } else {
            const [lefts, rights] = [groupOf(mustLink, left), groupOf(mustLink, right)];
            const apart = cannotLink.some(
              ([a, b]) => (lefts.has(a) && rights.has(b)) || (lefts.has(b) && rights.has(a)),
            );
            expect(apart).toBe(true);
            expect(lefts).not.toContain(right);
          }
        }
        for (const [left, right] of cannotLink) expect(groupOf(mustLink, left)).not.toContain(right);
      }),
      { numRuns: 300 },
    );
  });

  test('ask for the same in whatever order they are read', () => {
    fc.assert(
      fc.property(fc.array(asked, { maxLength: 12 }).map(taken), fc.infiniteStream(fc.nat()), (standing, random) => {
        const shuffled = standing
          .map((item) => ({ item, order: random.next().value as number }))
          .toSorted((left, right) => left.order - right.order)
          .map(({ item }) => item);
        const there = new Set(refs);
        expect(constraintsOf(shuffled, there)).toEqual(constraintsOf(standing, there));
      }),
      { numRuns: 200 },
    );
  });
});
