import { createHash } from 'node:crypto';

/** Namespace of golden IDs: a fixed random UUID, so that they collide with nobody else's name-based UUIDs. */
const namespace = Buffer.from('6f1d0c5e9a0b4c7d8e2f3b5a7c9d1e04', 'hex');

/**
 * A golden ID is derived from the record that founded its cluster (a name-based UUID, version 5 of RFC 9562), so that
 * two deployments over the same CRMs give the same ids. `generation` above 1 is for a founder whose first id is
 * still in use by the cluster it left.
 */
export function goldenId(tenantId: string, founderRef: string, generation = 1): string {
  return derivedId(generation === 1 ? `${tenantId}:${founderRef}` : `${tenantId}:${founderRef}#${generation}`);
}

/** The name-based UUID of `name`: the same in every deployment. */
export function derivedId(name: string): string {
  const hash = createHash('sha1').update(namespace).update(name).digest().subarray(0, 16);
  hash[6] = ((hash[6] ?? 0) & 0x0f) | 0x50;
  hash[8] = ((hash[8] ?? 0) & 0x3f) | 0x80;
  const hex = hash.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

const goldenIdPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

export function isGoldenId(text: string): boolean {
  return goldenIdPattern.test(text);
}
