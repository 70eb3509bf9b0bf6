import type { EventRecord, Lane } from '@kempt/contracts';
import type { Database, Transaction } from '@kempt/postgres';

/** Names a row; both parts are its primary key. */
export interface OutboxRowKey {
  readonly tenantId: string;
  readonly position: string;
}

export interface OutboxRow extends OutboxRowKey {
  readonly lane: Lane;
  readonly eventId: string;
  readonly createdAt: Date;
  readonly record: EventRecord;
}

/** A page in the order in which its events must be published. */
export interface OutboxPage {
  readonly rows: readonly OutboxRow[];
  /**
   * Of a complete page, those of `rows` that were asked for; the others came along because they are older events of the
   * same keys.
   */
  readonly picked: readonly OutboxRow[];
  /** False when there were so many older events that the picked ones have to wait for a later page. */
  readonly complete: boolean;
}

/** Which part of the keys a dispatcher publishes. */
export interface DispatchShare {
  readonly lane: number;
  readonly lanes: number;
  /** Topics that the bus refuses at the moment. */
  readonly withoutTopics: readonly string[];
}

interface StoredRow {
  tenant_id: string;
  position: string;
  lane: Lane;
  id: string;
  aggregatetype: string;
  aggregateid: string;
  headers: Record<string, string>;
  payload: Buffer | null;
  created_at: Date;
  older: boolean;
}

const columns = 'tenant_id, position, lane, id, key_hash, aggregatetype, aggregateid, headers, payload, created_at';

/**
 * Adds to `picked` every row of the same topics and keys with a lower position, whatever its lane: a key never overtakes
 * itself. A row that is visible makes all earlier rows of its key visible, since those were committed before it got its
 * position; and this is one statement with one snapshot.
 */
const withOlderOfSameKey = `
  last_picked as (
    select key_hash, aggregatetype, aggregateid, max(position) as position from picked group by 1, 2, 3),
  older as (
    select ${columns
      .split(', ')
      .map((column) => `o.${column}`)
      .join(', ')}
      from last_picked p
      join outbox o on o.key_hash = p.key_hash and o.position < p.position
       and o.aggregatetype = p.aggregatetype and o.aggregateid = p.aggregateid
     where not exists (select from picked q where q.position = o.position)
     order by o.position
     limit $4)
  select *, true as older from older union all select *, false from picked order by position`;

const inShare = 'key_hash % $2 = $1 and aggregatetype <> all ($3)';

/**
 * For the transaction. The planner takes a queue for as large or as small as it was when it was last analysed, and then
 * sorts the whole table for the sake of a page; here the index in the right order is always right.
 */
export async function preferIndexes(tx: Transaction): Promise<void> {
  await tx.query(`select set_config('enable_seqscan', 'off', true), set_config('enable_bitmapscan', 'off', true)`);
}

/** The next live events. `after` skips what was read already; see the sweeps of the dispatcher. */
export async function readLive(
  tx: Transaction,
  share: DispatchShare,
  page: { readonly after: string; readonly limit: number },
): Promise<OutboxPage> {
  const rows = await tx.query<StoredRow>(
    `with picked as materialized (
       select ${columns} from outbox
        where lane = 'live' and position > $5 and ${inShare}
        order by position limit $4),
     ${withOlderOfSameKey}`,
    [share.lane, share.lanes, share.withoutTopics, page.limit, page.after],
  );
  return pageOf(rows, page.limit);
}

/** The next bulk events of each of the tenants, at most `limit` divided by their number from each. */
export async function readBulk(
  tx: Transaction,
  share: DispatchShare,
  page: { readonly tenants: readonly { readonly tenantId: string; readonly after: string }[]; readonly limit: number },
): Promise<OutboxPage> {
  const rows = await tx.query<StoredRow>(
    `with picked as materialized (
       select ${columns
         .split(', ')
         .map((column) => `o.${column}`)
         .join(', ')}
         from unnest($5::text[], $6::bigint[]) as tenant (tenant_id, after)
        cross join lateral (
          select * from outbox
           where outbox.tenant_id = tenant.tenant_id and position > tenant.after and lane = 'bulk' and ${inShare}
           order by position limit $7) o),
     ${withOlderOfSameKey}`,
    [
      share.lane,
      share.lanes,
      share.withoutTopics,
      page.limit,
      page.tenants.map(({ tenantId }) => tenantId),
      page.tenants.map(({ after }) => after),
      Math.max(1, Math.floor(page.limit / page.tenants.length)),
    ],
  );
  return pageOf(rows, page.limit);
}

