import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { scopes as allScopes, type Scope } from '@kempt/service-runtime';

/** The parts of `kempt_<environment>_<id>_<secret>`. */
export interface ApiKeyParts {
  readonly environment: string;
  /** Public: stands in lists and logs. */
  readonly id: string;
}

/** A key as it is stored. */
export interface StoredApiKey {
  readonly tenantId: string;
  readonly id: string;
  readonly environment: string;
  readonly name: string;
  readonly keyHash: Uint8Array;
  readonly scopes: readonly string[];
  readonly createdBy: string;
  readonly createdAt: Date;
  readonly expiresAt: Date | null;
  readonly revokedAt: Date | null;
  readonly lastUsedAt: Date | null;
}

const viewerScopes = allScopes.filter((scope) => scope.endsWith(':read') && scope !== 'dead-letters:read');
const stewardScopes: readonly Scope[] = [
  ...viewerScopes,
  'reviews:write',
  'changes:write',
  'changes:approve',
  'quality:write',
  'kpis:write',
];

/** Names for usual sets of scopes. Each role can do what the one before it can. */
export const roles = {
  /** Sees everything that is about the CRMs. */
  viewer: viewerScopes,
  /** Decides about data: reviews, prepares and approves changes. Writing to a CRM is not among it. */
  steward: stewardScopes,
  /** Runs the installation: connections, dead letters, safety switches; applies and undoes approved changes. */
  operator: allScopes.filter((scope) => scope !== 'admin'),
  admin: [...allScopes],
} as const satisfies Record<string, readonly Scope[]>;

export type Role = keyof typeof roles;

const pattern = /^kempt_([a-z0-9]{1,16})_([A-Za-z0-9]{4,32})_([A-Za-z0-9_-]{32,128})$/;

/** `undefined` when the text has not the form of a key. */
export function parseApiKey(text: string): ApiKeyParts | undefined {
  const [, environment, id] = pattern.exec(text) ?? [];
  return environment === undefined || id === undefined ? undefined : { environment, id };
}

/** A new key with 256 random bits. */
export function generateApiKey(environment: string): { readonly key: string; readonly id: string } {
  const id = randomBytes(6).toString('hex');
  return { key: `kempt_${environment}_${id}_${randomBytes(32).toString('base64url')}`, id };
}

/** A fast hash is right here: a key is random, so there is nothing to guess. */
export function hashApiKey(key: string): Uint8Array {
  return createHash('sha256').update(key).digest();
}

/** Takes the same time whether the hashes differ early, late or not at all. */
export function isSameHash(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && timingSafeEqual(one, other);
}
