import { randomFillSync } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';

const bytesPerId = 16;
const idsPerFill = 512;

/** Makes UUIDv7s. Randomness is fetched for many at once: one system call an id is what a backfill would wait for. */
export function createEventIds(): () => string {
  const pool = Buffer.alloc(bytesPerId * idsPerFill);
  let used = pool.length;
  return () => {
    if (used === pool.length) {
      randomFillSync(pool);
      used = 0;
    }
    const random = pool.subarray(used, used + bytesPerId);
    used += bytesPerId;
    return uuidv7({ random });
  };
}
