import { encodeEvent, type RecordRef, recordKey, recordSubject, topics, type WireFormat } from '@kempt/contracts';
import { appendToOutbox } from '@kempt/outbox';
import type { Database } from '@kempt/postgres';
import { createRepeatedWork, type RepeatedWork } from '@kempt/service-runtime';
import type { Logger } from '@kempt/telemetry';
import { v7 as uuidv7 } from 'uuid';
import { findByAccount } from '../connections/connection-store.ts';
import { enrol } from '../sync/lease-store.ts';
import {
  type ErasedRecord,
  type ErasureTarget,
  endErasure,
  eraseRecords,
  listErasures,
  saveProgress,
  takeErasure,
} from './erasure-store.ts';

/**
 * Erases the data of accounts whose connection was deleted with it: each record is emptied in the mirror and gets a
 * tombstone on record-state. It works in batches, one transaction each, and goes on where it was after a crash; instances
 * that work on the same account take turns.
 */
export type ErasureWorker = RepeatedWork;

export interface ErasureWorkerOptions {
  readonly database: Database;
  readonly wireFormat: WireFormat;
  readonly logger: Logger;
  readonly now: () => number;
  /** Called when an account that was connected again may be read. */
  readonly onDue: () => void;
  /** Records of one transaction. Default 500. */
  readonly batchRecords?: number;
  /** How often to look for what other instances were asked for, or left undone. Default 30,000. */
  readonly pollMs?: number;
}

export function createErasureWorker(options: ErasureWorkerOptions): ErasureWorker {
  const { database, logger } = options;
  const batchRecords = options.batchRecords ?? 500;
  const pollMs = options.pollMs ?? 30_000;

  function tombstone(tenantId: string, account: string, erased: ErasedRecord) {
    const record: RecordRef = {
      $typeName: 'kempt.types.v1.RecordRef',
      account,
      object: erased.object,
      recordId: erased.recordId,
    };
    const time = new Date(options.now());
    return encodeEvent(
      {
        topic: topics.recordState,
        id: uuidv7(),
        tenantId,
        source: '/kempt/connector',
        subject: recordSubject(record),
        key: recordKey(tenantId, record),
        time,
        recordedTime: time,
        sequence: erased.version,
        data: null,
      },
      options.wireFormat,
    );
  }

  /** Resolves to false when nothing is left to do for the account. */
  async function eraseBatch({ tenantId, account }: ErasureTarget): Promise<boolean> {
    const outcome = await database.transaction(tenantId, async (tx) => {
      const progress = await takeErasure(tx, account);
      if (progress === undefined) return { goesOn: false };
      const erased = await eraseRecords(tx, account, { after: progress, limit: batchRecords });
      const erasedRecords = progress.erasedRecords + erased.length;
      const last = erased.at(-1);
      if (last !== undefined) {
        await appendToOutbox(
          tx,
          erased.map((record) => tombstone(tenantId, account, record)),
          { lane: 'bulk' },
        );
        await saveProgress(tx, account, { afterObject: last.object, afterRecordId: last.recordId, erasedRecords });
      }
      if (erased.length === batchRecords) return { goesOn: true };
      await endErasure(tx, account);
      // Connected again meanwhile: what is read from now on is new, and stays.
      const connection = await findByAccount(tx, account);
      if (connection !== undefined && connection.status !== 'deleted' && connection.status !== 'paused') {
        await enrol(tx, account, connection.objects);
      }
      return { goesOn: false, erasedRecords };
    });
    if (outcome.erasedRecords !== undefined) {
      logger.info({ tenantId, account, records: outcome.erasedRecords }, 'data of a deleted connection is erased');
      options.onDue();
    }
    return outcome.goesOn;
  }

  return createRepeatedWork({
    name: 'erasure-worker',
    intervalMs: pollMs,
    turn: async (signal) => {
      for (const target of await database.systemTransaction(listErasures, { readOnly: true })) {
        while (!signal.aborted && (await eraseBatch(target)));
      }
    },
    onFailure: (error) =>
      logger.warn({ err: error, pauseMs: pollMs }, 'data of a deleted connection could not be erased; trying again'),
  });
}
