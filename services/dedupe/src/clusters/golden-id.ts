import { v5 as nameBasedId } from 'uuid';

/** Namespace of golden IDs: a fixed random UUID, so that they collide with nobody else's name-based UUIDs. */
const namespace = '6f1d0c5e-9a0b-4c7d-8e2f-3b5a7c9d1e04';

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
  return nameBasedId(name, namespace);
}

const goldenIdPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

export function isGoldenId(text: string): boolean {
  return goldenIdPattern.test(text);
}
