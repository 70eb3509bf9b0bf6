import { api, type Page } from '../api/api.ts';
import type { Tone } from '../elements/states.tsx';

export interface ChangeSet {
  readonly id: string;
  readonly state: string;
  /** What is being done at the moment: plan, apply or undo. */
  readonly task?: string;
  readonly title: string;
  readonly purpose?: string;
  readonly requestedBy: string;
  readonly approvedBy?: string;
  readonly planHash?: string;
  readonly accounts: readonly string[];
  readonly operations: number;
  readonly progress?: Readonly<Record<string, number>>;
  /** What forbids writing at the moment. */
  readonly blocks?: readonly { readonly code: string; readonly detail: string }[];
  readonly reason?: string;
  readonly createdAt: string;
  readonly stateAt: string;
}

export interface RecordImage {
  readonly record: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export interface Operation {
  readonly index: number;
  readonly kind: string;
  readonly status: string;
  readonly record?: string;
  readonly master?: string;
  readonly losers?: readonly string[];
  readonly from?: string;
  readonly to?: string;
  readonly fields?: Readonly<Record<string, unknown>>;
  readonly before: readonly RecordImage[];
  readonly after: readonly RecordImage[];
  readonly links: readonly { readonly text: string }[];
  readonly mirrors: readonly string[];
  readonly risks: readonly string[];
  readonly calls: number;
  readonly undo?: { readonly grade: string; readonly losses: readonly string[]; readonly expiresAt?: string };
  readonly survivor?: string;
  readonly kept?: readonly string[];
  readonly reason?: string;
}

export const stateTones: Readonly<Record<string, Tone>> = {
  draft: 'quiet',
  planned: 'warn',
  approved: 'warn',
  applying: 'busy',
  applied: 'good',
  'partly-applied': 'bad',
  failed: 'bad',
  undoing: 'busy',
  undone: 'quiet',
  'partly-undone': 'bad',
  cancelled: 'quiet',
};

/** While something is done in the background the answer is asked for again. */
export function isBusy({ state, task }: ChangeSet): boolean {
  return task !== undefined || state === 'applying' || state === 'undoing';
}

export type Step = 'plan' | 'approve' | 'apply' | 'undo' | 'cancel';

interface StepEntry {
  readonly step: Step;
  readonly key: string;
  readonly scope: string;
  readonly from: readonly string[];
  /** Said when it was begun. */
  readonly begun: string;
}

export const steps: readonly StepEntry[] = [
  {
    step: 'plan',
    key: 'p',
    scope: 'changes:write',
    from: ['draft', 'planned', 'approved', 'failed'],
    begun: 'Every record is read afresh.',
  },
  { step: 'approve', key: 'v', scope: 'changes:approve', from: ['planned'], begun: 'The plan is approved.' },
  { step: 'apply', key: 'm', scope: 'changes:apply', from: ['approved'], begun: 'The changes are being written.' },
  {
    step: 'undo',
    key: 'u',
    scope: 'changes:apply',
    from: ['applied', 'partly-applied', 'partly-undone'],
    begun: 'The changes are being taken back.',
  },
  {
    step: 'cancel',
    key: 'x',
    scope: 'changes:write',
    from: ['draft', 'planned', 'approved', 'failed'],
    begun: 'The change set is cancelled.',
  },
];

export async function takeStep(set: ChangeSet, step: Step): Promise<ChangeSet> {
  const needsHash = step === 'approve' || step === 'apply';
  return api.post(`/v1/change-sets/${set.id}/${step}`, needsHash ? { planHash: set.planHash } : undefined);
}

/** The newest change set that somebody or a proposal asked for and that is not cancelled. */
export async function findRequestedBy(requestedBy: string, signal?: AbortSignal): Promise<ChangeSet | undefined> {
  const page: Page<ChangeSet> = await api.list('/v1/change-sets', {
    query: { requestedBy, limit: 20 },
    ...(signal && { signal }),
  });
  return page.items.find(({ state }) => state !== 'cancelled');
}
