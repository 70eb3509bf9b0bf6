import { createHash, type Hash } from 'node:crypto';

/** JSON whose keys are sorted, so that equal values give equal text, wherever they were stored meanwhile. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item ?? null)).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).filter(([, one]) => one !== undefined);
    entries.sort(([left], [right]) => (left < right ? -1 : 1));
    return `{${entries.map(([name, one]) => `${JSON.stringify(name)}:${canonicalJson(one)}`).join(',')}}`;
  }
  return JSON.stringify(value) ?? 'null';
}

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
