const seed = 0x9747b28c;
const multiplier = 0x5bd1e995;
const encoder = new TextEncoder();

/**
 * The partition of a key: murmur2 of its UTF-8 bytes without the sign bit, modulo the number of partitions. That is what
 * Kafka's default partitioner does, so a key has the same partition number on every bus.
 */
export function partitionOf(key: string, partitions: number): number {
  return (murmur2(encoder.encode(key)) & 0x7fffffff) % partitions;
}

/** MurmurHash2, 32 bits, with the seed that Kafka uses. The result is a signed integer. */
export function murmur2(bytes: Uint8Array): number {
  const { length } = bytes;
  const wholeWords = length & ~3;
  let hash = seed ^ length;
  for (let at = 0; at < wholeWords; at += 4) {
    let word =
      byteAt(bytes, at) | (byteAt(bytes, at + 1) << 8) | (byteAt(bytes, at + 2) << 16) | (byteAt(bytes, at + 3) << 24);
    word = Math.imul(word, multiplier);
    word ^= word >>> 24;
    word = Math.imul(word, multiplier);
    hash = Math.imul(hash, multiplier) ^ word;
  }
  const rest = length - wholeWords;
  if (rest === 3) hash ^= byteAt(bytes, wholeWords + 2) << 16;
  if (rest >= 2) hash ^= byteAt(bytes, wholeWords + 1) << 8;
  if (rest >= 1) hash = Math.imul(hash ^ byteAt(bytes, wholeWords), multiplier);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, multiplier);
  hash ^= hash >>> 15;
  return hash | 0;
}

function byteAt(bytes: Uint8Array, index: number): number {
  return bytes[index] ?? 0;
}
