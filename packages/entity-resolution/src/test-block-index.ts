import type { BlockIndex } from './block-index.ts';
import { kindOfHash } from './key-kind.ts';

/** An index of keys as it is made without any haste: what the others are held against. */
export function blockIndexOf(rows: readonly (readonly number[])[], limit = Number.POSITIVE_INFINITY): BlockIndex {
  const members = new Map<number, number[]>();
  rows.forEach((hashes, row) => {
    for (const hash of hashes) members.set(hash, [...(members.get(hash) ?? []), row]);
  });
  const blocks = new Map([...members].filter(([, { length }]) => length > 1 && length <= limit));
  const numbers = new Map([...blocks.keys()].map((hash, block) => [hash, block]));
  const starts = [0];
  for (const { length } of blocks.values()) starts.push((starts.at(-1) as number) + length);
  const ofRows = rows.map((hashes) => hashes.flatMap((hash) => numbers.get(hash) ?? []));
  const rowStarts = [0];
  for (const { length } of ofRows) rowStarts.push((rowStarts.at(-1) as number) + length);
  return {
    starts: Int32Array.from(starts),
    members: Int32Array.from([...blocks.values()].flat()),
    rowStarts: Int32Array.from(rowStarts),
    blocks: Int32Array.from(ofRows.flat()),
    kinds: Uint8Array.from(blocks.keys(), kindOfHash),
  };
}
