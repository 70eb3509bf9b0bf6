import type { Database, Transaction } from '@kempt/postgres';
import { type Component, createRepeatedWork } from '@kempt/service-runtime';
import type { Logger } from '@kempt/telemetry';
import { type AccountTurn, listDue, takeTurn } from './account-store.ts';

interface AssessmentTurnsOptions {
  readonly database: Database;
  readonly logger: Logger;
  readonly pollIntervalMs: number;
  readonly assessIntervalMs: number;
  readonly now: () => Date;
  /** Assesses one account in its transaction. */
  readonly assess: (tx: Transaction, account: string, turn: AccountTurn) => Promise<void>;
}

const accountsPerPass = 100;

/** Gives every account its turn when it is due, whatever the number of instances. */
export function createAssessmentTurns(options: AssessmentTurnsOptions): Component {
  const { database, logger, pollIntervalMs, assessIntervalMs, now, assess } = options;
  async function pass(signal: AbortSignal): Promise<void> {
    const due = await database.systemTransaction((tx) => listDue(tx, now(), accountsPerPass), { readOnly: true });
    for (const { tenantId, account } of due) {
      if (signal.aborted) return;
      // One account's trouble is not the others'.
      await database
        .transaction(tenantId, async (tx) => {
          const time = now();
          const nextAt = new Date(time.getTime() + assessIntervalMs);
          const turn = await takeTurn(tx, account, { now: time, nextAt });
          if (turn !== undefined) await assess(tx, account, turn);
        })
        .catch((error: unknown) =>
          logger.warn({ err: error, tenantId, account }, 'An account could not be assessed; it is tried again'),
        );
    }
  }

  return createRepeatedWork({
    name: 'assessment-turns',
    intervalMs: pollIntervalMs,
    firstAfterMs: pollIntervalMs,
    turn: pass,
    onFailure: (error) => logger.warn({ err: error }, 'Looking for accounts to assess failed'),
  });
}
