import { type Matcher, type NormalRecord, reasonFor } from '@kempt/entity-resolution';

interface ExplainedRecord {
  readonly ref: string;
  readonly normal: NormalRecord;
}

/** Why two records are believed to be the same or not: rows that add up to the match weight. */
export function explainPair(matcher: Matcher, left: ExplainedRecord, right: ExplainedRecord) {
  const { explanation, outcome, sharedKeys, summary } = reasonFor(matcher, left.normal, right.normal);
  return {
    left: left.ref,
    right: right.ref,
    weight: explanation.weight,
    probability: explanation.probability,
    conflict: outcome === 'conflict',
    outcome,
    sharedKeys: [...sharedKeys],
    summary,
    prior: explanation.prior,
    rows: explanation.rows.map((row) => ({
      column: row.column,
      level: row.level,
      left: row.left,
      right: row.right,
      weight: row.weight,
      termFrequencyWeight: row.termFrequencyWeight,
    })),
  };
}
