/** Where a change set stands; see the diagram in the README. */
export type ChangeSetState =
  | 'draft'
  | 'planned'
  | 'approved'
  | 'applying'
  | 'applied'
  | 'partly-applied'
  | 'failed'
  | 'undoing'
  | 'undone'
  | 'partly-undone'
  | 'cancelled';

/** What is done in the background. */
export type ChangeTask = 'plan' | 'apply' | 'undo';

export interface ChangeSet {
  readonly tenantId: string;
  readonly id: string;
  readonly version: number;
  readonly state: ChangeSetState;
  readonly task: ChangeTask | null;
  readonly title: string;
  readonly purpose: string;
  readonly requestedBy: string;
  readonly approvedBy: string | null;
  readonly appliedBy: string | null;
  readonly undoneBy: string | null;
  readonly cancelledBy: string | null;
  readonly operationsHash: string;
  readonly planHash: string | null;
  readonly journalHash: string | null;
  readonly accounts: readonly string[];
  readonly operations: number;
  readonly reason: string;
  readonly createdAt: Date;
  readonly stateAt: Date;
}

/** How many operations stand where. */
export interface OperationCounts {
  readonly planned: number;
  readonly applied: number;
  readonly failed: number;
  readonly refused: number;
  readonly undone: number;
  readonly undoFailed: number;
}

/** States from which each step may be taken. */
export const allowedFrom = {
  edit: ['draft', 'planned'],
  // A set that reached nothing is planned again; one that reached something has to be undone or left.
  plan: ['draft', 'planned', 'approved', 'failed'],
  approve: ['planned'],
  apply: ['approved'],
  undo: ['applied', 'partly-applied', 'partly-undone'],
  cancel: ['draft', 'planned', 'approved', 'failed'],
} as const satisfies Record<string, readonly ChangeSetState[]>;

export type ChangeSetStep = keyof typeof allowedFrom;

/** What an apply came to: `failed` means that nothing of it reached the CRM. */
export function appliedState(counts: {
  readonly operations: number;
  readonly applied: number;
  readonly written: number;
}) {
  if (counts.written === 0 && counts.applied === 0) return 'failed';
  return counts.applied === counts.operations ? 'applied' : 'partly-applied';
}
