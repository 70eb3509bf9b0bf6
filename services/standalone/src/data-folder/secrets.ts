import { generateKeyPairSync, randomBytes } from 'node:crypto';

/** Schemas of the services; each has a role of its own. */
export const serviceSchemas = [
  'connector',
  'dedupe',
  'data_quality',
  'integration_audit',
  'metrics',
  'gateway',
] as const;

export type ServiceSchema = (typeof serviceSchemas)[number];

/** Made once for a data folder and kept in it, readable by its owner only. */
export interface Secrets {
  /** Seals CRM credentials: 32 bytes in base64. */
  readonly sealingKey: string;
  /** Ed25519, PKCS#8 in PEM: the gateway signs internal tokens with it. */
  readonly signingKey: string;
  /** Ed25519, SPKI in PEM: the services verify them with it. */
  readonly verifyingKey: string;
  /** Key of the demo client. */
  readonly apiKey: string;
  /** Signs paging cursors. */
  readonly cursorKey: string;
  readonly rolePasswords: Readonly<Record<ServiceSchema, string>>;
}

export function createSecrets(): Secrets {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  return {
    sealingKey: randomBytes(32).toString('base64'),
    signingKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    verifyingKey: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    apiKey: `kempt_demo_${randomBytes(6).toString('hex')}_${randomBytes(32).toString('hex')}`,
    cursorKey: randomBytes(32).toString('base64'),
    rolePasswords: Object.fromEntries(
      serviceSchemas.map((schema) => [schema, randomBytes(18).toString('hex')]),
    ) as Record<ServiceSchema, string>,
  };
}

/** The secrets of a parsed file; undefined when anything is missing. */
export function parseSecrets(value: unknown): Secrets | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const secrets = value as Partial<Secrets>;
  const texts = [
    secrets.sealingKey,
    secrets.signingKey,
    secrets.verifyingKey,
    secrets.apiKey,
    secrets.cursorKey,
    ...serviceSchemas.map((schema) => secrets.rolePasswords?.[schema]),
  ];
  return texts.every((text) => typeof text === 'string' && text !== '') ? (secrets as Secrets) : undefined;
}
