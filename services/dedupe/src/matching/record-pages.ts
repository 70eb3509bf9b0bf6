const pageRecords = 5_000;

/** Page after page in order of ref, none of them empty, so that no list of all records is held. */
export async function* recordPages<T extends { readonly ref: string }>(
  load: (page: { readonly after: string; readonly limit: number }) => Promise<readonly T[]>,
): AsyncGenerator<readonly T[], undefined> {
  let after = '';
  for (;;) {
    const page = await load({ after, limit: pageRecords });
    const last = page.at(-1);
    if (last === undefined) return;
    yield page;
    if (page.length < pageRecords) return;
    after = last.ref;
  }
}
