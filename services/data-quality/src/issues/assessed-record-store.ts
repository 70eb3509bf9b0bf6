import type { Transaction } from '@kempt/postgres';
import { type ObjectRef, objectName, type RecordPlace } from '../profiles/profile-store.ts';
import type { RecordFacts } from '../rules/record-facts.ts';

/** What is known of a record, and how it was judged. */
export interface AssessedRecord extends RecordPlace {
  readonly version: number;
  readonly ownerId: string;
  readonly modifiedAt: Date;
  /** Null when the record is deleted, merged or erased. */
  readonly facts: RecordFacts | null;
  readonly checked: readonly string[];
  readonly failed: readonly string[];
  readonly rulesVersion: number;
  readonly dueOn: string | null;
}

/** By how much the counts of a rule change, for the records of one owner. */
export interface CountChange extends ObjectRef {
  readonly ownerId: string;
  readonly ruleId: string;
  readonly checked: number;
  readonly failed: number;
}

interface AssessedRow {
  readonly account: string;
  readonly object: string;
  readonly record_id: string;
  readonly version: string;
  readonly owner_id: string;
  readonly modified_at: Date;
  readonly facts: RecordFacts | null;
  readonly checked: string[];
  readonly failed: string[];
  readonly rules_version: number;
  readonly due_on: string | null;
}

/** One name for a record. */
export const placeName = (place: RecordPlace): string => `${objectName(place)}\n${place.recordId}`;

/** The columns of places, as parameters of `unnest`. */
export const placeColumns = (places: readonly RecordPlace[]): readonly (readonly string[])[] => [
  places.map(({ account }) => account),
  places.map(({ object }) => object),
  places.map(({ recordId }) => recordId),
];

/** Needs the locks of the records. */
export async function loadAssessed(tx: Transaction, places: readonly RecordPlace[]): Promise<AssessedRecord[]> {
  const rows = await tx.query<AssessedRow>(
    `select account, object, record_id, version, owner_id, modified_at, facts, checked, failed, rules_version, due_on
       from assessed_record join unnest($2::text[], $3::text[], $4::text[]) as p (account, object, record_id)
            using (account, object, record_id)
      where tenant_id = $1`,
    [tx.tenantId, ...placeColumns(places)],
  );
  return rows.map((row) => ({
    account: row.account,
    object: row.object,
    recordId: row.record_id,
    version: Number(row.version),
    ownerId: row.owner_id,
    modifiedAt: row.modified_at,
    facts: row.facts,
    checked: row.checked,
    failed: row.failed,
    rulesVersion: row.rules_version,
    dueOn: row.due_on,
  }));
}

/** How many values of the record could be written in a standard way. */
export function fixableValues(facts: RecordFacts | null): number {
  return Object.values(facts?.standards ?? {}).reduce((sum, { fixes }) => sum + fixes.length, 0);
}

export async function saveAssessed(tx: Transaction, records: readonly AssessedRecord[]): Promise<void> {
  // Lists travel as text: ids of rules hold no comma.
  await tx.execute(
    `insert into assessed_record (tenant_id, account, object, record_id, version, living, owner_id, modified_at, facts,
                                  checked, failed, rules_version, due_on, fixable)
     select $1, account, object, record_id, version, facts is not null, owner_id, modified_at, facts::jsonb,
            string_to_array(checked, ','), string_to_array(failed, ','), $11, due_on::date, fixable
       from unnest($2::text[], $3::text[], $4::text[], $5::bigint[], $6::text[], $7::timestamptz[], $8::text[],
                   $9::text[], $10::text[], $12::text[], $13::integer[])
            as r (account, object, record_id, version, owner_id, modified_at, facts, checked, failed, due_on, fixable)
     on conflict (tenant_id, account, object, record_id) do update
       set version = excluded.version, living = excluded.living, owner_id = excluded.owner_id,
           modified_at = excluded.modified_at, facts = excluded.facts, checked = excluded.checked,
           failed = excluded.failed, rules_version = excluded.rules_version, due_on = excluded.due_on,
           fixable = excluded.fixable`,
    [
      tx.tenantId,
      ...placeColumns(records),
      records.map(({ version }) => version),
      records.map(({ ownerId }) => ownerId),
      records.map(({ modifiedAt }) => modifiedAt),
      records.map(({ facts }) => (facts === null ? null : JSON.stringify(facts))),
      records.map(({ checked }) => checked.join(',')),
      records.map(({ failed }) => failed.join(',')),
      records[0]?.rulesVersion ?? 1,
      records.map(({ dueOn }) => dueOn),
      records.map(({ facts }) => fixableValues(facts)),
    ],
  );
}

export async function changeCounts(tx: Transaction, changes: readonly CountChange[]): Promise<void> {
  if (changes.length === 0) return;
  const names = [
    tx.tenantId,
    changes.map(({ account }) => account),
    changes.map(({ object }) => object),
    changes.map(({ ownerId }) => ownerId),
    changes.map(({ ruleId }) => ruleId),
  ];
  // Two steps, since a row that is proposed for insertion is checked before it becomes an update, and differences may
  // be below zero.
  await tx.execute(
    `insert into rule_count (tenant_id, account, object, owner_id, rule_id, checked, failed)
     select $1, account, object, owner_id, rule_id, 0, 0
       from unnest($2::text[], $3::text[], $4::text[], $5::text[]) as c (account, object, owner_id, rule_id)
     on conflict (tenant_id, account, object, owner_id, rule_id) do nothing`,
    names,
  );
  await tx.execute(
    `update rule_count as r set checked = r.checked + c.checked, failed = r.failed + c.failed
       from unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::bigint[])
            as c (account, object, owner_id, rule_id, checked, failed)
      where r.tenant_id = $1 and r.account = c.account and r.object = c.object
        and r.owner_id = c.owner_id and r.rule_id = c.rule_id`,
    [...names, changes.map(({ checked }) => checked), changes.map(({ failed }) => failed)],
  );
  await tx.execute(
    `insert into score_due (tenant_id, account, object)
     select distinct $1, account, object from unnest($2::text[], $3::text[]) as c (account, object)
     on conflict (tenant_id, account, object) do nothing`,
    names.slice(0, 3),
  );
}

/** Records that were judged by other rules, or whose judgement a new day may change. */
export async function findOutdated(
  tx: Transaction,
  { rulesVersion, today, limit }: { readonly rulesVersion: number; readonly today: string; readonly limit: number },
): Promise<RecordPlace[]> {
  const rows = await tx.query<{ account: string; object: string; record_id: string }>(
    `(select account, object, record_id from assessed_record
       where tenant_id = $1 and rules_version < $2 limit $4)
     union
     (select account, object, record_id from assessed_record
       where tenant_id = $1 and due_on <= $3::date limit $4)
     limit $4`,
    [tx.tenantId, rulesVersion, today, limit],
  );
  return rows.map(({ account, object, record_id }) => ({ account, object, recordId: record_id }));
}
