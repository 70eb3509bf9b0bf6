/** A seeded source of randomness: the same seed gives the same sequence on every machine. */
export interface Random {
  /** A number in [0, 1). */
  next(): number;
  /** An integer in [low, high]. */
  integer(low: number, high: number): number;
  /** True with the given probability. */
  chance(probability: number): boolean;
  /** One of the values, all equally likely. The list must not be empty. */
  pick<T>(values: readonly T[]): T;
  /** A version-4 UUID. */
  uuid(): string;
  /** A separate source derived from this one's seed and a name, so that new draws elsewhere do not move it. */
  fork(name: string): Random;
}

function hashText(text: string, basis: number): number {
  let hash = basis >>> 0;
  for (let i = 0; i < text.length; i++) {
    hash ^= text.charCodeAt(i);
    hash = Math.imul(hash, 0x01000193);
  }
  hash ^= hash >>> 15;
  hash = Math.imul(hash, 0x2c1b3c6d);
  hash ^= hash >>> 12;
  return hash >>> 0;
}

export function createRandom(seed: string): Random {
  let a = hashText(seed, 0x811c9dc5);
  let b = hashText(seed, 0x9e3779b9);
  let c = hashText(seed, 0x85ebca6b);
  let d = 1;
  // One step of the sfc32 generator, which passes the usual statistical batteries.
  const next32 = (): number => {
    const t = (((a + b) | 0) + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + t) | 0;
    return t >>> 0;
  };
  for (let i = 0; i < 12; i++) next32();
  const random: Random = {
    next: () => next32() / 4294967296,
    integer: (low, high) => low + Math.floor((next32() / 4294967296) * (high - low + 1)),
    chance: (probability) => next32() / 4294967296 < probability,
    pick<T>(values: readonly T[]): T {
      if (values.length === 0) throw new RangeError('Cannot pick from an empty list.');
      return values[Math.floor((next32() / 4294967296) * values.length)] as T;
    },
    uuid() {
      const hex = () => next32().toString(16).padStart(8, '0');
      const text = hex() + hex() + hex() + hex();
      return `${text.slice(0, 8)}-${text.slice(8, 12)}-4${text.slice(13, 16)}-a${text.slice(17, 20)}-${text.slice(20)}`;
    },
    fork: (name) => createRandom(`${seed}/${name}`),
  };
  return random;
}

/** Draws values in proportion to their weights, in constant time after the set-up. */
export function createWeightedPicker<T>(
  values: readonly T[],
  weightOf: (value: T, index: number) => number,
): (random: Random) => T {
  if (values.length === 0) throw new RangeError('Cannot pick from an empty list.');
  const n = values.length;
  const weights = values.map(weightOf);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const scaled = weights.map((weight) => (weight * n) / total);
  const alias = new Int32Array(n);
  const probability = new Float64Array(n).fill(1);
  const small: number[] = [];
  const large: number[] = [];
  scaled.forEach((weight, index) => {
    (weight < 1 ? small : large).push(index);
  });
  while (small.length > 0 && large.length > 0) {
    const low = small.pop() as number;
    const high = large.pop() as number;
    probability[low] = scaled[low] as number;
    alias[low] = high;
    scaled[high] = (scaled[high] as number) + (scaled[low] as number) - 1;
    ((scaled[high] as number) < 1 ? small : large).push(high);
  }
  return (random) => {
    const index = Math.floor(random.next() * n);
    return values[random.next() < (probability[index] as number) ? index : (alias[index] as number)] as T;
  };
}
