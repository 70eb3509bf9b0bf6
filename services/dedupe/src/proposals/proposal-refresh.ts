import type { Database } from '@kempt/postgres';
import { lockStateAlone } from '../models/model-store.ts';
import { finishTask, loadTask, type ModelTask, saveProgress } from '../models/model-task-store.ts';
import { clustersWithProposals } from './proposal-gate-store.ts';
import type { ProposalWriter } from './proposal-writer.ts';

export interface ProposalRefreshOptions {
  readonly database: Database;
  readonly proposals: ProposalWriter;
  /** Clusters of one step, which is one transaction under the lock of the kind. */
  readonly stepClusters: number;
  readonly pauseMs: number;
}

/** Looks at every open proposal of a kind again after the gate opened or closed, step by step; a crash costs one step. */
export function createProposalRefresh({ database, proposals, stepClusters, pauseMs }: ProposalRefreshOptions) {
  /** @returns false when nothing is left to do */
  async function step(tenantId: string, { entityKind, task }: ModelTask): Promise<boolean> {
    return database.transaction(tenantId, async (tx) => {
      const state = await lockStateAlone(tx, entityKind);
      const current = await loadTask(tx, entityKind, task);
      if (state.phase === 'collecting' || current?.phase !== 'waiting') return false;
      const page = { after: current.afterRef, limit: stepClusters };
      const goldenIds = await clustersWithProposals(tx, entityKind, page);
      const last = goldenIds.at(-1);
      if (last === undefined) {
        await finishTask(tx, current, `the proposals of ${current.recordsDone} clusters were looked at`);
        return false;
      }
      await proposals.write(tx, { entityKind, modelVersion: state.modelVersion, goldenIds, lane: 'bulk' });
      await saveProgress(tx, current, { phase: 'waiting', afterRef: last, records: goldenIds.length });
      return true;
    });
  }

  return {
    async run(tenantId: string, task: ModelTask, signal: AbortSignal): Promise<void> {
      while (!signal.aborted && (await step(tenantId, task))) {
        await new Promise((done) => setTimeout(done, pauseMs));
      }
    },
  };
}

export type ProposalRefresh = ReturnType<typeof createProposalRefresh>;
