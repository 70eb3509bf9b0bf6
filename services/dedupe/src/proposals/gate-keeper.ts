import type { Transaction } from '@kempt/postgres';
import type { EntityKind } from '../matching/entity-kind.ts';
import { loadTask, requestTask } from '../models/model-task-store.ts';
import { type Gate, type GateLimits, judgeGate } from './proposal-gate.ts';
import { countGateVerdicts, saveGate } from './proposal-gate-store.ts';

export interface GateKeeper {
  /** Where the gate of a kind stands. */
  judge(tx: Transaction, kind: EntityKind): Promise<Gate>;
  /**
   * Looks again after a verdict, a promotion or the end of a rescoring. When the gate opened or closed, every open proposal is
   * looked at again in the background.
   */
  look(tx: Transaction, kind: EntityKind): Promise<void>;
}

/** Keeps the gate that merges without a look have to pass. */
export function createGateKeeper(limits: GateLimits): GateKeeper {
  async function judge(tx: Transaction, kind: EntityKind): Promise<Gate> {
    const rescoring = await loadTask(tx, kind, 'rescoring');
    const isRescoring = rescoring?.phase === 'keys' || rescoring?.phase === 'edges';
    return judgeGate(await countGateVerdicts(tx, kind, limits.probabilityMin), limits, { isRescoring });
  }
  return {
    judge,
    async look(tx, kind) {
      const { open } = await judge(tx, kind);
      if (!(await saveGate(tx, kind, open))) return;
      await requestTask(tx, {
        entityKind: kind,
        task: 'proposals',
        version: null,
        origin: 'request',
        requestedBy: 'dedupe',
      });
    },
  };
}
