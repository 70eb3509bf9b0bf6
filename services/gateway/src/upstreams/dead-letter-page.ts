/** A dead letter as far as merging looks into it. Ids are UUIDs of version 7, so their order is that of time. */
export interface Identified {
  readonly id: string;
}

/** How far a list of one service has been read: the page at hand, and the last of its letters that was given out. */
export interface ListPosition {
  readonly service: string;
  /** The service's own cursor of the page; `null` for the first one. */
  readonly cursor: string | null;
  /** Letters of the page up to this id were given out; `null` when none was. */
  readonly afterId: string | null;
  readonly isDone: boolean;
}

/** One page of one service, read at its position. */
export interface ServicePage<Letter extends Identified> {
  readonly position: ListPosition;
  /** Newest first. */
  readonly items: readonly Letter[];
  readonly nextCursor?: string;
}

export interface MergedPage<Letter extends Identified> {
  readonly items: readonly (Letter & { readonly service: string })[];
  readonly positions: readonly ListPosition[];
}

/**
 * Merges pages of several services into the newest letters of all of them, `limit` at most, and says how far that read
 * each one. A page that was given out in part is read again the next time, from behind the last letter that was taken:
 * cursors of the services are opaque, so there is none for the middle of a page.
 */
export function mergeDeadLetterPages<Letter extends Identified>(
  pages: readonly ServicePage<Letter>[],
  limit: number,
): MergedPage<Letter> {
  const remaining = pages.map((page) => ({
    page,
    items: page.items.filter(({ id }) => page.position.afterId === null || id < page.position.afterId),
  }));
  // Behind the end of a page that is not the last one, its service may have letters that are newer than those of others.
  const horizon = pages
    .filter((page) => page.nextCursor !== undefined)
    .map((page) => page.items.at(-1)?.id ?? '')
    .reduce((newest, id) => (id > newest ? id : newest), '');
  const merged = remaining
    .flatMap(({ page, items }) => items.map((letter) => ({ ...letter, service: page.position.service })))
    .filter(({ id }) => id >= horizon)
    .sort((a, b) => (a.id < b.id ? 1 : -1))
    .slice(0, limit);
  return { items: merged, positions: remaining.map(({ page, items }) => positionAfter(page, items, merged)) };
}

function positionAfter<Letter extends Identified>(
  { position, nextCursor }: ServicePage<Letter>,
  items: readonly Letter[],
  merged: readonly (Letter & { readonly service: string })[],
): ListPosition {
  const taken = merged.filter((letter) => letter.service === position.service);
  if (taken.length < items.length) return { ...position, afterId: taken.at(-1)?.id ?? position.afterId };
  if (nextCursor === undefined) return { ...position, isDone: true };
  return { ...position, cursor: nextCursor, afterId: null };
}
