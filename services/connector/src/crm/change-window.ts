import type { Position } from './crm-client.ts';

/** A place in the order of (modification stamp, id): the newest record that lies before it. */
export interface StampPlace {
  readonly stampMs: number;
  readonly id: string;
}

/**
 * How far changes have been read. Records are asked for in the order of (stamp, id), but a transaction that commits
 * late, or an index that lags, can show a record behind the newest one that was seen. So for `overlapMs` after a stamp
 * was first seen, reading begins that much before it; once the time has passed, exactly after it.
 */
export interface ChangeWindow {
  readonly newest: StampPlace;
  /** When `newest` was first seen, by our clock, in milliseconds since 1970. */
  readonly seenAtMs: number;
  /** Where a reading in progress stands; null between readings. */
  readonly at: StampPlace | null;
}

/** Clocks of the CRM and of this machine are taken to differ by at most this much. */
const clockSkewMs = 300_000;

/** The window from which to read changes after a full reading that begins now, when `newestMs` is the newest stamp. */
export function beginWindow(
  newestMs: number,
  options: { readonly nowMs: number; readonly overlapMs: number },
): ChangeWindow {
  const settled = options.nowMs - newestMs > options.overlapMs + clockSkewMs;
  const stampMs = settled ? newestMs : newestMs - options.overlapMs;
  return { newest: { stampMs: Math.max(0, stampMs), id: '' }, seenAtMs: 0, at: null };
}

/** The place after which the next page begins. */
export function windowStart(
  window: ChangeWindow,
  options: { readonly nowMs: number; readonly overlapMs: number },
): StampPlace {
  if (window.at !== null) return window.at;
  const elapsedMs = Math.max(0, options.nowMs - window.seenAtMs);
  const lookBackMs = Math.max(0, options.overlapMs - elapsedMs);
  return lookBackMs === 0 ? window.newest : { stampMs: Math.max(0, window.newest.stampMs - lookBackMs), id: '' };
}

const isAfter = (left: StampPlace, right: StampPlace): boolean =>
  left.stampMs > right.stampMs || (left.stampMs === right.stampMs && left.id > right.id);

/** The window after a page: `seen` is the newest place that was reached, `at` where the next page begins, if there is one. */
export function windowAfterPage(
  window: ChangeWindow,
  page: { readonly seen: StampPlace | null; readonly at: StampPlace | null; readonly nowMs: number },
): ChangeWindow {
  const { seen, at } = page;
  if (seen === null || !isAfter(seen, window.newest)) return { ...window, at };
  const seenAtMs = seen.stampMs > window.newest.stampMs ? page.nowMs : window.seenAtMs;
  return { newest: seen, seenAtMs, at };
}

const placeOf = (value: unknown): StampPlace | null => {
  const place = value as Partial<StampPlace> | null | undefined;
  return typeof place?.stampMs === 'number' && typeof place.id === 'string'
    ? { stampMs: place.stampMs, id: place.id }
    : null;
};

/** Reads a saved window. Throws when it is none: the position was saved by something else. */
export function windowOf(position: Position): ChangeWindow {
  const newest = placeOf(position.newest);
  if (newest === null || typeof position.seenAtMs !== 'number') {
    throw new Error('The saved position is not one of changes. Synchronise the object again from the beginning.');
  }
  return { newest, seenAtMs: position.seenAtMs, at: placeOf(position.at) };
}

/** The window as it is saved. */
export const positionOf = (window: ChangeWindow): Position => ({ ...window });
