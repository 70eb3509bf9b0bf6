import { decodeEvent, type PositionedRecord, parseRecordKey, topics } from '@kempt/contracts';
import type { Handle } from '@kempt/outbox';
import type { Transaction } from '@kempt/postgres';
import type { DataQualityMetrics } from '../metrics.ts';
import { fieldNames } from './filled-fields.ts';
import { type CountedRecord, profileChange } from './profile-change.ts';
import { fieldIds, loadCounted, lockObject, type ObjectRef, saveCounted } from './profile-store.ts';

/** The newest state of a record among the events at hand. */
interface RecordUpdate {
  readonly recordId: string;
  readonly version: number;
  readonly deleted: boolean;
  readonly known: readonly string[];
  readonly filled: readonly string[];
  readonly changedAt: Date;
}

/** Counts filled fields from record states. A state that is no newer than the one counted changes nothing. */
export function createProfileConsumer(metrics: DataQualityMetrics): Handle {
  let newestSeconds = 0;

  async function countObject(tx: Transaction, ref: ObjectRef, updates: readonly RecordUpdate[]): Promise<number> {
    await lockObject(tx, ref);
    const before = new Map(
      (
        await loadCounted(
          tx,
          ref,
          updates.map(({ recordId }) => recordId),
        )
      ).map((record) => [record.recordId, record]),
    );
    const news = updates.filter(({ recordId, version }) => version > (before.get(recordId)?.version ?? -1));
    if (news.length === 0) return 0;
    const ids = await fieldIds(tx, ref, [...new Set(news.flatMap(({ known }) => known))].sort());
    const records = news.map(
      ({ recordId, version, deleted, filled }): CountedRecord => ({
        recordId,
        version,
        deleted,
        filled: filled.map((name) => ids.get(name) ?? 0).sort((a, b) => a - b),
      }),
    );
    const change = profileChange(
      news.flatMap(({ recordId }) => before.get(recordId) ?? []),
      records,
    );
    const newestChangeAt = new Date(Math.max(...news.map(({ changedAt }) => changedAt.getTime())));
    await saveCounted(tx, ref, { records, change, newestChangeAt });
    newestSeconds = Math.max(newestSeconds, newestChangeAt.getTime() / 1000);
    metrics.newestChange.set(newestSeconds);
    return news.length;
  }

  return async (tx, events) => {
    let counted = 0;
    for (const [ref, updates] of newestByObject(events)) counted += await countObject(tx, ref, updates);
    metrics.recordStates.inc({ result: 'counted' }, counted);
    metrics.recordStates.inc({ result: 'outdated' }, events.length - counted);
  };
}

/** In an order that is the same for everybody, so that no two transactions wait for each other's locks. */
function newestByObject(events: readonly PositionedRecord[]): [ObjectRef, RecordUpdate[]][] {
  const objects = new Map<string, { ref: ObjectRef; updates: Map<string, RecordUpdate> }>();
  for (const event of events) {
    const { ref } = parseRecordKey(event.key);
    const place = `${ref.account}:${ref.object}`;
    const ofObject = objects.get(place) ?? { ref, updates: new Map<string, RecordUpdate>() };
    objects.set(place, ofObject);
    const update = recordUpdate(event, ref.recordId);
    if (update.version > (ofObject.updates.get(ref.recordId)?.version ?? -1))
      ofObject.updates.set(ref.recordId, update);
  }
  return [...objects]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, { ref, updates }]) => [{ account: ref.account, object: ref.object }, [...updates.values()]]);
}

function recordUpdate(record: PositionedRecord, recordId: string): RecordUpdate {
  const event = decodeEvent(topics.recordState, record);
  // An erased, deleted or merged record counts no more; its version stays, so that older states do not bring it back.
  if (event.data === null || event.data.deleted || event.data.mergedInto !== undefined) {
    return { recordId, version: event.sequence, deleted: true, known: [], filled: [], changedAt: event.time };
  }
  return { recordId, version: event.sequence, deleted: false, ...fieldNames(event.data), changedAt: event.time };
}
