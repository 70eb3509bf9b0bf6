import type { Database, Transaction } from '@kempt/postgres';
import type { Component } from '@kempt/service-runtime';
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
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;

  async function pass(): Promise<void> {
    const due = await database.systemTransaction((tx) => listDue(tx, now(), accountsPerPass), { readOnly: true });
    for (const { tenantId, account } of due) {
      if (stopped) return;
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

  function schedule(): void {
    if (stopped) return;
    timer = setTimeout(() => {
      running = pass()
        .catch((error: unknown) => logger.warn({ err: error }, 'Looking for accounts to assess failed'))
        .finally(schedule);
    }, pollIntervalMs);
  }

  return {
    name: 'assessment-turns',
    start: async () => schedule(),
    stop: async () => {
      stopped = true;
      clearTimeout(timer);
      await running;
    },
  };
}
