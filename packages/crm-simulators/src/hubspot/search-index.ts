import type { SimulatorClock } from '../clock.ts';
import type { HubSpotObject, HubSpotRecord } from './property-definition.ts';

/** How search sees records: as they were a few moments ago. */
export interface SearchIndex {
  /** Notes that a record is about to change, or, with `isNew`, has just been made. */
  beforeChange(object: HubSpotObject, record: HubSpotRecord, isNew: boolean): void;
  /** The record as search sees it now; null when search does not know it (yet, or any more). */
  seen(object: HubSpotObject, record: HubSpotRecord): HubSpotRecord | null;
  /** Whether every record of the object is seen as it is. */
  isCurrent(object: HubSpotObject): boolean;
  /** Records that are gone but that search still shows. */
  ghosts(object: HubSpotObject): readonly HubSpotRecord[];
  setLag(lagMs: number): void;
}

interface Pending {
  /** How the record looked before; null when it did not exist. */
  readonly before: HubSpotRecord | null;
  readonly untilMs: number;
}

export function createSearchIndex(clock: SimulatorClock, lag: number): SearchIndex {
  const pending = new Map<string, Map<HubSpotRecord, Pending>>();
  let lagMs = lag;
  const live = (object: HubSpotObject): Map<HubSpotRecord, Pending> | undefined => {
    const entries = pending.get(object.name);
    if (entries === undefined) return undefined;
    const now = clock.now();
    for (const [record, entry] of entries) if (entry.untilMs <= now) entries.delete(record);
    return entries;
  };
  return {
    beforeChange(object, record, isNew) {
      if (lagMs <= 0) return;
      let entries = live(object);
      if (entries === undefined) {
        entries = new Map();
        pending.set(object.name, entries);
      }
      const known = entries.get(record);
      const before = known !== undefined ? known.before : isNew ? null : { ...record, values: [...record.values] };
      entries.set(record, { before, untilMs: clock.now() + lagMs });
    },
    seen(object, record) {
      const entry = pending.get(object.name)?.get(record);
      const view = entry === undefined || entry.untilMs <= clock.now() ? record : entry.before;
      return view === null || view.archivedAt !== null ? null : view;
    },
    isCurrent: (object) => (live(object)?.size ?? 0) === 0,
    ghosts(object) {
      const entries = live(object);
      return entries === undefined ? [] : [...entries.keys()];
    },
    setLag(value) {
      lagMs = value;
    },
  };
}
