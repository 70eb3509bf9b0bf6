import { setImmediate as turn } from 'node:timers/promises';
import type { Matcher } from '@kempt/entity-resolution';
import type { Database } from '@kempt/postgres';
import { createRepeatedWork, type RepeatedWork } from '@kempt/service-runtime';
import type { Logger } from '@kempt/telemetry';
import type { DecidingModels } from '../models/deciding-model.ts';
import { lockFreeState } from '../models/model-store.ts';
import { watchedKinds } from '../models/model-task-store.ts';
import { loadPageRange } from './block-page-store.ts';
import type { ChangeLocks } from './change-lock.ts';
import type { EntityKind } from './entity-kind.ts';
import type { KindMemories } from './kind-memories.ts';
import type { KindWatch } from './kind-memory.ts';
import { loadNumberedPage } from './match-record-store.ts';
import { inputRecord, type NumberedRecord } from './record-scorer.ts';
import type { RecordShelves } from './record-shelves.ts';

export interface ShelfWarmingOptions {
  readonly database: Database;
  readonly models: DecidingModels;
  readonly shelves: RecordShelves;
  readonly memories: KindMemories;
  readonly locks: ChangeLocks;
  readonly recordsMax: number;
  readonly logger: Logger;
}

/** It is woken when a model begins to decide; another instance may have seen to that. */
const intervalMs = 600_000;
/** Whatever else a start has to do comes first. */
const firstAfterMs = 10_000;
const pageRecords = 1_000;
/** Of the key table; about a third of a millisecond until changes and requests get their turn. */
const pagesAtOnce = 500;
/** So many records are prepared before changes and requests get their turn, which takes about a millisecond. */
const sliceRecords = 25;

/**
 * Puts the stored records of every kind that streams onto its shelf, as many as it keeps, after a start and when another model decides: or else
 * each would have to be read and prepared when it is a candidate for the first time. Nothing waits for it.
 */
export function createShelfWarming(options: ShelfWarmingOptions): RepeatedWork {
  const { database, models, shelves, memories, locks, recordsMax, logger } = options;
  /** By tenant and kind the model whose shelf was filled, and how often what is remembered of the kind had been lost by then. */
  const warmed = new Map<string, string>();

  async function decidingModel(tenantId: string, kind: EntityKind): Promise<string | undefined> {
    const state = await database.transaction(tenantId, (tx) => lockFreeState(tx, kind), { readOnly: true });
    return state.phase === 'streaming' ? state.modelVersion : undefined;
  }

  async function warm(
    tenantId: string,
    { kind, modelVersion }: { readonly kind: EntityKind; readonly modelVersion: string },
    signal: AbortSignal,
  ): Promise<void> {
    const begun = performance.now();
    // What is read from now on is remembered by what stands there now.
    await database.transaction(tenantId, (tx) => locks(tx, kind));
    await warmPages(tenantId, kind, signal);
    let after = -1;
    while (!signal.aborted && shelves.rows() < recordsMax) {
      const watch = memories.of(tenantId, kind).watch();
      try {
        const { records, matcher } = await database.transaction(
          tenantId,
          async (tx) => ({
            records: await loadNumberedPage(tx, kind, { after, limit: pageRecords }),
            matcher: (await models.get(tx, kind, modelVersion)).matcher,
          }),
          { readOnly: true },
        );
        for (let from = 0; from < records.length; from += sliceRecords) {
          await turn();
          prepare(tenantId, matcher, { records: records.slice(from, from + sliceRecords), watch });
        }
        if (records.length < pageRecords) break;
        after = records.at(-1)?.recordNo ?? after;
      } finally {
        watch.end();
      }
    }
    const seconds = (performance.now() - begun) / 1_000;
    logger.info({ tenant: tenantId, entityKind: kind, rows: shelves.rows(), seconds }, 'records stand ready');
  }

  function prepare(
    tenantId: string,
    matcher: Matcher,
    { records, watch }: { readonly records: readonly NumberedRecord[]; readonly watch: KindWatch },
  ): void {
    const { shelf, giveBack } = shelves.borrow(tenantId, matcher);
    for (const record of records) {
      // A change that is on its way may have put a newer version there.
      if (shelf.versionOf(record.recordNo) < record.version)
        shelf.put(record.recordNo, record.version, matcher.normalise(inputRecord(record)));
      watch.keepVersion(record.recordNo, record.version);
    }
    giveBack();
  }

  async function warmPages(tenantId: string, kind: EntityKind, signal: AbortSignal): Promise<void> {
    for (let from = 0; !signal.aborted && !memories.areFull(); from += pagesAtOnce) {
      const watch = memories.of(tenantId, kind).watch();
      try {
        const range = { from, to: from + pagesAtOnce };
        const read = await database.transaction(tenantId, (tx) => loadPageRange(tx, kind, range), { readOnly: true });
        for (const [page, bytes] of read.pages) watch.keepPage(page, bytes);
        if (range.to >= read.count) return;
      } finally {
        watch.end();
      }
    }
  }

  return createRepeatedWork({
    name: 'shelf-warming',
    intervalMs,
    firstAfterMs,
    longestPauseMs: 60_000,
    turn: async (signal) => {
      for (const { tenantId, entityKind: kind } of await database.systemTransaction(watchedKinds)) {
        if (signal.aborted) return;
        const name = `${tenantId}\n${kind}`;
        const modelVersion = await decidingModel(tenantId, kind);
        const state = () => `${modelVersion} ${memories.of(tenantId, kind).losses}`;
        if (modelVersion === undefined || warmed.get(name) === state()) continue;
        await warm(tenantId, { kind, modelVersion }, signal);
        warmed.set(name, state());
      }
    },
    onFailure: (error) => logger.warn({ err: error }, 'records could not be made ready; it is tried again'),
  });
}
