import type { ExplainOptions, Explanation, ExplanationRow } from './explanation.ts';
import { wordsOfKey } from './key-kind.ts';
import type { Matcher } from './matcher.ts';
import { decisionThreshold, weightOf } from './model.ts';
import type { NormalRecord } from './normal-record.ts';
import { percent, signed } from './waterfall.ts';

/**
 * - `match`: the weight reaches the threshold;
 * - `near`: it does not, but the pair is worth a look (from the model's review floor on);
 * - `no match`: too little speaks for it;
 * - `conflict`: the two contradict each other in what cannot differ.
 */
export type PairOutcome = 'match' | 'near' | 'no match' | 'conflict';

/** Why two records match, or why not. */
export interface PairReasoning {
  readonly outcome: PairOutcome;
  /**
   * What the two share that could make them a candidate pair, in words, the most selective first.
   */
  readonly sharedKeys: readonly string[];
  /**
   * Whether that is enough. Where it is not, a batch or a stream never compares the two, whatever their weight, and they can only come
   * together through other records.
   */
  readonly isCandidate: boolean;
  /** Bits above the threshold, or below it where negative. */
  readonly margin: number;
  /** Comparisons that speak for a match and against it, the strongest first. */
  readonly evidenceFor: readonly string[];
  readonly evidenceAgainst: readonly string[];
  /** All of it in a few sentences. Values are not part of it. */
  readonly summary: string;
  readonly explanation: Explanation;
}

export interface ReasoningOptions extends ExplainOptions {
  /** The model's own by default. */
  readonly threshold?: number;
}

/** Why two records match, or why not; also for two that a run would never compare, because they share no blocking key. */
export function reasonFor(
  matcher: Matcher,
  a: NormalRecord,
  b: NormalRecord,
  options: ReasoningOptions = {},
): PairReasoning {
  const explanation = matcher.explain(a, b, options);
  const { conflict } = matcher.score(a, b);
  const threshold = weightOf(options.threshold ?? decisionThreshold(matcher.model));
  const margin = explanation.weight - threshold;
  const keys = new Set(matcher.blockKeys(a));
  const sharedKeys = [
    ...new Set(
      matcher
        .blockKeys(b)
        .filter((key) => keys.has(key))
        .map(wordsOfKey),
    ),
  ];
  const isCandidate = areCandidates(matcher, a, b);
  const outcome: PairOutcome = conflict
    ? 'conflict'
    : margin >= 0
      ? 'match'
      : explanation.probability >= matcher.model.reviewFloor
        ? 'near'
        : 'no match';
  const evidenceFor = evidence(explanation, (weight) => weight > 0);
  const evidenceAgainst = evidence(explanation, (weight) => weight < 0);
  return {
    outcome,
    sharedKeys,
    isCandidate,
    margin,
    evidenceFor,
    evidenceAgainst,
    summary: summarise({
      outcome,
      explanation,
      margin,
      sharedKeys,
      isCandidate,
      evidenceFor,
      evidenceAgainst,
    }),
    explanation,
  };
}

/** Whether two records share enough to be compared, however common it is. */
export function areCandidates(matcher: Matcher, a: NormalRecord, b: NormalRecord): boolean {
  const hashes = new Set(matcher.blockHashes(a));
  return matcher.keyRule.suffices(matcher.blockHashes(b).filter((hash) => hashes.has(hash)));
}

function evidence({ rows }: Explanation, counts: (weight: number) => boolean): string[] {
  const weigh = (row: ExplanationRow): number => row.weight + row.termFrequencyWeight;
  return rows
    .filter((row) => counts(weigh(row)))
    .toSorted((left, right) => Math.abs(weigh(right)) - Math.abs(weigh(left)))
    .map((row) => `${row.column} ${row.level} (${signed(weigh(row))})`);
}

const outcomes: Readonly<Record<PairOutcome, string>> = {
  match: 'They match',
  near: 'They are close to a match, but below the threshold',
  'no match': 'They do not match',
  conflict: 'They can never be one: they contradict each other in what cannot differ',
};

function summarise(reasoning: Omit<PairReasoning, 'summary'>): string {
  const { outcome, explanation, margin, sharedKeys, isCandidate, evidenceFor, evidenceAgainst } = reasoning;
  const sentences = [
    `${outcomes[outcome]}: probability ${percent(explanation.probability)}, ${signed(Math.abs(margin)).replace('+', '')} bits ${margin >= 0 ? 'above' : 'below'} the threshold.`,
  ];
  if (evidenceFor.length > 0) sentences.push(`For it: ${evidenceFor.slice(0, 4).join(', ')}.`);
  if (evidenceAgainst.length > 0) sentences.push(`Against it: ${evidenceAgainst.slice(0, 4).join(', ')}.`);
  sentences.push(
    sharedKeys.length === 0
      ? 'They share no blocking key, so a run never compares them; only other records can bring them into one cluster.'
      : isCandidate
        ? `They are compared because they share ${sharedKeys.slice(0, 3).join(', ')}.`
        : `They share ${sharedKeys.slice(0, 3).join(', ')} and nothing else, for which a run compares no two records; only other records can bring them into one cluster.`,
  );
  return sentences.join(' ');
}
