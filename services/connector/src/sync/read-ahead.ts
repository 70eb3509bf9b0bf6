/** Something that comes page by page, each naming the position of the next; null ends it. */
export interface AheadPage<P> {
  readonly next: P | null;
}

/**
 * Reads pages one after the other, the next one already while the caller works on the one before. Whatever reading it
 * ahead threw is thrown when its turn comes.
 */
export async function* readAhead<P, Page extends AheadPage<P>>(
  start: P | null,
  read: (position: P | null) => Promise<Page>,
): AsyncGenerator<Page> {
  let pending: Promise<Page> | null = read(start);
  while (pending !== null) {
    const page: Page = await pending;
    pending = page.next === null ? null : read(page.next);
    // If the caller ends early, nobody waits for the page ahead.
    pending?.catch(() => undefined);
    yield page;
  }
}
