import { createHash } from 'node:crypto';

/**
 * A number from 0 to 2^31-1 that spreads keys over dispatch lanes: FNV-1a over UTF-16 code units with a final mix. It is
 * stored with the event and must give the same number in every release, since lanes would share keys otherwise.
 */
export function hashKey(key: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < key.length; at += 1) {
    hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) & 0x7fffffff;
}

/** Stands for a key where its length must not matter: 16 bytes that no two keys share. */
export function digestKey(key: string): Buffer {
  return createHash('sha256').update(key, 'utf8').digest().subarray(0, 16);
}
