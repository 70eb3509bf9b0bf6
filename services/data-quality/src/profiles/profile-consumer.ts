import { decodeEvent, type PositionedRecord, parseRecordKey, topics } from '@kempt/contracts';
import type { Transaction } from '@kempt/postgres';
import type { DataQualityMetrics } from '../metrics.ts';
import { fieldNames } from './filled-fields.ts';
import { profileChange } from './profile-change.ts';
import {
  changeProfiles,
  fieldIds,
  loadCounted,
  type ObjectRef,
  objectName,
  type PlacedCount,
  saveCounted,
} from './profile-store.ts';
import { lockRecords } from './record-lock.ts';

/** The newest state of a record among the events at hand. */
interface RecordUpdate {
  readonly object: ObjectRef;
  readonly recordId: string;
  readonly version: number;
  readonly deleted: boolean;
  readonly known: readonly string[];
  readonly filled: readonly string[];
  readonly changedAt: Date;
}

/** Counts filled fields from record states. */
export interface ProfileConsumer {
  /**
   * Takes states in; one that is no newer than the one counted changes nothing.
   * @returns what is left to do at the end of the transaction, with the locks of the objects: changing their counts
   */
  take(tx: Transaction, events: readonly PositionedRecord[]): Promise<() => Promise<void>>;
}

export function createProfileConsumer(metrics: DataQualityMetrics): ProfileConsumer {
  let newestSeconds = 0;

  async function take(tx: Transaction, events: readonly PositionedRecord[]): Promise<() => Promise<void>> {
    const updates = newestUpdates(events);
    await lockRecords(
      tx,
      updates.map(({ object, recordId }) => ({ ...object, recordId })),
    );
    const known = await loadCounted(
      tx,
      updates.map(({ object, recordId }) => ({ ...object, recordId })),
    );
    const before = new Map(known.map((record) => [nameOf(record), record]));
    const news = updates.filter((update) => update.version > (before.get(nameOf(update))?.version ?? -1));
    metrics.recordStates.inc({ result: 'counted' }, news.length);
    metrics.recordStates.inc({ result: 'outdated' }, events.length - news.length);
    if (news.length === 0) return async () => undefined;
    const idOf = await fieldIds(
      tx,
      news.flatMap(({ object, known: names }) => names.map((field) => ({ ...object, field }))),
    );
    const records = news.map(
      ({ object, recordId, version, deleted, filled }): PlacedCount => ({
        object,
        recordId,
        version,
        deleted,
        filled: filled.map((name) => idOf(object, name)).sort((a, b) => a - b),
      }),
    );
    const changes = [...Map.groupBy(records, ({ object }) => objectName(object))].flatMap(([name, ofObject]) => {
      const [first] = ofObject;
      if (first === undefined) return [];
      const times = news
        .filter(({ object }) => objectName(object) === name)
        .map(({ changedAt }) => changedAt.getTime());
      return {
        object: first.object,
        change: profileChange(
          ofObject.flatMap((record) => before.get(nameOf(record)) ?? []),
          ofObject,
        ),
        newestChangeAt: new Date(Math.max(...times)),
      };
    });
    await saveCounted(tx, records);
    return async () => {
      await changeProfiles(tx, changes);
      newestSeconds = Math.max(newestSeconds, ...changes.map(({ newestChangeAt }) => newestChangeAt.getTime() / 1000));
      metrics.newestChange.set(newestSeconds);
    };
  }

  return { take };
}

const nameOf = ({ object, recordId }: { readonly object: ObjectRef; readonly recordId: string }): string =>
  `${objectName(object)}\n${recordId}`;

/** The newest state of each record among the events. */
function newestUpdates(events: readonly PositionedRecord[]): RecordUpdate[] {
  const updates = new Map<string, RecordUpdate>();
  for (const event of events) {
    const { ref } = parseRecordKey(event.key);
    const update = recordUpdate(event, { account: ref.account, object: ref.object }, ref.recordId);
    if (update.version > (updates.get(nameOf(update))?.version ?? -1)) updates.set(nameOf(update), update);
  }
  return [...updates.values()];
}

function recordUpdate(record: PositionedRecord, object: ObjectRef, recordId: string): RecordUpdate {
  const event = decodeEvent(topics.recordState, record);
  // An erased, deleted or merged record counts no more; its version stays, so that older states do not bring it back.
  if (event.data === null || event.data.deleted || event.data.mergedInto !== undefined) {
    return { object, recordId, version: event.sequence, deleted: true, known: [], filled: [], changedAt: event.time };
  }
  return {
    object,
    recordId,
    version: event.sequence,
    deleted: false,
    ...fieldNames(event.data),
    changedAt: event.time,
  };
}
