import { type RecordState, toPlainValue } from '@kempt/contracts';

/** True when a value says something: neither null nor blank text nor an empty list. `false` and zero are values. */
export function isFilled(plain: ReturnType<typeof toPlainValue>): boolean {
  if (plain === null) return false;
  if (typeof plain === 'string') return plain.trim() !== '';
  if (plain instanceof Uint8Array) return plain.length > 0;
  if (Array.isArray(plain)) return plain.some(isFilled);
  return true;
}

/** Names of the vendor fields that the record has, and of those that are filled. */
export function fieldNames(state: Pick<RecordState, 'fields'>): {
  known: readonly string[];
  filled: readonly string[];
} {
  const known = Object.keys(state.fields);
  const filled = Object.entries(state.fields).flatMap(([name, value]) => (isFilled(toPlainValue(value)) ? [name] : []));
  return { known, filled };
}
