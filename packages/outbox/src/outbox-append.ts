import type { EventRecord, Lane } from '@kempt/contracts';
import type { Transaction } from '@kempt/postgres';
import { injectTrace } from '@kempt/telemetry';
import { isUuid } from './envelope.ts';
import { hashKey } from './key-hash.ts';
import { OutboxError } from './outbox-error.ts';

const rowsPerStatement = 1_000;

/**
 * Puts events into the outbox of the service, in array order. They are published if and only if the transaction commits.
 *
 * Call it after the row lock of the aggregate is held (its row was written or locked in this transaction): the position of
 * an event is taken here, so events of one key then have positions in the order of their transactions.
 */
export async function appendToOutbox(
  tx: Transaction,
  records: readonly EventRecord[],
  options: { readonly lane?: Lane } = {},
): Promise<void> {
  const { tenantId } = tx;
  const lane = options.lane ?? 'live';
  if (tenantId === null) {
    throw new OutboxError(
      'tenant-missing',
      'Events are appended inside a transaction of their tenant, not a system one.',
    );
  }
  const rows = records.map((record) => {
    const { ce_id: id, ce_tenantid: tenantOfEvent } = record.headers;
    if (!isUuid(id)) {
      throw new OutboxError('event-id-malformed', `Header ce_id of an event for ${record.topic} must be a UUID.`);
    }
    if (tenantOfEvent !== undefined && tenantOfEvent !== tenantId) {
      throw new OutboxError(
        'tenant-mismatch',
        `Header ce_tenantid of an event for ${record.topic} names another tenant than the transaction.`,
      );
    }
    return { id, record: withLane(withTrace(record), lane) };
  });
  await insertIntoOutbox(tx, { tenantId, lane, rows });
}

export interface OutboxInsert {
  readonly tenantId: string;
  readonly lane: Lane;
  readonly rows: readonly { readonly id: string; readonly record: EventRecord }[];
}

/**
 * Writes the rows and wakes the dispatchers when the transaction commits, unless they look by themselves. Postgres folds
 * equal notifications of a transaction into one.
 */
export async function insertIntoOutbox(tx: Transaction, insert: OutboxInsert): Promise<void> {
  for (let from = 0; from < insert.rows.length; from += rowsPerStatement) {
    const rows = insert.rows.slice(from, from + rowsPerStatement);
    const payloads = joinPayloads(rows.map(({ record }) => record.value));
    await tx.execute(
      `with appended as (
         insert into outbox (tenant_id, lane, id, key_hash, aggregatetype, aggregateid, type, headers, payload)
         select $1, $2, id, key_hash, topic, key, type, headers,
                case when length >= 0 then substring($9::bytea from first for length) end
           from unnest($3::uuid[], $4::integer[], $5::text[], $6::text[], $7::text[], $8::json[], $10::integer[], $11::integer[])
                with ordinality as event (id, key_hash, topic, key, type, headers, first, length, place)
          order by place)
       select pg_notify('kempt_outbox_' || current_schema(), '')
        where (select count(*) from outbox_busy_lane) < coalesce((select lanes from outbox_lanes), 1)`,
      [
        insert.tenantId,
        insert.lane,
        rows.map(({ id }) => id),
        rows.map(({ record }) => hashKey(record.key)),
        rows.map(({ record }) => record.topic),
        rows.map(({ record }) => record.key),
        rows.map(({ record }) => record.headers.ce_type ?? record.topic),
        rows.map(({ record }) => JSON.stringify(record.headers)),
        payloads.bytes,
        payloads.firsts,
        payloads.lengths,
      ],
    );
  }
}

/** The channel on which dispatchers hear of commits. */
export function outboxChannel(schema: string): string {
  return `kempt_outbox_${schema}`;
}

/**
 * All payloads in one piece: the driver sends a single buffer as it is, while an array of them would travel as
 * hexadecimal text. A length of -1 stands for null; places count from 1 as Postgres does.
 */
function joinPayloads(values: readonly (Uint8Array | null)[]): {
  readonly bytes: Buffer;
  readonly firsts: readonly number[];
  readonly lengths: readonly number[];
} {
  const lengths = values.map((value) => value?.length ?? -1);
  let next = 1;
  const firsts = lengths.map((length) => {
    const first = next;
    next += Math.max(0, length);
    return first;
  });
  return { bytes: Buffer.concat(values.filter((value) => value !== null)), firsts, lengths };
}

/** The driver sends buffers as bytes and anything else as text. */
export function toBuffer(value: Uint8Array | null): Buffer | null {
  return value === null ? null : Buffer.from(value.buffer, value.byteOffset, value.byteLength);
}

/** The event carries the trace of the work that made it, unless it has one of its own. */
function withTrace(record: EventRecord): EventRecord {
  if (record.headers.traceparent !== undefined) return record;
  return { ...record, headers: injectTrace({ ...record.headers }) };
}

/** Header of events of the bulk lane; live ones have none. Who follows what happens now need not look into the others. */
export const laneHeader = 'ce_lane';

function withLane(record: EventRecord, lane: Lane): EventRecord {
  return lane === 'live' ? record : { ...record, headers: { ...record.headers, [laneHeader]: lane } };
}
