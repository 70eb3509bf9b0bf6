import { setTimeout as sleep } from 'node:timers/promises';
import { DemonstrationError } from '../errors.ts';
import type { ApiClient } from '../first-sync/api-client.ts';

/** A change set, as the gateway shows it. */
export interface ChangeSetView {
  readonly id: string;
  readonly state: string;
  readonly planHash?: string;
  readonly operations: number;
  readonly progress: Readonly<Record<string, number>>;
  readonly blocks: readonly { readonly detail: string }[];
  readonly reason?: string;
}

export interface OperationView {
  readonly kind: string;
  readonly status: string;
  readonly record?: string;
  readonly master?: string;
  readonly losers?: readonly string[];
  readonly fields?: Readonly<Record<string, unknown>>;
  readonly survivor?: string;
  readonly recreated?: Readonly<Record<string, string>>;
  readonly undo?: { readonly grade: string; readonly losses: readonly string[] };
  readonly reason?: string;
}

const patienceMs = 120_000;
const pauseMs = 200;

/** Takes change sets through their states, as a person at the API would. */
export interface ChangeSetClient {
  /** The change set that the connector drafted for a proposal. */
  ofProposal(proposalId: string): Promise<ChangeSetView>;
  /** Plans, approves the plan and applies it. */
  apply(changeSet: ChangeSetView): Promise<ChangeSetView>;
  undo(changeSet: ChangeSetView): Promise<ChangeSetView>;
  operations(changeSet: ChangeSetView): Promise<readonly OperationView[]>;
}

export function createChangeSetClient(api: ApiClient, signal: AbortSignal): ChangeSetClient {
  async function until<T>(what: string, ask: () => Promise<T | undefined>): Promise<T> {
    const deadline = performance.now() + patienceMs;
    while (!signal.aborted && performance.now() < deadline) {
      const found = await ask();
      if (found !== undefined) return found;
      await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
    }
    throw new DemonstrationError('DEMONSTRATION_CHANGE_SET', `${what} did not come within ${patienceMs / 1_000} s`);
  }

  /** Waits until the change set is in a state of these; any other that it rests in is a failure. */
  async function reach(id: string, wanted: string, passing: readonly string[]): Promise<ChangeSetView> {
    return until(`The change set ${id} in state ${wanted}`, async () => {
      const view = await api.get<ChangeSetView & { readonly task?: string }>(`/v1/change-sets/${id}`);
      if (view.state === wanted && view.task === undefined) return view;
      if (passing.includes(view.state) || view.task !== undefined) return undefined;
      const reasons = [view.reason, ...view.blocks.map(({ detail }) => detail)].filter(Boolean).join(' ');
      throw new DemonstrationError(
        'DEMONSTRATION_CHANGE_SET',
        `The change set ${id} is ${view.state} instead of ${wanted}. ${reasons}`,
      );
    });
  }

  return {
    ofProposal: (proposalId) =>
      until(`A change set for the proposal ${proposalId}`, async () => {
        const page = await api.get<{ readonly items: readonly ChangeSetView[] }>('/v1/change-sets', {
          requestedBy: `proposal:${proposalId}`,
        });
        return page.items[0];
      }),
    async apply({ id }) {
      await api.send('POST', `/v1/change-sets/${id}/plan`);
      const planned = await reach(id, 'planned', ['draft']);
      const { planHash } = planned;
      await api.send('POST', `/v1/change-sets/${id}/approve`, { planHash });
      await api.send('POST', `/v1/change-sets/${id}/apply`, { planHash });
      return reach(id, 'applied', ['approved', 'applying']);
    },
    async undo({ id }) {
      await api.send('POST', `/v1/change-sets/${id}/undo`);
      return reach(id, 'undone', ['applied', 'undoing']);
    },
    operations: async ({ id }) =>
      (await api.get<{ readonly items: readonly OperationView[] }>(`/v1/change-sets/${id}/operations`, { limit: 200 }))
        .items,
  };
}
