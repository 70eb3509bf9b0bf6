import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { KeyProvider } from './key-provider.ts';

/** What a sealed text belongs to. It opens nowhere else: a row copied to another tenant or connection stays shut. */
export interface SealContext {
  readonly tenantId: string;
  readonly connectionId: string;
  readonly field: string;
}

export interface Sealer {
  /** AES-256-GCM with a fresh 12-byte IV: `v<key version>.<base64 of IV, tag and ciphertext>`. */
  seal(context: SealContext, plain: string): Promise<string>;
  /** Rejects with BrokenSealError if the text was changed or belongs elsewhere, UnknownSealingKeyError if its key is gone. */
  open(context: SealContext, sealed: string): Promise<string>;
  /** Version of the key that seals. */
  currentVersion(): Promise<number>;
}

/** Version of the key that a text is sealed with; undefined when it is no sealed text. */
export function keyVersionOf(sealed: string): number | undefined {
  const version = /^v(\d+)\./.exec(sealed)?.[1];
  return version === undefined ? undefined : Number(version);
}

export class BrokenSealError extends Error {
  readonly code = 'broken-seal';
  readonly retriable = false;

  constructor(context: SealContext, cause?: unknown) {
    super(
      `The sealed ${context.field} of connection ${context.connectionId} cannot be opened: ` +
        'it was changed, or sealed with another key of the same version. Create the connection again.',
      { cause },
    );
    this.name = 'BrokenSealError';
  }
}

const ivBytes = 12;
const tagBytes = 16;

const additionalData = (context: SealContext, keyVersion: number): Buffer =>
  Buffer.from(`${context.tenantId}|${context.connectionId}|${context.field}|${keyVersion}`);

export function createSealer(keys: KeyProvider): Sealer {
  return {
    currentVersion: async () => (await keys.current()).version,
    async seal(context, plain) {
      const { version, key } = await keys.current();
      const iv = randomBytes(ivBytes);
      const cipher = createCipheriv('aes-256-gcm', key, iv);
      cipher.setAAD(additionalData(context, version));
      const text = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()]);
      return `v${version}.${Buffer.concat([iv, cipher.getAuthTag(), text]).toString('base64')}`;
    },
    async open(context, sealed) {
      const parts = /^v(\d+)\.([A-Za-z0-9+/]+=*)$/.exec(sealed);
      const bytes = Buffer.from(parts?.[2] ?? '', 'base64');
      if (bytes.length < ivBytes + tagBytes) throw new BrokenSealError(context);
      const { version, key } = await keys.version(Number(parts?.[1]));
      const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, ivBytes));
      decipher.setAAD(additionalData(context, version));
      decipher.setAuthTag(bytes.subarray(ivBytes, ivBytes + tagBytes));
      try {
        return decipher.update(bytes.subarray(ivBytes + tagBytes), undefined, 'utf8') + decipher.final('utf8');
      } catch (error) {
        throw new BrokenSealError(context, error);
      }
    },
  };
}
