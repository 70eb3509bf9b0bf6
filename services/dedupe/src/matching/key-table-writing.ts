import type { Matcher } from '@kempt/entity-resolution';
import type { Transaction } from '@kempt/postgres';
import { packHashes } from './block-page.ts';
import { clearRecordKeys, type RecordKeys, saveRecordKeys } from './block-page-store.ts';
import { keyHashes } from './edge-scoring.ts';
import type { EntityKind } from './entity-kind.ts';
import { writeKeyTable } from './key-table.ts';
import { loadKind } from './match-record-store.ts';
import { recordPages } from './record-pages.ts';
import { inputRecord } from './record-scorer.ts';

/**
 * Numbers all living records of a kind and writes their keys, as the first resolution does, or the first change after an upgrade.
 * The caller holds the lock of the kind. Takes twelve bytes of memory for each key of each record, and as much again while pages
 * are laid out; about 26 keys a person.
 */
export async function writeAllKeys(tx: Transaction, kind: EntityKind, matcher: Matcher): Promise<void> {
  await clearRecordKeys(tx, kind);
  const keys = createKeyList();
  let recordNo = 0;
  for await (const page of recordPages((asked) => loadKind(tx, kind, asked))) {
    const saved: RecordKeys[] = [];
    for (const record of page) {
      const hashes = keyHashes(matcher, matcher.normalise(inputRecord(record)));
      for (const hash of hashes) keys.add(hash, recordNo);
      saved.push({ ref: record.ref, recordNo, packed: packHashes(hashes) });
      recordNo += 1;
    }
    await saveRecordKeys(tx, saved);
  }
  await writeKeyTable(tx, kind, { ...keys.all(), recordsNumbered: recordNo });
}

/** Hashes and numbers in flat arrays that grow. */
function createKeyList() {
  let hashes = new Float64Array(1 << 12);
  let records = new Int32Array(1 << 12);
  let used = 0;
  return {
    add(hash: number, record: number): void {
      if (used === hashes.length) {
        const wider = new Float64Array(used * 2);
        wider.set(hashes);
        hashes = wider;
        const more = new Int32Array(used * 2);
        more.set(records);
        records = more;
      }
      hashes[used] = hash;
      records[used] = record;
      used += 1;
    },
    all: () => ({ hashes: hashes.subarray(0, used), records: records.subarray(0, used) }),
  };
}
