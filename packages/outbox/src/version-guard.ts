import type { Transaction } from '@kempt/postgres';

/** One event of a subject, by the version that it carries (`ce_sequence`). */
export interface SubjectVersion {
  readonly subject: string;
  readonly version: number | bigint;
}

/**
 * Says of each entry, in order, whether it is newer than everything the consumer applied to its subject before, and
 * remembers the newest. A replayed or parked event that comes after its successors is `false`, so that its effect can be
 * left out.
 *
 * For effects that keep no version of their own; where the table that is written has one, comparing with it in the
 * statement is cheaper. Holds a lock on each subject until the transaction ends. A rebuild begins without memory.
 */
export async function guardVersions(
  tx: Transaction,
  guard: { readonly consumer: string; readonly entries: readonly SubjectVersion[] },
): Promise<boolean[]> {
  const { consumer, entries } = guard;
  const subjects = [...new Set(entries.map(({ subject }) => subject))].sort();
  if (subjects.length === 0) return [];
  await tx.execute(
    `insert into inbox_version (tenant_id, consumer, subject, generation, version)
     select $1, $2, subject, 0, 0 from unnest($3::text[]) as subject order by 1
     on conflict do nothing`,
    [tx.tenantId, consumer, subjects],
  );
  const known = await tx.query<{ subject: string; version: string; current: boolean; generation: number }>(
    `select v.subject, v.version, v.generation = g.generation as current, g.generation
       from inbox_version v
      cross join (select coalesce(max(generation), 1) as generation from inbox_stream where consumer = $2) g
      where v.tenant_id = $1 and v.consumer = $2 and v.subject = any ($3)
      order by v.subject for update of v`,
    [tx.tenantId, consumer, subjects],
  );
  // The rows stand at version 0 until the first event; versions of subjects begin at 1, but 0 must pass, too.
  const newest = new Map(known.map((row) => [row.subject, row.current ? BigInt(row.version) : null]));
  const accepted = entries.map(({ subject, version }) => {
    const last = newest.get(subject);
    if (last !== null && last !== undefined && BigInt(version) <= last) return false;
    newest.set(subject, BigInt(version));
    return true;
  });
  const changed = subjects.filter((subject) => entries.some((entry, at) => accepted[at] && entry.subject === subject));
  await tx.execute(
    `update inbox_version v set version = newest.version, generation = $3
       from unnest($4::text[], $5::bigint[]) as newest (subject, version)
      where v.tenant_id = $1 and v.consumer = $2 and v.subject = newest.subject`,
    [tx.tenantId, consumer, known[0]?.generation ?? 1, changed, changed.map((subject) => newest.get(subject))],
  );
  return accepted;
}
