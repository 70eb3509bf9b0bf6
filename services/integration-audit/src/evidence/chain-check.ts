import type { Database } from '@kempt/postgres';
import { chainEnd, listLinks } from './evidence-store.ts';
import { brokenBecause, type ChainEnd, emptyChain } from './link.ts';

export interface ChainCheck {
  /** The last link that holds. */
  readonly end: ChainEnd;
  /** The first link that does not. */
  readonly broken?: { readonly sequence: number; readonly reason: string };
}

const linksPerPage = 1_000;

/** Recomputes the chain of a tenant from its beginning and names the first link that is not as it was recorded. */
export async function checkChain(database: Database, tenantId: string): Promise<ChainCheck> {
  return database.transaction(
    tenantId,
    async (tx) => {
      const expected = await chainEnd(tx);
      let end = emptyChain;
      for (;;) {
        const page = await listLinks(tx, { afterSequence: end.sequence, limit: linksPerPage });
        for (const link of page) {
          const reason = brokenBecause(end, link);
          if (reason !== undefined) {
            // A gap is named by what is missing.
            const sequence = Math.min(link.sequence, end.sequence + 1);
            return { end, broken: { sequence, reason } };
          }
          end = { sequence: link.sequence, hash: link.hash };
        }
        if (page.length < linksPerPage) break;
      }
      if (end.hash === expected.hash && end.sequence === expected.sequence) {
        return { end };
      }
      const reason = 'the end of the chain is not the one that was noted';
      return { end, broken: { sequence: end.sequence + 1, reason } };
    },
    // One state of the chain, however long it takes to read.
    { readOnly: true, isolation: 'repeatable read' },
  );
}
