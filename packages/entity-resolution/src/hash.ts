/**
 * A 53-bit hash of a string as a safe integer. Equal strings give equal numbers on every machine and in every version: frequency tables and
 * blocking stop lists inside stored models are written with it.
 */
export function hashText(text: string): number {
  let low = 0x9e3779b9;
  let high = 0x85ebca6b;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    low = Math.imul(low ^ code, 0x01000193);
    high = Math.imul(high ^ code, 0x5bd1e995);
    high ^= high >>> 15;
  }
  low ^= text.length;
  low = Math.imul(low ^ (low >>> 16), 0x7feb352d);
  low ^= high >>> 13;
  high = Math.imul(high ^ (high >>> 15), 0x846ca68b);
  high ^= low >>> 16;
  low = Math.imul(low ^ (low >>> 15), 0x2c1b3c6d);
  return (high >>> 11) * 0x1_0000_0000 + (low >>> 0);
}

/** A short version id of a JSON text: two independent hashes, base 36. */
export function hashDocument(text: string): string {
  return `${hashText(text).toString(36)}${hashText(`kempt ${text}`).toString(36)}`;
}
