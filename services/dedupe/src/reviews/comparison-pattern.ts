import { type Explanation, linkColumns, type MatchModel } from '@kempt/entity-resolution';

/** Which level the comparison of a column must have come to, by column; several levels mean any of them. */
export type ComparisonPattern = Readonly<Record<string, string | readonly string[]>>;

/** The level of a column of which one of the records, or both, say nothing. */
const noEvidence = 'no evidence';

/** What is wrong with a pattern: columns and levels that the model does not have. Empty when nothing is. */
export function patternProblems(
  pattern: ComparisonPattern,
  model: MatchModel,
): { readonly pointer: string; readonly detail: string }[] {
  const levelsOf = new Map<string, readonly string[]>([
    ...model.features.map(({ name, levels }) => [name, levels.map(({ label }) => label)] as const),
    ...linkColumns(model.schema).map(({ name, levels }) => [name, levels] as const),
  ]);
  return Object.entries(pattern).flatMap(([column, wanted]) => {
    const levels = levelsOf.get(column);
    if (levels === undefined) {
      return [
        { pointer: `/filter/pattern/${column}`, detail: `is compared nowhere; ${[...levelsOf.keys()].join(', ')} are` },
      ];
    }
    const unknown = [wanted].flat().find((level) => level !== noEvidence && !levels.includes(level));
    if (unknown === undefined) return [];
    return [
      {
        pointer: `/filter/pattern/${column}`,
        detail: `"${unknown}" is no level of ${column}; "${[...levels, noEvidence].join('", "')}" are`,
      },
    ];
  });
}

export function matchesPattern(pattern: ComparisonPattern, rows: Explanation['rows']): boolean {
  const levelOf = new Map(rows.map((row) => [row.column, row.level]));
  return Object.entries(pattern).every(([column, wanted]) => [wanted].flat().includes(levelOf.get(column) ?? ''));
}

/** Rows of an explanation that no column stands behind. */
const withoutColumn = new Set(['care', 'confusion', 'conflict']);

/** The level of each column, also of those that one of the records says nothing of. */
export function patternOf(rows: Explanation['rows']): Record<string, string> {
  return Object.fromEntries(rows.filter((row) => !withoutColumn.has(row.column)).map((row) => [row.column, row.level]));
}
