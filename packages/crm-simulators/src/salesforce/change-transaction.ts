import type { Journal } from '../records/journal.ts';
import type { WriteLog, WriteLogInput } from '../records/write-log.ts';
import type { SalesforceJournalEntry } from './record-journal.ts';

/** Changes that are made together: how to take them back, and what to write down once they stand. */
export interface ChangeTransaction {
  readonly undo: (() => void)[];
  readonly journal: SalesforceJournalEntry[];
  readonly writes: WriteLogInput[];
}

export interface ChangeTransactions {
  /** Runs several changes as one: when `work` throws, none of them has happened. Inside of another one it joins it. */
  atomically<T>(work: () => T): T;
  /** The transaction that is open; throws when there is none. */
  current(): ChangeTransaction;
}

export function createChangeTransactions(options: {
  readonly journal: Journal<SalesforceJournalEntry>;
  readonly writeLog: WriteLog;
}): ChangeTransactions {
  const { journal, writeLog } = options;
  let open: ChangeTransaction | null = null;

  const atomically = <T>(work: () => T): T => {
    if (open !== null) return work();
    const own: ChangeTransaction = { undo: [], journal: [], writes: [] };
    open = own;
    let result: T;
    try {
      result = work();
    } catch (error) {
      for (const undo of own.undo.reverse()) undo();
      throw error;
    } finally {
      open = null;
    }
    for (const entry of own.journal) journal.append(entry);
    for (const write of own.writes) {
      writeLog.add(write);
      journal.append({ write: { ...write, time: write.time.toISOString() } });
    }
    return result;
  };

  return {
    atomically,
    current() {
      if (open === null) throw new Error('A record changes outside of a transaction.');
      return open;
    },
  };
}
