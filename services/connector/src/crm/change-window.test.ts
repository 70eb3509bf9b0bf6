import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  beginWindow,
  type ChangeWindow,
  openReading,
  positionOf,
  type StampPlace,
  windowAfterPage,
  windowOf,
} from './change-window.ts';

const overlapMs = 60_000;

const startOf = (window: ChangeWindow, nowMs: number): StampPlace =>
  openReading(window, { nowMs, overlapMs }).reading.at;

describe('the window of changes', () => {
  test('begins an overlap before the newest stamp, which may still be joined by late commits', () => {
    const window = beginWindow(1_000_000, { nowMs: 1_010_000, overlapMs });
    expect(startOf(window, 9_000_000)).toEqual({ stampMs: 940_000, id: '' });
  });

  test('begins at the newest stamp when that is so old that nothing can join it', () => {
    const window = beginWindow(1_000_000, { nowMs: 9_000_000, overlapMs });
    expect(startOf(window, 9_000_001)).toEqual({ stampMs: 1_000_000, id: '' });
  });

  test('looks back by what could still have been missing when the last reading began', () => {
    const window: ChangeWindow = {
      newest: { stampMs: 500_000, id: 'x' },
      seenAtMs: 1_000_000,
      readAtMs: 1_000_000,
      reading: null,
    };
    expect(startOf(window, 2_000_000)).toEqual({ stampMs: 440_000, id: '' });
    expect(startOf({ ...window, readAtMs: 1_050_000 }, 2_000_000)).toEqual({ stampMs: 490_000, id: '' });
    expect(startOf({ ...window, readAtMs: 1_060_000 }, 2_000_000)).toEqual({ stampMs: 500_000, id: 'x' });
  });

  test('looks back fully when our clock was put back', () => {
    const window: ChangeWindow = {
      newest: { stampMs: 500_000, id: 'x' },
      seenAtMs: 1_000_000,
      readAtMs: 10,
      reading: null,
    };
    expect(startOf(window, 20)).toEqual({ stampMs: 440_000, id: '' });
  });

  test('goes on after the last record within a reading, and notes when a newer stamp was first seen', () => {
    const first: ChangeWindow = { newest: { stampMs: 100, id: 'a' }, seenAtMs: 1, readAtMs: 2, reading: null };
    const place = { stampMs: 200, id: 'b' };
    const opened = openReading(first, { nowMs: 5, overlapMs });
    const middle = windowAfterPage(opened, { seen: place, next: place, nowMs: 7 });
    expect(middle).toEqual({ newest: place, seenAtMs: 7, readAtMs: 2, reading: { beganAtMs: 5, at: place } });
    const reopened = openReading(middle, { nowMs: 8, overlapMs });
    expect(reopened.reading.at).toEqual(place);
    const end = windowAfterPage(reopened, { seen: { stampMs: 200, id: 'c' }, next: null, nowMs: 9 });
    expect(end).toEqual({ newest: { stampMs: 200, id: 'c' }, seenAtMs: 7, readAtMs: 5, reading: null });
    const again = windowAfterPage(openReading(end, { nowMs: 50, overlapMs }), {
      seen: { stampMs: 150, id: 'z' },
      next: null,
      nowMs: 99,
    });
    expect(again).toEqual({ ...end, readAtMs: 50 });
  });

  test('is saved and read as it is', () => {
    const window: ChangeWindow = {
      newest: { stampMs: 5, id: 'x' },
      seenAtMs: 7,
      readAtMs: 8,
      reading: { beganAtMs: 9, at: { stampMs: 4, id: '' } },
    };
    expect(windowOf(JSON.parse(JSON.stringify(positionOf(window))))).toEqual(window);
    expect(() => windowOf({ after: '17' })).toThrow(/Synchronise the object again/);
  });
});

/** A CRM in which records become visible up to `overlapMs` after their stamp, read by a poller. */
describe('polling', () => {
  interface Change {
    readonly stampMs: number;
    readonly visibleMs: number;
    readonly id: string;
  }

  const order = (left: StampPlace, right: StampPlace): number =>
    left.stampMs - right.stampMs || (left.id < right.id ? -1 : left.id > right.id ? 1 : 0);

  test('finds every change, however late it becomes visible within the overlap and however many share a stamp', () => {
    const changes = fc.array(
      fc.record({ stampS: fc.integer({ min: 0, max: 60 }), lateMs: fc.integer({ min: 0, max: 9_000 }) }),
      { maxLength: 40 },
    );
    fc.assert(
      fc.property(
        changes,
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 500, max: 20_000 }),
        (made, pageSize, pauseMs) => {
          const overlap = 10_000;
          const all: Change[] = made.map(({ stampS, lateMs }, index) => ({
            stampMs: stampS * 1_000,
            visibleMs: stampS * 1_000 + lateMs,
            id: String(1_000 + ((index * 37) % 100)) + index,
          }));
          const found = new Set<string>();
          let window = beginWindow(0, { nowMs: 0, overlapMs: overlap });
          for (let nowMs = 0; nowMs <= 120_000; nowMs += pauseMs) {
            for (;;) {
              const opened = openReading(window, { nowMs, overlapMs: overlap });
              const page = all
                .filter((change) => change.visibleMs <= nowMs && order(change, opened.reading.at) > 0)
                .sort(order)
                .slice(0, pageSize);
              for (const { id } of page) found.add(id);
              const last = page.at(-1);
              const seen = last === undefined ? null : { stampMs: last.stampMs, id: last.id };
              const isFull = page.length === pageSize;
              window = windowAfterPage(opened, { seen, next: isFull ? seen : null, nowMs });
              if (!isFull) break;
            }
          }
          expect([...found].sort()).toEqual(all.map(({ id }) => id).sort());
        },
      ),
    );
  });
});
