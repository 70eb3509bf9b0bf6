/** Values looked at before deciding whether a column repeats itself. */
const sampleSize = 400;

/**
 * Makes equal texts of a column one and the same text, which saves memory where few values occur often. A column whose
 * values are mostly different is left alone after a sample.
 */
export function createColumnValues(): <T>(value: T) => T {
  let known: Map<string, string> | null = new Map();
  let seen = 0;
  return <T>(value: T): T => {
    if (known === null || typeof value !== 'string') return value;
    seen += 1;
    const same = known.get(value);
    if (same !== undefined) return same as T & string;
    known.set(value, value);
    if (seen > sampleSize && known.size > seen / 2) known = null;
    return value;
  };
}
