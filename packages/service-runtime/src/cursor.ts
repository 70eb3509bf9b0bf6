import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { ProblemError } from './problem.ts';

/**
 * Positions in a list, opaque to clients. They are signed, so that a client can neither read them for an interface nor
 * point them at rows of its choosing, and bound to what was asked, so that a cursor of one list is refused by another.
 */
export interface CursorCodec {
  /** `scope` names the list and its filters; `position` is what the next page begins after. */
  encode(scope: CursorScope, position: readonly CursorValue[]): string;
  /** Throws a 400 problem when the cursor was changed, or was given by another list or for another tenant. */
  decode(scope: CursorScope, cursor: string): readonly CursorValue[];
}

export type CursorValue = string | number | boolean | null;
export type CursorScope = Readonly<Record<string, CursorValue | undefined>>;

const signatureBytes = 16;

/**
 * Replicas of a service must share the secret, else a page of one is refused by the other. Without one a random secret is
 * taken, and cursors end with the process.
 */
export function createCursorCodec(secret: string | Uint8Array = randomBytes(32)): CursorCodec {
  const sign = (scope: CursorScope, body: Buffer): Buffer =>
    createHmac('sha256', secret)
      .update(canonical(scope))
      .update('\0')
      .update(body)
      .digest()
      .subarray(0, signatureBytes);

  return {
    encode(scope, position) {
      const body = Buffer.from(JSON.stringify(position), 'utf8');
      return Buffer.concat([sign(scope, body), body]).toString('base64url');
    },
    decode(scope, cursor) {
      const bytes = Buffer.from(cursor, 'base64url');
      const signature = bytes.subarray(0, signatureBytes);
      const body = bytes.subarray(signatureBytes);
      if (signature.length !== signatureBytes || !timingSafeEqual(signature, sign(scope, body))) throw invalidCursor();
      return JSON.parse(body.toString('utf8')) as CursorValue[];
    },
  };
}

function canonical(scope: CursorScope): string {
  return JSON.stringify(
    Object.entries(scope)
      .filter(([, value]) => value !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

function invalidCursor(): ProblemError {
  return new ProblemError({
    status: 400,
    code: 'invalid-cursor',
    detail: 'The cursor does not belong to this list with these filters. Begin again without a cursor.',
    errors: [{ pointer: '/querystring/cursor', detail: 'must be a nextCursor that this list gave.' }],
  });
}
