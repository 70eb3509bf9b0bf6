import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type Attestation, brokenBecause, emptyChain, type Link, nextLink } from './link.ts';

const attestation = fc.record<Attestation>({
  subjectKind: fc.constantFrom('change-set', 'review', 'maintenance-task', 'finding'),
  subjectId: fc.string(),
  subjectVersion: fc.nat(),
  occurredAt: fc.date({ noInvalidDate: true, min: new Date(0), max: new Date('9999-12-31') }),
  attested: fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.array(fc.string()))),
});

function chainOf(attestations: readonly Attestation[]): Link[] {
  const links: Link[] = [];
  for (const one of attestations) links.push(nextLink(links.at(-1) ?? emptyChain, one, new Date(0)));
  return links;
}

/** Position of the first link that is broken. */
function firstBroken(links: readonly Link[]): number | undefined {
  let end = emptyChain;
  for (const link of links) {
    if (brokenBecause(end, link) !== undefined) return end.sequence + 1;
    end = link;
  }
  return undefined;
}

describe('a chain of links', () => {
  test('holds whatever is attested', () => {
    fc.assert(fc.property(fc.array(attestation), (all) => firstBroken(chainOf(all)) === undefined));
  });

  test('breaks at the link of which anything that is sealed was changed', () => {
    const fields = [
      'sequence',
      'subjectKind',
      'subjectId',
      'subjectVersion',
      'occurredAt',
      'content',
      'contentHash',
      'previousHash',
      'hash',
    ] as const;
    fc.assert(
      fc.property(
        fc.array(attestation, { minLength: 1 }),
        fc.nat(),
        fc.constantFrom(...fields),
        (all, place, field) => {
          const links = chainOf(all);
          const at = place % links.length;
          const link = links[at] as Link;
          const value = link[field];
          const other =
            typeof value === 'number' ? value + 1 : value instanceof Date ? new Date(value.getTime() + 1) : `${value} `;
          const changed = links.with(at, { ...link, [field]: other });
          expect(firstBroken(changed)).toBe(at + 1);
        },
      ),
    );
  });

  test('does not depend on the order in which facts are given', () => {
    const common = { subjectKind: 'finding', subjectId: 'f', subjectVersion: 1, occurredAt: new Date(0) } as const;
    const left = nextLink(emptyChain, { ...common, attested: { a: 1, b: { c: 2, d: 3 } } }, new Date(0));
    const right = nextLink(emptyChain, { ...common, attested: { b: { d: 3, c: 2 }, a: 1 } }, new Date(9));
    expect(left.hash).toBe(right.hash);
    expect(left.content).toBe(
      '{"attested":{"a":1,"b":{"c":2,"d":3}},"occurredAt":"1970-01-01T00:00:00.000Z","subjectId":"f","subjectKind":"finding","subjectVersion":1}',
    );
  });
});
