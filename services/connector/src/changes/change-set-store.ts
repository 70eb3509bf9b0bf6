import type { Transaction } from '@kempt/postgres';
import type { ChangeSet, ChangeSetState, ChangeTask } from './change-set.ts';

interface ChangeSetRow {
  readonly tenant_id: string;
  readonly id: string;
  readonly version: number;
  readonly state: ChangeSetState;
  readonly task: ChangeTask | null;
  readonly title: string;
  readonly purpose: string;
  readonly requested_by: string;
  readonly approved_by: string | null;
  readonly applied_by: string | null;
  readonly undone_by: string | null;
  readonly cancelled_by: string | null;
  readonly operations_hash: string;
  readonly plan_hash: string | null;
  readonly journal_hash: string | null;
  readonly accounts: string[];
  readonly operations: number;
  readonly reason: string;
  readonly created_at: Date;
  readonly state_at: Date;
}

const columns = `tenant_id, id, version, state, task, title, purpose, requested_by, approved_by, applied_by, undone_by,
  cancelled_by, operations_hash, plan_hash, journal_hash, accounts, operations, reason, created_at, state_at`;

const changeSetOf = (row: ChangeSetRow): ChangeSet => ({
  tenantId: row.tenant_id,
  id: row.id,
  version: row.version,
  state: row.state,
  task: row.task,
  title: row.title,
  purpose: row.purpose,
  requestedBy: row.requested_by,
  approvedBy: row.approved_by,
  appliedBy: row.applied_by,
  undoneBy: row.undone_by,
  cancelledBy: row.cancelled_by,
  operationsHash: row.operations_hash,
  planHash: row.plan_hash,
  journalHash: row.journal_hash,
  accounts: row.accounts,
  operations: row.operations,
  reason: row.reason,
  createdAt: row.created_at,
  stateAt: row.state_at,
});

export interface NewChangeSet {
  readonly id: string;
  readonly title: string;
  readonly purpose: string;
  readonly requestedBy: string;
  readonly operationsHash: string;
  readonly accounts: readonly string[];
  readonly operations: number;
}

/** Stores a draft; undefined when there is a change set of that id. */
export async function insertChangeSet(tx: Transaction, draft: NewChangeSet): Promise<ChangeSet | undefined> {
  const [row] = await tx.query<ChangeSetRow>(
    `insert into change_set (tenant_id, id, version, state, title, purpose, requested_by, operations_hash, accounts,
                             operations)
     values ($1, $2, 1, 'draft', $3, $4, $5, $6, $7, $8)
     on conflict (tenant_id, id) do nothing
     returning ${columns}`,
    [
      tx.tenantId,
      draft.id,
      draft.title,
      draft.purpose,
      draft.requestedBy,
      draft.operationsHash,
      draft.accounts,
      draft.operations,
    ],
  );
  return row === undefined ? undefined : changeSetOf(row);
}

export async function findChangeSet(tx: Transaction, id: string): Promise<ChangeSet | undefined> {
  const [row] = await tx.query<ChangeSetRow>(`select ${columns} from change_set where tenant_id = $1 and id = $2`, [
    tx.tenantId,
    id,
  ]);
  return row === undefined ? undefined : changeSetOf(row);
}

/** Like `findChangeSet`, and holds the row until the transaction ends. */
export async function lockChangeSet(tx: Transaction, id: string): Promise<ChangeSet | undefined> {
  const [row] = await tx.query<ChangeSetRow>(
    `select ${columns} from change_set where tenant_id = $1 and id = $2 for update`,
    [tx.tenantId, id],
  );
  return row === undefined ? undefined : changeSetOf(row);
}

/** The newest change set that somebody asked for, its row held. */
export async function lockNewestOf(tx: Transaction, requestedBy: string): Promise<ChangeSet | undefined> {
  const [row] = await tx.query<ChangeSetRow>(
    `select ${columns} from change_set where tenant_id = $1 and requested_by = $2
      order by created_at desc, id desc limit 1 for update`,
    [tx.tenantId, requestedBy],
  );
  return row === undefined ? undefined : changeSetOf(row);
}

export interface ChangeSetFilter {
  readonly state?: string | undefined;
  readonly requestedBy?: string | undefined;
  readonly account?: string | undefined;
}

/** Change sets, the newest first, after a place. */
export async function listChangeSets(
  tx: Transaction,
  filter: ChangeSetFilter,
  page: { readonly after: readonly [createdAt: string, id: string] | null; readonly limit: number },
): Promise<ChangeSet[]> {
  const rows = await tx.query<ChangeSetRow>(
    `select ${columns} from change_set
      where tenant_id = $1
        and ($2::text is null or state = $2)
        and ($3::text is null or requested_by = $3)
        and ($4::text is null or $4 = any (accounts))
        and ($5::timestamptz is null or (date_trunc('milliseconds', created_at), id) < ($5, $6::uuid))
      order by date_trunc('milliseconds', created_at) desc, id desc
      limit $7`,
    [
      tx.tenantId,
      filter.state ?? null,
      filter.requestedBy ?? null,
      filter.account ?? null,
      page.after?.[0] ?? null,
      page.after?.[1] ?? null,
      page.limit,
    ],
  );
  return rows.map(changeSetOf);
}

/** What changes with a change of state. What is absent stays; null empties. */
export interface ChangeSetPatch {
  readonly state?: ChangeSetState;
  readonly task?: ChangeTask | null;
  readonly title?: string;
  readonly purpose?: string;
  readonly approvedBy?: string | null;
  readonly appliedBy?: string | null;
  readonly undoneBy?: string | null;
  readonly cancelledBy?: string | null;
  readonly operationsHash?: string;
  readonly planHash?: string | null;
  readonly accounts?: readonly string[];
  readonly operations?: number;
  readonly reason?: string;
}

const patchColumns: Readonly<Record<keyof ChangeSetPatch, string>> = {
  state: 'state',
  task: 'task',
  title: 'title',
  purpose: 'purpose',
  approvedBy: 'approved_by',
  appliedBy: 'applied_by',
  undoneBy: 'undone_by',
  cancelledBy: 'cancelled_by',
  operationsHash: 'operations_hash',
  planHash: 'plan_hash',
  accounts: 'accounts',
  operations: 'operations',
  reason: 'reason',
};

/** Changes a change set whose row is held. With a state it is news: the version rises. */
export async function patchChangeSet(tx: Transaction, id: string, patch: ChangeSetPatch): Promise<ChangeSet> {
  const names = (Object.keys(patch) as (keyof ChangeSetPatch)[]).filter((name) => patch[name] !== undefined);
  const sets = names.map((name, at) => `${patchColumns[name]} = $${at + 3}`);
  if (patch.state !== undefined) sets.push('version = version + 1', "state_at = date_trunc('milliseconds', now())");
  const [row] = await tx.query<ChangeSetRow>(
    `update change_set set ${sets.join(', ')} where tenant_id = $1 and id = $2 returning ${columns}`,
    [tx.tenantId, id, ...names.map((name) => patch[name])],
  );
  return changeSetOf(row as ChangeSetRow);
}
