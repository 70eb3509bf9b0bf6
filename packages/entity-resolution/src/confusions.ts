import type { FeatureKind } from './plan.ts';

/**
 * Ways in which two different entities come to agree on several things at once. Members of a household share family name, address and
 * phone; adding those up as if each were a chance event would call them one person. A confusion is a third kind of pair beside matches and
 * chance pairs: it agrees on the shared comparisons as matches do, and on all others as strangers do.
 */
export interface Confusion {
  readonly label: string;
  readonly shared: ReadonlySet<FeatureKind>;
}

const confusions: readonly Confusion[] = [
  { label: 'household', shared: new Set<FeatureKind>(['family', 'address', 'phone']) },
  { label: 'colleagues', shared: new Set<FeatureKind>(['organisation', 'legalForm', 'domain', 'address', 'phone']) },
  { label: 'namesakes', shared: new Set<FeatureKind>(['given', 'family', 'email']) },
  { label: 'branches', shared: new Set<FeatureKind>(['organisation', 'legalForm', 'domain']) },
  { label: 'neighbours', shared: new Set<FeatureKind>(['address', 'phone']) },
];

const personKinds: ReadonlySet<FeatureKind> = new Set<FeatureKind>(['given', 'family']);
/** Comparisons that say too little to tell a confusion from a match. */
const weakKinds: ReadonlySet<FeatureKind> = new Set<FeatureKind>(['legalForm', 'category', 'freeText']);

/** The confusions that can be told from matches with the comparisons at hand. */
export function confusionsFor(kinds: readonly FeatureKind[]): Confusion[] {
  const persons = kinds.some((kind) => personKinds.has(kind));
  const telling = new Set(kinds.filter((kind) => !weakKinds.has(kind)));
  return confusions.filter(({ label, shared }) => {
    if (persons && (label === 'branches' || label === 'neighbours')) return false;
    if (!persons && (label === 'household' || label === 'colleagues' || label === 'namesakes')) return false;
    const sharedCount = [...telling].filter((kind) => shared.has(kind)).length;
    const apart = telling.size - sharedCount;
    return sharedCount > 0 && apart > 0;
  });
}
