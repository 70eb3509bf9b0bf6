import type { Transaction } from '@kempt/postgres';
import type { OperationCounts } from './change-set.ts';
import type { Operation, OperationPlan, OperationResult, OperationStatus, StoredOperation } from './operation.ts';

interface OperationRow {
  readonly index: number;
  readonly status: OperationStatus;
  readonly request: Operation;
  readonly plan: OperationPlan | null;
  readonly inputs_hash: string | null;
  readonly result: OperationResult | null;
  readonly written: boolean;
  readonly reason: string;
}

const columns = 'index, status, request, plan, inputs_hash, result, written, reason';

const operationOf = (row: OperationRow): StoredOperation => ({
  index: row.index,
  status: row.status,
  request: row.request,
  plan: row.plan,
  inputsHash: row.inputs_hash,
  result: row.result,
  written: row.written,
  reason: row.reason,
});

/** Stores the operations of a draft in the place of those that it had. */
export async function putOperations(
  tx: Transaction,
  changeSetId: string,
  operations: readonly Operation[],
): Promise<void> {
  await tx.execute('delete from change_operation where tenant_id = $1 and change_set_id = $2', [
    tx.tenantId,
    changeSetId,
  ]);
  await tx.execute(
    `insert into change_operation (tenant_id, change_set_id, index, status, request)
     select $1, $2, (place - 1)::integer, 'draft', request
       from jsonb_array_elements($3::jsonb) with ordinality as one (request, place)`,
    [tx.tenantId, changeSetId, JSON.stringify(operations)],
  );
}

/** Operations in their order, from an index on. */
export async function listOperations(
  tx: Transaction,
  changeSetId: string,
  page: { readonly from: number; readonly limit: number },
): Promise<StoredOperation[]> {
  const rows = await tx.query<OperationRow>(
    `select ${columns} from change_operation
      where tenant_id = $1 and change_set_id = $2 and index >= $3 order by index limit $4`,
    [tx.tenantId, changeSetId, page.from, page.limit],
  );
  return rows.map(operationOf);
}

/** The next operation in one of these states: the first, or for an undo the last. */
export async function findNextOperation(
  tx: Transaction,
  changeSetId: string,
  wanted: {
    readonly statuses: readonly OperationStatus[];
    readonly order: 'first' | 'last';
    readonly writtenOnly: boolean;
    /** Only operations beyond this index in the direction of the order. */
    readonly beyond?: number | undefined;
  },
): Promise<StoredOperation | undefined> {
  const isFirst = wanted.order === 'first';
  const [row] = await tx.query<OperationRow>(
    `select ${columns} from change_operation
      where tenant_id = $1 and change_set_id = $2 and status = any ($3) and (written or not $4)
        and ($5::integer is null or index ${isFirst ? '>' : '<'} $5)
      order by index ${isFirst ? 'asc' : 'desc'} limit 1`,
    [tx.tenantId, changeSetId, wanted.statuses, wanted.writtenOnly, wanted.beyond ?? null],
  );
  return row === undefined ? undefined : operationOf(row);
}

export interface PlannedRow {
  readonly index: number;
  readonly status: 'planned' | 'refused';
  readonly plan: OperationPlan | null;
  readonly inputsHash: string;
  readonly reason: string;
}

/** Stores what was planned for some operations. */
export async function putPlans(tx: Transaction, changeSetId: string, rows: readonly PlannedRow[]): Promise<void> {
  await tx.execute(
    `update change_operation as operation
        set status = planned.status, plan = planned.plan, inputs_hash = planned.hash, reason = planned.reason,
            result = null, written = false
       from jsonb_to_recordset($3::jsonb) as planned (index integer, status text, plan jsonb, hash text, reason text)
      where operation.tenant_id = $1 and operation.change_set_id = $2 and operation.index = planned.index`,
    [tx.tenantId, changeSetId, JSON.stringify(rows.map(({ inputsHash, ...row }) => ({ ...row, hash: inputsHash })))],
  );
}

/** Hashes of the inputs of all operations, in their order. */
export async function listInputsHashes(tx: Transaction, changeSetId: string): Promise<string[]> {
  const rows = await tx.query<{ inputs_hash: string | null }>(
    'select inputs_hash from change_operation where tenant_id = $1 and change_set_id = $2 order by index',
    [tx.tenantId, changeSetId],
  );
  return rows.map((row) => row.inputs_hash ?? '');
}

export interface OperationPatch {
  readonly status?: OperationStatus;
  readonly result?: OperationResult;
  readonly written?: boolean;
  readonly reason?: string;
}

export async function patchOperation(
  tx: Transaction,
  place: { readonly changeSetId: string; readonly index: number },
  patch: OperationPatch,
): Promise<void> {
  await tx.execute(
    `update change_operation
        set status = coalesce($4, status), result = coalesce($5::jsonb, result), written = coalesce($6, written),
            reason = coalesce($7, reason)
      where tenant_id = $1 and change_set_id = $2 and index = $3`,
    [
      tx.tenantId,
      place.changeSetId,
      place.index,
      patch.status ?? null,
      patch.result === undefined ? null : JSON.stringify(patch.result),
      patch.written ?? null,
      patch.reason ?? null,
    ],
  );
}

/** Gives every operation that is still open the same end. */
export async function endOpenOperations(
  tx: Transaction,
  changeSetId: string,
  end: { readonly from: readonly OperationStatus[]; readonly status: OperationStatus; readonly reason: string },
): Promise<number> {
  return await tx.execute(
    `update change_operation set status = $4, reason = $5
      where tenant_id = $1 and change_set_id = $2 and status = any ($3)`,
    [tx.tenantId, changeSetId, end.from, end.status, end.reason],
  );
}

export async function countOperations(
  tx: Transaction,
  changeSetIds: readonly string[],
): Promise<Map<string, OperationCounts & { readonly written: number }>> {
  const rows = await tx.query<Record<string, string>>(
    `select change_set_id,
            count(*) filter (where status in ('planned', 'applying')) as planned,
            count(*) filter (where status in ('applied', 'undone', 'undo-failed')) as applied,
            count(*) filter (where status = 'failed') as failed,
            count(*) filter (where status = 'refused') as refused,
            count(*) filter (where status = 'undone') as undone,
            count(*) filter (where status = 'undo-failed') as undo_failed,
            count(*) filter (where written) as written
       from change_operation where tenant_id = $1 and change_set_id = any ($2) group by change_set_id`,
    [tx.tenantId, changeSetIds],
  );
  return new Map(
    rows.map((row) => [
      String(row.change_set_id),
      {
        planned: Number(row.planned),
        applied: Number(row.applied),
        failed: Number(row.failed),
        refused: Number(row.refused),
        undone: Number(row.undone),
        undoFailed: Number(row.undo_failed),
        written: Number(row.written),
      },
    ]),
  );
}
