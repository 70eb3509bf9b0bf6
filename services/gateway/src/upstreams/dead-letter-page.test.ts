import { describe, expect, test } from '@jest/globals';
import { type ListPosition, mergeDeadLetterPages, type ServicePage } from './dead-letter-page.ts';

interface Letter {
  readonly id: string;
}

/** Serves pages of a list, newest first, as a service does. */
function pageOf(service: string, ids: readonly string[], position: ListPosition, limit: number): ServicePage<Letter> {
  const from = position.cursor === null ? 0 : Number(position.cursor);
  const items = ids.slice(from, from + limit).map((id) => ({ id }));
  const next = from + limit;
  return { position, items, ...(next < ids.length && { nextCursor: String(next) }) };
}

function readAll(lists: Readonly<Record<string, readonly string[]>>, limit: number): string[][] {
  let positions: readonly ListPosition[] = Object.keys(lists).map((service) => ({
    service,
    cursor: null,
    afterId: null,
    isDone: false,
  }));
  const pages: string[][] = [];
  while (positions.length > 0) {
    const merged = mergeDeadLetterPages(
      positions.map((position) => pageOf(position.service, lists[position.service] ?? [], position, limit)),
      limit,
    );
    pages.push(merged.items.map(({ id }) => id));
    positions = merged.positions.filter((position) => !position.isDone);
    if (pages.length > 100) throw new Error('the list does not end');
  }
  return pages;
}

describe('the merged list', () => {
  const lists = { connector: ['9', '7', '5', '3', '1'], dedupe: ['8', '2'], metrics: [] };

  test.each([1, 2, 3, 5, 50])('of pages of %i holds every letter once, newest first', (limit) => {
    const pages = readAll(lists, limit);
    expect(pages.flat()).toEqual(['9', '8', '7', '5', '3', '2', '1']);
    for (const page of pages) expect(page.length).toBeLessThanOrEqual(limit);
  });

  test('ends at once when there is nothing', () => {
    expect(readAll({ connector: [], dedupe: [] }, 10)).toEqual([[]]);
  });

  test('a letter that is resolved while the list is read makes no other one vanish', () => {
    const start = { cursor: null, afterId: null, isDone: false };
    const pages = [
      pageOf('connector', ['9', '7', '5'], { service: 'connector', ...start }, 2),
      pageOf('dedupe', ['8', '6', '4'], { service: 'dedupe', ...start }, 2),
    ];
    const first = mergeDeadLetterPages(pages, 2);
    expect(first.items.map(({ id }) => id)).toEqual(['9', '8']);
    // 9 is gone now; the page of the connector begins with another letter.
    const [connector, dedupe] = first.positions as [ListPosition, ListPosition];
    const second = mergeDeadLetterPages(
      [pageOf('connector', ['7', '5'], connector, 2), pageOf('dedupe', ['8', '6', '4'], dedupe, 2)],
      2,
    );
    expect(second.items.map(({ id }) => id)).toEqual(['7', '6']);
  });
});
