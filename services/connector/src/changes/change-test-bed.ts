import { type Answer, eventually, type RequestOptions, type RunningConnector } from '../connector-test-bed.ts';

/** A change set as the API shows it. */
export interface ShownChangeSet {
  readonly id: string;
  readonly version: number;
  readonly state: string;
  readonly task?: string;
  readonly requestedBy: string;
  readonly approvedBy?: string;
  readonly planHash?: string;
  readonly journalHash?: string;
  readonly operations: number;
  readonly reason?: string;
  readonly progress: Readonly<Record<string, number>>;
  readonly blocks: readonly { readonly code: string }[];
}

export interface ShownOperation {
  readonly index: number;
  readonly kind: string;
  readonly status: string;
  readonly before: readonly { readonly record: string; readonly fields: Readonly<Record<string, unknown>> }[];
  readonly after: readonly { readonly record: string; readonly fields: Readonly<Record<string, unknown>> }[];
  readonly links: readonly { readonly of: string; readonly object: string; readonly recordId: string }[];
  readonly risks: readonly string[];
  readonly calls: number;
  readonly undo?: { readonly grade: string; readonly losses: readonly string[]; readonly expiresAt?: string };
  readonly survivor?: string;
  readonly recreated?: Readonly<Record<string, string>>;
  readonly kept?: readonly string[];
  readonly reason?: string;
}

/** Change sets over REST, one step after the other. */
export interface ChangeSteps {
  draft(operations: readonly unknown[], options?: RequestOptions): Promise<Answer<ShownChangeSet>>;
  /** Drafts and plans, and waits for the plan. */
  planned(operations: readonly unknown[]): Promise<ShownChangeSet>;
  step(id: string, name: string, body?: unknown, options?: RequestOptions): Promise<Answer<ShownChangeSet>>;
  show(id: string): Promise<ShownChangeSet>;
  operations(id: string): Promise<readonly ShownOperation[]>;
  /** Waits until nothing is being done in the background. */
  settled(id: string, timeoutMs?: number): Promise<ShownChangeSet>;
  /** Plans, approves and applies, and waits for the end. */
  applied(operations: readonly unknown[], timeoutMs?: number): Promise<ShownChangeSet>;
  undone(id: string, timeoutMs?: number): Promise<ShownChangeSet>;
}

export function changeSteps(connector: RunningConnector, tenantId = 'default'): ChangeSteps {
  const url = '/v1/change-sets';
  const steps: ChangeSteps = {
    draft: (operations, options = {}) =>
      connector.request<ShownChangeSet>('POST', url, { tenantId, ...options, body: { title: 'A test', operations } }),
    async planned(operations) {
      const drafted = await steps.draft(operations);
      if (drafted.status !== 201) throw new Error(`The draft was refused: ${drafted.text}`);
      await steps.step(drafted.body.id, 'plan');
      return await steps.settled(drafted.body.id);
    },
    step: (id, name, body, options = {}) =>
      connector.request<ShownChangeSet>('POST', `${url}/${id}/${name}`, {
        tenantId,
        ...options,
        ...(body === undefined ? {} : { body }),
      }),
    show: async (id) => (await connector.request<ShownChangeSet>('GET', `${url}/${id}`, { tenantId })).body,
    async operations(id) {
      const all: ShownOperation[] = [];
      for (let cursor = ''; ; ) {
        const { body } = await connector.request<{ items: ShownOperation[]; nextCursor?: string }>(
          'GET',
          `${url}/${id}/operations?limit=200${cursor === '' ? '' : `&cursor=${cursor}`}`,
          { tenantId },
        );
        all.push(...body.items);
        if (body.nextCursor === undefined) return all;
        cursor = body.nextCursor;
      }
    },
    settled: (id, timeoutMs) =>
      eventually(
        `change set ${id} to come to its end`,
        async () => {
          const shown = await steps.show(id);
          return shown.task === undefined && shown;
        },
        timeoutMs,
      ),
    async applied(operations, timeoutMs) {
      const { id, planHash } = await steps.planned(operations);
      for (const name of ['approve', 'apply']) {
        const answer = await steps.step(id, name, { planHash });
        if (answer.status >= 300) throw new Error(`${name} was refused: ${answer.text}`);
      }
      return await steps.settled(id, timeoutMs);
    },
    async undone(id, timeoutMs) {
      const answer = await steps.step(id, 'undo');
      if (answer.status !== 202) throw new Error(`The undo was refused: ${answer.text}`);
      return await steps.settled(id, timeoutMs);
    },
  };
  return steps;
}

/** Unlocks every connection of a tenant for writing, as somebody has to for production accounts. */
export async function unlockAll(connector: RunningConnector, tenantId = 'default'): Promise<void> {
  const { body } = await connector.request<{ items: { id: string }[] }>('GET', '/v1/connections', { tenantId });
  for (const { id } of body.items) {
    await connector.request('POST', `/v1/connections/${id}/unlock`, { tenantId, body: { reason: 'tests' } });
  }
}
