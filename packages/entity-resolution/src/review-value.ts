/** A pair that a person might look at. */
export interface ReviewCandidate {
  /** Match weight in bits. */
  readonly weight: number;
  /** The clusters that the two records are in today, and how many records each has. */
  readonly left: { readonly cluster: string; readonly size: number };
  readonly right: { readonly cluster: string; readonly size: number };
}

/**
 * What a verdict on a pair is worth: how uncertain the pair is, halved with each bit that its weight is away from the threshold, times how
 * many pairs of records it decides besides itself, as a power of two. 1 for two lone records right at the threshold.
 *
 * @param threshold match weight from which on records are joined, in bits
 */
export function reviewValue({ weight, left, right }: ReviewCandidate, threshold: number): number {
  const uncertainty = 2 ** -Math.abs(weight - threshold);
  const decided = left.cluster === right.cluster ? left.size - 1 : left.size * right.size;
  return uncertainty * (1 + Math.log2(Math.max(1, decided)));
}

/**
 * The pairs most worth a look, the best first. Of pairs that would decide the same question, since they lie between the same two clusters
 * or in the same one, only the best is taken as long as there are others: a verdict on it settles the rest, or makes them look different.
 */
export function chooseForReview<T extends ReviewCandidate>(
  candidates: readonly T[],
  { threshold, limit }: { readonly threshold: number; readonly limit: number },
): T[] {
  const ranked = candidates
    .map((candidate, at) => ({ candidate, at, value: reviewValue(candidate, threshold) }))
    .sort((a, b) => b.value - a.value || a.at - b.at);
  const asked = new Set<string>();
  const first: T[] = [];
  const again: T[] = [];
  for (const { candidate } of ranked) {
    const question = JSON.stringify([candidate.left.cluster, candidate.right.cluster].sort());
    (asked.has(question) ? again : first).push(candidate);
    asked.add(question);
  }
  return [...first, ...again].slice(0, limit);
}
