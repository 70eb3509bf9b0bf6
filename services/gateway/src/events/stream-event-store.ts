import type { Database, Transaction } from '@kempt/postgres';
import type { StreamNews } from './followed-topic.ts';
import type { StreamEvent } from './stream-event.ts';

/** Told, with the tenant as payload, when the stream of a tenant has grown. */
export function streamChannel(schema: string): string {
  return `kempt_stream_${schema}`;
}

/**
 * Appends to the stream of the transaction's tenant, in array order, and says how many events were news. The row of the
 * head is locked until the commit: ids have no gaps, and whoever sees one sees all below it.
 */
export async function appendToStream(tx: Transaction, news: readonly StreamNews[]): Promise<number> {
  const [head] = await tx.query<{ last_id: string }>(
    `insert into stream_head (tenant_id) values ($1)
     on conflict (tenant_id) do update set last_id = stream_head.last_id
     returning last_id`,
    [tx.tenantId],
  );
  const lastId = Number(head?.last_id ?? 0);
  const known = await tx.query<{ event_id: string }>(
    'select event_id from stream_event where tenant_id = $1 and event_id = any($2::uuid[])',
    [tx.tenantId, news.map(({ eventId }) => eventId)],
  );
  const seen = new Set(known.map((row) => row.event_id));
  const fresh = news.filter(({ eventId }) => !seen.has(eventId) && seen.add(eventId));
  if (fresh.length === 0) return 0;
  await tx.execute(
    `with appended as (
       insert into stream_event (tenant_id, id, event_id, topic, subject, time, data)
       select $1, $2::bigint + place, event_id, topic, subject, time, data
         from unnest($3::uuid[], $4::text[], $5::text[], $6::timestamptz[], $7::text[])
              with ordinality as event (event_id, topic, subject, time, data, place)),
     moved as (
       update stream_head set last_id = $2::bigint + $8 where tenant_id = $1)
     select pg_notify('kempt_stream_' || current_schema(), $1)`,
    [
      tx.tenantId,
      lastId,
      fresh.map(({ eventId }) => eventId),
      fresh.map(({ topic }) => topic),
      fresh.map(({ subject }) => subject),
      fresh.map(({ time }) => time),
      fresh.map(({ data }) => JSON.stringify(data)),
      fresh.length,
    ],
  );
  return fresh.length;
}

export interface StreamPage {
  readonly events: readonly StreamEvent[];
  /** Newest id of the stream; 0 while it is empty. */
  readonly headId: number;
}

interface StreamRow {
  readonly id: string | null;
  readonly topic: string;
  readonly subject: string;
  readonly time: Date;
  readonly data: string;
  readonly head_id: string;
}

/** Events of a tenant after an id, oldest first. The first one follows the id unless retention has taken those between. */
export async function readStream(
  database: Database,
  tenantId: string,
  page: { readonly after: number; readonly limit: number },
): Promise<StreamPage> {
  const rows = await database.transaction(
    tenantId,
    (tx) =>
      tx.query<StreamRow>(
        `select event.id, topic, subject, time, data, last_id as head_id
           from stream_head
           left join lateral (
             select id, topic, subject, time, data from stream_event
              where tenant_id = $1 and id > $2 order by id limit $3) as event on true
          where stream_head.tenant_id = $1
          order by event.id`,
        [tenantId, page.after, page.limit],
      ),
    { readOnly: true },
  );
  return {
    headId: Number(rows[0]?.head_id ?? 0),
    events: rows.flatMap(({ id, topic, subject, time, data }) =>
      id === null ? [] : [{ id: Number(id), topic, subject, time, data }],
    ),
  };
}

/**
 * Of probes by account and sequence, oldest first, those whose outcome differs from the one before; remembers the newest.
 * A probe that is no newer than the last one known tells nothing.
 */
export async function changedProbes(tx: Transaction, probes: readonly StreamNews[]): Promise<readonly StreamNews[]> {
  const accountOf = ({ data }: StreamNews): string => String(data['account']);
  const accounts = [...new Set(probes.map(accountOf))].sort();
  const rows = await tx.query<{ account: string; sequence: string; outcome: string }>(
    `select account, sequence, outcome from probed_account
      where tenant_id = $1 and account = any($2) order by account for update`,
    [tx.tenantId, accounts],
  );
  const known = new Map(
    rows.map(({ account, sequence, outcome }) => [account, { sequence: Number(sequence), outcome }]),
  );
  const changed: StreamNews[] = [];
  for (const probe of probes) {
    const account = accountOf(probe);
    const last = known.get(account);
    if (last !== undefined && probe.sequence <= last.sequence) continue;
    const outcome = String(probe.data['outcome']);
    if (last?.outcome !== outcome) changed.push(probe);
    known.set(account, { sequence: probe.sequence, outcome });
  }
  await tx.execute(
    `insert into probed_account (tenant_id, account, sequence, outcome)
     select $1, account, sequence, outcome
       from unnest($2::text[], $3::bigint[], $4::text[]) as probe (account, sequence, outcome)
     on conflict (tenant_id, account) do update set sequence = excluded.sequence, outcome = excluded.outcome
      where probed_account.sequence < excluded.sequence`,
    [
      tx.tenantId,
      accounts,
      accounts.map((account) => known.get(account)?.sequence),
      accounts.map((account) => known.get(account)?.outcome),
    ],
  );
  return changed;
}

export interface StreamRetention {
  readonly maxEvents: number;
  readonly storedBefore: Date;
}

const eventsPerDeletion = 5_000;

/** Removes what is older than the retention or beyond its number, from every tenant. Says how many events went. */
export async function trimStreams(
  database: Database,
  { maxEvents, storedBefore }: StreamRetention,
  signal: AbortSignal,
): Promise<number> {
  const heads = await database.systemTransaction(
    (tx) => tx.query<{ tenant_id: string; last_id: string }>('select tenant_id, last_id from stream_head'),
    { readOnly: true },
  );
  let removed = 0;
  for (const { tenant_id: tenantId, last_id: lastId } of heads) {
    for (let batch = eventsPerDeletion; batch === eventsPerDeletion && !signal.aborted; removed += batch) {
      // Ids and times rise together, so only the oldest need a look.
      batch = await database.transaction(tenantId, (tx) =>
        tx.execute(
          `with oldest as (select id, stored_at from stream_event where tenant_id = $1 order by id limit $2)
           delete from stream_event using oldest
            where tenant_id = $1 and stream_event.id = oldest.id and (oldest.id <= $3 or oldest.stored_at < $4)`,
          [tenantId, eventsPerDeletion, Number(lastId) - maxEvents, storedBefore],
        ),
      );
    }
  }
  return removed;
}
