import type { InputRecord } from '../schema.ts';
import { generateContacts } from '../test-contacts.ts';

/** Pieces of generated contacts for tests, which every thread generates by itself. */
export interface TestPiece {
  readonly people: number;
  readonly seed: number;
  readonly from: number;
  readonly to: number;
}

export function readPiece({ people, seed, from, to }: TestPiece): InputRecord[] | null {
  if (from > to) return null;
  if (from === to) throw new RangeError('an empty piece');
  return generateContacts(people, seed).records.slice(from, to);
}
