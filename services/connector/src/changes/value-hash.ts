import { createHash, type Hash } from 'node:crypto';
import { canonicalJson } from '@kempt/contracts';

/** SHA-256 in hexadecimal over the canonical JSON of a value. */
export const hashOf = (value: unknown): string => createHash('sha256').update(canonicalJson(value)).digest('hex');

/** A SHA-256 over values that come one after the other. */
export interface RunningHash {
  add(value: unknown): void;
  digest(): string;
}

export function createRunningHash(): RunningHash {
  const hash: Hash = createHash('sha256');
  return {
    add: (value) => void hash.update(canonicalJson(value)).update('\n'),
    digest: () => hash.digest('hex'),
  };
}
