import type { Transaction } from '@kempt/postgres';
import type { ObjectRef } from '../profiles/profile-store.ts';
import type { RecordFacts } from '../rules/record-facts.ts';

/** What is known of a record, and how it was judged. */
export interface AssessedRecord {
  readonly recordId: string;
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
export interface CountChange {
  readonly ownerId: string;
  readonly ruleId: string;
  readonly checked: number;
  readonly failed: number;
}

interface AssessedRow {
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

/** Needs the lock of the object. */
export async function loadAssessed(
  tx: Transaction,
  { account, object }: ObjectRef,
  recordIds: readonly string[],
): Promise<AssessedRecord[]> {
  const rows = await tx.query<AssessedRow>(
    `select record_id, version, owner_id, modified_at, facts, checked, failed, rules_version, due_on
       from assessed_record
      where tenant_id = $1 and account = $2 and object = $3 and record_id = any ($4)`,
    [tx.tenantId, account, object, recordIds],
  );
  return rows.map((row) => ({
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

export async function saveAssessed(
  tx: Transaction,
  { account, object }: ObjectRef,
  records: readonly AssessedRecord[],
): Promise<void> {
  // Lists travel as text: ids of rules hold no comma.
  await tx.execute(
    `insert into assessed_record (tenant_id, account, object, record_id, version, living, owner_id, modified_at, facts,
                                  checked, failed, rules_version, due_on, fixable)
     select $1, $2, $3, record_id, version, facts is not null, owner_id, modified_at, facts::jsonb,
            string_to_array(checked, ','), string_to_array(failed, ','), $11, due_on::date, fixable
       from unnest($4::text[], $5::bigint[], $6::text[], $7::timestamptz[], $8::text[], $9::text[], $10::text[],
                   $12::text[], $13::integer[])
            as r (record_id, version, owner_id, modified_at, facts, checked, failed, due_on, fixable)
     on conflict (tenant_id, account, object, record_id) do update
       set version = excluded.version, living = excluded.living, owner_id = excluded.owner_id,
           modified_at = excluded.modified_at, facts = excluded.facts, checked = excluded.checked,
           failed = excluded.failed, rules_version = excluded.rules_version, due_on = excluded.due_on,
           fixable = excluded.fixable`,
    [
      tx.tenantId,
      account,
      object,
      records.map(({ recordId }) => recordId),
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

export async function changeCounts(
  tx: Transaction,
  { account, object }: ObjectRef,
  changes: readonly CountChange[],
): Promise<void> {
  if (changes.length === 0) return;
  // Two steps, since a row that is proposed for insertion is checked before it becomes an update, and differences may
  // be below zero.
  const parameters = [
    tx.tenantId,
    account,
    object,
    changes.map(({ ownerId }) => ownerId),
    changes.map(({ ruleId }) => ruleId),
    changes.map(({ checked }) => checked),
    changes.map(({ failed }) => failed),
  ];
  await tx.execute(
    `insert into rule_count (tenant_id, account, object, owner_id, rule_id, checked, failed)
     select $1, $2, $3, owner_id, rule_id, 0, 0
       from unnest($4::text[], $5::text[]) as c (owner_id, rule_id)
     on conflict (tenant_id, account, object, owner_id, rule_id) do nothing`,
    parameters.slice(0, 5),
  );
  await tx.execute(
    `update rule_count as r set checked = r.checked + c.checked, failed = r.failed + c.failed
       from unnest($4::text[], $5::text[], $6::bigint[], $7::bigint[]) as c (owner_id, rule_id, checked, failed)
      where r.tenant_id = $1 and r.account = $2 and r.object = $3
        and r.owner_id = c.owner_id and r.rule_id = c.rule_id`,
    parameters,
  );
  await tx.execute(
    `insert into score_due (tenant_id, account, object) values ($1, $2, $3)
     on conflict (tenant_id, account, object) do nothing`,
    [tx.tenantId, account, object],
  );
}

export interface RecordPlace extends ObjectRef {
  readonly recordId: string;
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
