import type { Transaction } from '@kempt/postgres';
import { type OutboxRow, type OutboxRowKey, readBulk, readLive, tenantsWithBulk } from './outbox-store.ts';

export interface DispatchReaderOptions {
  readonly lane: number;
  readonly lanes: number;
  readonly batchRecords: number;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
}

/** Topics that are not to be read now. */
export interface HeldTopics {
  readonly ofAll: readonly string[];
  /** Of bulk events, all those above among them. */
  readonly ofBulk: readonly string[];
}

export interface DispatchBatch {
  /** In the order in which they must be published. */
  readonly rows: readonly OutboxRow[];
  /** Call it when the transaction that read the batch has ended: a transaction may run twice, the reader moves once. */
  accept(): void;
}

/**
 * Decides what one lane publishes next.
 *
 * - Live events come first; a tenth of each batch is kept for bulk, so that neither lane can starve the other.
 * - Bulk events are taken in turn from every tenant that has some.
 * - Earlier events of the same key come along from wherever they are: order per key goes before order of lanes.
 *
 * Nothing is skipped for good: a position is no cursor, since transactions commit out of order. Reading normally begins at
 * the start of the table each time (a sweep). Where that is slow, because a long transaction somewhere keeps the dead rows
 * of the queue from being removed, the reader goes on behind what it read last and sweeps only as often as it can afford.
 */
export interface DispatchReader {
  next(tx: Transaction, held: HeldTopics): Promise<DispatchBatch>;
  /** Forget what was read: it was not published. */
  restart(): void;
  /** How long until the next read sweeps; 0 when it will. */
  sweepDueMs(): number;
}

interface TenantTurn {
  readonly tenantId: string;
  readonly after: string;
}

const liveShare = 0.9;
const tenantsPerBatch = 50;
const relistAfterMs = 100;
/** A sweep that took longer than this is repeated only after `sweepPauses` times as long. */
const cheapSweepMs = 25;
const sweepPauses = 5;

export function createDispatchReader(options: DispatchReaderOptions): DispatchReader {
  const { lane, lanes, batchRecords, now } = options;
  let liveAfter = '0';
  let turns: readonly TenantTurn[] = [];
  let lastServed = '';
  let listedAtMs = Number.NEGATIVE_INFINITY;
  let sweepAtMs = Number.NEGATIVE_INFINITY;

  async function listTurns(tx: Transaction, withoutTopics: readonly string[]): Promise<TenantTurn[]> {
    const share = { lane, lanes, withoutTopics };
    const behind = await tenantsWithBulk(tx, share, lastServed);
    const before = lastServed === '' ? [] : await tenantsWithBulk(tx, share, '');
    return [...new Set([...behind, ...before])].map((tenantId) => ({ tenantId, after: '0' }));
  }

  return {
    async next(tx, held) {
      const startedMs = now();
      const sweep = startedMs >= sweepAtMs;
      const live = await readLive(
        tx,
        { lane, lanes, withoutTopics: held.ofAll },
        {
          after: sweep ? '0' : liveAfter,
          limit: Math.max(1, Math.floor(batchRecords * liveShare)),
        },
      );
      const limit = batchRecords - live.rows.length;
      let known = sweep ? turns.map(({ tenantId }) => ({ tenantId, after: '0' })) : turns;
      const relist = sweep && (known.length === 0 || startedMs - listedAtMs >= relistAfterMs);
      if (relist && live.complete && limit > 0) known = await listTurns(tx, held.ofBulk);
      const served = known.slice(0, Math.min(tenantsPerBatch, Math.max(limit, 0)));
      const bulk =
        live.complete && served.length > 0
          ? await readBulk(tx, { lane, lanes, withoutTopics: held.ofBulk }, { tenants: served, limit })
          : undefined;
      const endedMs = now();

      return {
        rows: bulk === undefined ? live.rows : [...live.rows, ...withoutThose(bulk.rows, live.rows)],
        accept() {
          if (sweep) {
            const tookMs = endedMs - startedMs;
            sweepAtMs = tookMs > cheapSweepMs ? endedMs + tookMs * sweepPauses : Number.NEGATIVE_INFINITY;
          }
          if (relist) listedAtMs = endedMs;
          liveAfter = live.picked.at(-1)?.position ?? liveAfter;
          turns = known;
          if (bulk === undefined || !bulk.complete) return;
          const quota = Math.max(1, Math.floor(limit / served.length));
          const taken = Map.groupBy(bulk.picked, (row) => row.tenantId);
          const unfinished = served.flatMap(({ tenantId }) => {
            const rows = taken.get(tenantId) ?? [];
            const last = rows.at(-1);
            return last !== undefined && rows.length >= quota ? [{ tenantId, after: last.position }] : [];
          });
          turns = [...known.slice(served.length), ...unfinished];
          lastServed = served.at(-1)?.tenantId ?? lastServed;
        },
      };
    },
    restart() {
      liveAfter = '0';
      turns = [];
      sweepAtMs = Number.NEGATIVE_INFINITY;
    },
    sweepDueMs: () => Math.max(0, sweepAtMs - now()),
  };
}

/** The events of `rows` that are not among `others` yet. */
function withoutThose(rows: readonly OutboxRow[], others: readonly OutboxRowKey[]): OutboxRow[] {
  const known = new Set(others.map(({ position }) => position));
  return rows.filter(({ position }) => !known.has(position));
}