/** Tenants that have bulk events waiting, up to a thousand of them, beginning behind `after`. Jumps from one to the next. */
export async function tenantsWithBulk(tx: Transaction, share: DispatchShare, after: string): Promise<string[]> {
  const rows = await tx.query<{ tenant_id: string }>(
    `with recursive waiting as (
       (select tenant_id, 1 as place from outbox
         where tenant_id > $4 and lane = 'bulk' and ${inShare} order by tenant_id limit 1)
       union all
       select next.tenant_id, waiting.place + 1
         from waiting
        cross join lateral (
          select tenant_id from outbox
           where outbox.tenant_id > waiting.tenant_id and lane = 'bulk' and ${inShare}
           order by tenant_id limit 1) next
        where waiting.place < 1000)
     select tenant_id from waiting`,
    [share.lane, share.lanes, share.withoutTopics, after],
  );
  return rows.map((row) => row.tenant_id);
}

export async function deleteFromOutbox(tx: Transaction, rows: readonly OutboxRowKey[]): Promise<void> {
  if (rows.length === 0) return;
  await tx.execute(
    `delete from outbox o using unnest($1::text[], $2::bigint[]) as gone (tenant_id, position)
      where o.tenant_id = gone.tenant_id and o.position = gone.position`,
    [rows.map(({ tenantId }) => tenantId), rows.map(({ position }) => position)],
  );
}

/** Says whether the dispatcher of the lane looks for events by itself. */
export async function markLane(tx: Transaction, lane: number, mark: { readonly busy: boolean }): Promise<void> {
  const sql = mark.busy
    ? 'insert into outbox_busy_lane (lane) values ($1) on conflict do nothing'
    : 'delete from outbox_busy_lane where lane = $1';
  await tx.execute(sql, [lane]);
}

export interface OutboxBacklog {
  readonly lane: Lane;
  readonly rows: number;
  readonly oldestAgeSeconds: number;
}

export async function measureOutbox(database: Database): Promise<OutboxBacklog[]> {
  const rows = await database.systemTransaction(
    (tx) =>
      tx.query<{ lane: Lane; rows: string; age: string }>(
        `select lane, count(*) as rows,
                greatest(0, extract(epoch from clock_timestamp() - min(created_at))) as age
           from outbox group by lane`,
      ),
    { readOnly: true, statementTimeoutMs: 5_000 },
  );
  return rows.map((row) => ({ lane: row.lane, rows: Number(row.rows), oldestAgeSeconds: Number(row.age) }));
}

/** The number of lanes that every dispatcher of the schema uses; the first one decides. */
export async function readLanes(database: Database, wanted: number): Promise<number> {
  return database.systemTransaction(async (tx) => {
    const [known] = await tx.query<{ lanes: number }>('select lanes from outbox_lanes');
    if (known !== undefined) return known.lanes;
    await tx.execute('insert into outbox_lanes (lanes) values ($1) on conflict do nothing', [wanted]);
    const [agreed] = await tx.query<{ lanes: number }>('select lanes from outbox_lanes');
    return agreed?.lanes ?? wanted;
  });
}

export async function writeLanes(database: Database, lanes: number): Promise<void> {
  await database.systemTransaction(async (tx) => {
    await tx.execute('delete from outbox_busy_lane');
    await tx.execute('update outbox_lanes set lanes = $1', [lanes]);
  });
}

/**
 * If the older events alone fill the page there may be more of them, so the page ends with the last one that is known: up
 * to there it holds everything of its keys, picked events included. Either way it holds, of each key, a run of its oldest
 * events.
 */
function pageOf(stored: readonly StoredRow[], limit: number): OutboxPage {
  const older = stored.filter((row) => row.older);
  const lastOlder = older.at(-1);
  if (lastOlder === undefined || older.length < limit) {
    return { rows: stored.map(toRow), picked: stored.filter((row) => !row.older).map(toRow), complete: true };
  }
  const end = BigInt(lastOlder.position);
  return { rows: stored.filter(({ position }) => BigInt(position) <= end).map(toRow), picked: [], complete: false };
}

function toRow(row: StoredRow): OutboxRow {
  return {
    tenantId: row.tenant_id,
    position: row.position,
    lane: row.lane,
    eventId: row.id,
    createdAt: row.created_at,
    record: { topic: row.aggregatetype, key: row.aggregateid, headers: row.headers, value: row.payload },
  };
}
