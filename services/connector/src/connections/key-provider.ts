import { createSecretKey, type KeyObject } from 'node:crypto';

export interface SealingKey {
  /** Names the key for as long as anything is sealed with it: 1, 2, ... */
  readonly version: number;
  readonly key: KeyObject;
}

/** Where sealing keys come from: configuration here, a key management service elsewhere. */
export interface KeyProvider {
  /** The key that new secrets are sealed with. */
  current(): Promise<SealingKey>;
  /** The key that an older secret was sealed with. Rejects with UnknownSealingKeyError if it is gone. */
  version(version: number): Promise<SealingKey>;
}

export class InvalidSealingKeyError extends Error {
  readonly code = 'invalid-sealing-key';
  readonly retriable = false;
}

export class UnknownSealingKeyError extends Error {
  readonly code = 'unknown-sealing-key';
  readonly retriable = false;

  constructor(version: number) {
    super(
      `Credentials are sealed with key version ${version}, which is not configured. ` +
        'Add it to KEMPT_CONNECTOR_SEALING_KEY as "<version>:<key>", or create the connection again.',
    );
    this.name = 'UnknownSealingKeyError';
  }
}

function parseKey(text: string, position: number): SealingKey {
  const [first = '', second] = text.trim().split(':');
  const version = second === undefined ? 1 : Number(first);
  const bytes = Buffer.from(second ?? first, 'base64');
  if (!Number.isInteger(version) || version < 1) {
    throw new InvalidSealingKeyError(
      `KEMPT_CONNECTOR_SEALING_KEY: the version of key ${position} must be a whole number from 1 on.`,
    );
  }
  if (bytes.length !== 32) {
    throw new InvalidSealingKeyError(
      `KEMPT_CONNECTOR_SEALING_KEY: key ${position} must be 32 bytes in base64, and has ${bytes.length}. ` +
        'Make one with: openssl rand -base64 32',
    );
  }
  return { version, key: createSecretKey(bytes) };
}

/**
 * Keys from configuration: one key in base64, or several as `2:<key>,1:<key>`. The first one seals, all of them open,
 * so that a key is replaced by putting a new one in front.
 */
export function createConfiguredKeyProvider(setting: string): KeyProvider {
  const keys = setting.split(',').map((text, index) => parseKey(text, index + 1));
  const byVersion = new Map(keys.map((key) => [key.version, key]));
  if (byVersion.size < keys.length) {
    throw new InvalidSealingKeyError('KEMPT_CONNECTOR_SEALING_KEY: two keys have the same version.');
  }
  const [current] = keys as [SealingKey];
  return {
    current: () => Promise.resolve(current),
    version(version) {
      const key = byVersion.get(version);
      return key === undefined ? Promise.reject(new UnknownSealingKeyError(version)) : Promise.resolve(key);
    },
  };
}
