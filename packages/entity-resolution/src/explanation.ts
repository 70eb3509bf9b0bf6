/** One comparison's part in a match weight. */
export interface ExplanationRow {
  readonly column: string;
  /** Label of the level that holds; `no evidence` where a value is missing. */
  readonly level: string;
  /** The compared values in normal form; null where missing or hidden. */
  readonly left: string | null;
  readonly right: string | null;
  /** log2(m / u) of the level. */
  readonly weight: number;
  /** What the rarity of the shared value adds or takes. */
  readonly termFrequencyWeight: number;
}

/** A match weight taken apart: prior plus weight and term-frequency weight of every row is the weight, exactly. */
export interface Explanation {
  readonly prior: number;
  readonly rows: readonly ExplanationRow[];
  /** In bits. */
  readonly weight: number;
  readonly probability: number;
}

export interface ExplainOptions {
  /** Leaves the values out. */
  readonly redact?: boolean;
}
