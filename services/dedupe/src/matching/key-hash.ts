import { createHash } from 'node:crypto';

/** 64 bits of a blocking key, as a signed decimal that fits a Postgres bigint. */
export function keyHash(key: string): string {
  return createHash('sha256').update(key).digest().readBigInt64BE(0).toString();
}
