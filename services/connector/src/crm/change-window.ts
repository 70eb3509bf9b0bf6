import type { Position } from './crm-client.ts';

/** A place in the order of (modification stamp, id): everything up to it lies before it. */
export interface StampPlace {
  readonly stampMs: number;
  readonly id: string;
}

/**
 * How far changes have been read. Records are asked for in the order of (stamp, id), but a transaction that commits
 * late, or an index that lags, can show a record behind the newest one that was seen: up to `overlapMs` after its stamp.
 * So a reading begins behind the newest place, by as much as could still have been missing when the reading before it
 * began. Once a reading began an overlap after the newest stamp was first seen, the next begins exactly there.
 *
 * Only spans of our own clock are compared with the overlap; the CRM's clock may differ.
 */
export interface ChangeWindow {
  readonly newest: StampPlace;
  /** When `newest` was first seen, by our clock, in milliseconds since 1970. */
  readonly seenAtMs: number;
  /** When the last reading that came to its end began. */
  readonly readAtMs: number;
  /** A reading in progress: when it began, and where it stands. Null between readings. */
  readonly reading: { readonly beganAtMs: number; readonly at: StampPlace } | null;
}

/** Clocks of the CRM and of this machine are taken to differ by at most this much. */
const clockSkewMs = 300_000;

/** The window from which to read changes after a full reading that begins now, when `newestMs` is the newest stamp. */
export function beginWindow(
  newestMs: number,
  options: { readonly nowMs: number; readonly overlapMs: number },
): ChangeWindow {
  const isSettled = options.nowMs - newestMs > options.overlapMs + clockSkewMs;
  return {
    newest: { stampMs: newestMs, id: '' },
    seenAtMs: isSettled ? 0 : options.nowMs,
    readAtMs: options.nowMs,
    reading: null,
  };
}

/** The window with a reading in progress: the one that was, or a new one that begins now. */
export function openReading(
  window: ChangeWindow,
  options: { readonly nowMs: number; readonly overlapMs: number },
): ChangeWindow & { readonly reading: NonNullable<ChangeWindow['reading']> } {
  if (window.reading !== null) return { ...window, reading: window.reading };
  const settledMs = Math.max(0, window.readAtMs - window.seenAtMs);
  const lookBackMs = Math.max(0, options.overlapMs - settledMs);
  const at = lookBackMs === 0 ? window.newest : { stampMs: Math.max(0, window.newest.stampMs - lookBackMs), id: '' };
  return { ...window, reading: { beganAtMs: options.nowMs, at } };
}

const isAfter = (left: StampPlace, right: StampPlace): boolean =>
  left.stampMs > right.stampMs || (left.stampMs === right.stampMs && left.id > right.id);

/**
 * The window after a page of the reading in progress: `seen` is the newest place that was reached, `next` where the next
 * page begins. Without a next page the reading has come to its end.
 */
export function windowAfterPage(
  window: ChangeWindow & { readonly reading: NonNullable<ChangeWindow['reading']> },
  page: { readonly seen: StampPlace | null; readonly next: StampPlace | null; readonly nowMs: number },
): ChangeWindow {
  const { seen, next } = page;
  const { beganAtMs } = window.reading;
  const progress =
    next === null
      ? { readAtMs: beganAtMs, reading: null }
      : { readAtMs: window.readAtMs, reading: { beganAtMs, at: next } };
  if (seen === null || !isAfter(seen, window.newest)) return { ...window, ...progress };
  const seenAtMs = seen.stampMs > window.newest.stampMs ? page.nowMs : window.seenAtMs;
  return { newest: seen, seenAtMs, ...progress };
}

const placeOf = (value: unknown): StampPlace | null => {
  const place = value as Partial<StampPlace> | null | undefined;
  const isPlace = typeof place?.stampMs === 'number' && typeof place.id === 'string';
  return isPlace ? { stampMs: place.stampMs as number, id: place.id as string } : null;
};

/** Reads a saved window. Throws when it is none: the position was saved by something else. */
export function windowOf(position: Position): ChangeWindow {
  const newest = placeOf(position.newest);
  const { seenAtMs, readAtMs } = position;
  if (newest === null || typeof seenAtMs !== 'number' || typeof readAtMs !== 'number') {
    throw new Error('The saved position is not one of changes. Synchronise the object again from the beginning.');
  }
  const reading = position.reading as { beganAtMs?: unknown; at?: unknown } | null | undefined;
  const at = placeOf(reading?.at);
  const beganAtMs = Number(reading?.beganAtMs ?? 0);
  return { newest, seenAtMs, readAtMs, reading: at === null ? null : { beganAtMs, at } };
}

/** The window as it is saved. */
export const positionOf = (window: ChangeWindow): Position => ({ ...window });
