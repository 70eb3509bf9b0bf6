import type { RecordRefFields } from '@kempt/contracts';
import type { Transaction } from '@kempt/postgres';

export interface RecordAlias {
  readonly account: string;
  readonly object: string;
  readonly recordId: string;
  readonly livesOnAs: string;
  readonly reason: 'merged' | 'recreated';
}

/** Notes under which id a record lives on, in the place of what was known. */
export async function putAlias(tx: Transaction, changeSetId: string, alias: RecordAlias): Promise<void> {
  await tx.execute(
    `insert into record_alias (tenant_id, account, object, record_id, lives_on_as, reason, change_set_id)
     values ($1, $2, $3, $4, $5, $6, $7)
     on conflict (tenant_id, account, object, record_id) do update
       set lives_on_as = excluded.lives_on_as, reason = excluded.reason, change_set_id = excluded.change_set_id,
           created_at = now()`,
    [tx.tenantId, alias.account, alias.object, alias.recordId, alias.livesOnAs, alias.reason, changeSetId],
  );
}

/** Forgets an alias: the record is there again as itself. */
export async function dropAlias(tx: Transaction, record: RecordRefFields): Promise<void> {
  await tx.execute(
    'delete from record_alias where tenant_id = $1 and account = $2 and object = $3 and record_id = $4',
    [tx.tenantId, record.account, record.object, record.recordId],
  );
}

/** The id under which a record lives on, however often it was merged or made again; undefined when it is itself. */
export async function livingId(tx: Transaction, record: RecordRefFields): Promise<string | undefined> {
  const [row] = await tx.query<{ lives_on_as: string }>(
    `with recursive chain (id, depth) as (
       select lives_on_as, 1 from record_alias
        where tenant_id = $1 and account = $2 and object = $3 and record_id = $4
       union
       select alias.lives_on_as, chain.depth + 1 from chain
         join record_alias as alias on alias.tenant_id = $1 and alias.account = $2 and alias.object = $3
          and alias.record_id = chain.id
        where chain.depth < 250)
     select id as lives_on_as from chain order by depth desc limit 1`,
    [tx.tenantId, record.account, record.object, record.recordId],
  );
  return row?.lives_on_as;
}

/** What a change set made of records, by their old ids. */
export async function aliasesOf(tx: Transaction, changeSetId: string): Promise<Map<string, string>> {
  const rows = await tx.query<{ account: string; object: string; record_id: string; lives_on_as: string }>(
    'select account, object, record_id, lives_on_as from record_alias where tenant_id = $1 and change_set_id = $2',
    [tx.tenantId, changeSetId],
  );
  return new Map(rows.map((row) => [`${row.account}:${row.object}:${row.record_id}`, row.lives_on_as]));
}

/** Ids that are known to be survivors or records made again: none of them is a record that was just made. */
export async function knownSuccessors(
  tx: Transaction,
  place: { readonly account: string; readonly object: string },
): Promise<Set<string>> {
  const rows = await tx.query<{ lives_on_as: string }>(
    'select distinct lives_on_as from record_alias where tenant_id = $1 and account = $2 and object = $3',
    [tx.tenantId, place.account, place.object],
  );
  return new Set(rows.map((row) => row.lives_on_as));
}
