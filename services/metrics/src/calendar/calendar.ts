import { appendToOutbox } from '@kempt/outbox';
import type { Transaction } from '@kempt/postgres';
import { v7 as newRunId } from 'uuid';
import { listAccounts, listCompleteness, reviewFigures } from '../facts/fact-store.ts';
import type { KpiMetrics } from '../metrics.ts';
import type { CalendarRun, RunEnd } from './run.ts';
import type { RunEvents } from './run-events.ts';
import { addRun, endRun, lastRuns, listRuns } from './run-store.ts';
import { lastDue, type MaintenanceTask } from './task.ts';
import { completenessFinding, reviewFinding, type TaskFinding } from './task-findings.ts';

const hourMs = 3_600_000;
const weekMs = 7 * 24 * hourMs;

export interface Calendar {
  /** Begins what is due, and ends what can be ended. */
  turn(tx: Transaction, tenantId: string): Promise<void>;
  /** Begins a run now. Null when one of the task is under way. */
  begin(tx: Transaction, task: MaintenanceTask, requestedBy: string): Promise<CalendarRun | null>;
  end(tx: Transaction, run: CalendarRun, end: RunEnd): Promise<void>;
}

interface CalendarOptions {
  readonly tasks: readonly MaintenanceTask[];
  readonly events: RunEvents;
  readonly metrics: KpiMetrics;
  readonly now: () => Date;
}

/** The maintenance calendar of tenants. Every method runs in a transaction of the tenant. */
export function createCalendar({ tasks, events, metrics, now }: CalendarOptions): Calendar {
  async function start(
    tx: Transaction,
    task: MaintenanceTask,
    details: { readonly dueAt: Date; readonly sequence: number; readonly requestedBy: string },
  ): Promise<CalendarRun | null> {
    const startedAt = now();
    const run: CalendarRun = {
      ...details,
      task: task.name,
      runId: newRunId(),
      startedAt,
      deadline: new Date(Math.max(details.dueAt.getTime(), startedAt.getTime()) + task.deadlineHours * hourMs),
      end: null,
    };
    if (!(await addRun(tx, run))) return null;
    await appendToOutbox(tx, [events.due(tx.tenantId ?? '', run)]);
    return run;
  }

  async function end(tx: Transaction, run: CalendarRun, runEnd: RunEnd): Promise<void> {
    await endRun(tx, run.runId, runEnd);
    await appendToOutbox(tx, [events.finished(tx.tenantId ?? '', run, runEnd)]);
    metrics.calendarRuns.inc({ task: run.task, outcome: runEnd.outcome });
  }

  async function beginDue(tx: Transaction): Promise<void> {
    const last = await lastRuns(tx);
    const accounts = await listAccounts(tx);
    const isRead = accounts.length > 0 && accounts.every(({ status }) => status !== 'backfilling');
    for (const task of tasks) {
      const before = last.get(task.name);
      if (before?.end === null) continue;
      const sequence = (before?.sequence ?? 0) + 1;
      if (before === undefined) {
        // A fresh installation checks itself once; tasks of people wait for their day.
        if (task.owner === 'kempt' && isRead) await start(tx, task, { dueAt: now(), sequence, requestedBy: 'kempt' });
        continue;
      }
      // Whatever was missed while nothing ran is made up for once, by the latest of them.
      const dueAt = lastDue(task, now());
      if (dueAt > before.dueAt) await start(tx, task, { dueAt, sequence, requestedBy: 'kempt' });
    }
    await beginFirstOfPeople(tx, last);
  }

  /** The first run of a task of people is the first due time after Kempt came to know the tenant. */
  async function beginFirstOfPeople(tx: Transaction, last: ReadonlyMap<string, CalendarRun>): Promise<void> {
    const knownSince = [...last.values()].map(({ startedAt }) => startedAt.getTime());
    if (knownSince.length === 0) return;
    const since = Math.min(...knownSince);
    for (const task of tasks) {
      if (task.owner !== 'person' || last.has(task.name)) continue;
      const dueAt = lastDue(task, now());
      if (dueAt.getTime() > since) await start(tx, task, { dueAt, sequence: 1, requestedBy: 'kempt' });
    }
  }

  async function carryOut(tx: Transaction, run: CalendarRun): Promise<TaskFinding | null> {
    if (run.task === 'completeness-check') {
      return completenessFinding(await listAccounts(tx), await listCompleteness(tx), run.startedAt);
    }
    const time = now();
    return reviewFinding(await reviewFigures(tx, new Date(time.getTime() - weekMs)), time);
  }

  async function endOpen(tx: Transaction): Promise<void> {
    for (const run of await listRuns(tx, { open: true, limit: 1_000 })) {
      const task = tasks.find(({ name }) => name === run.task);
      const finding = task?.owner === 'kempt' ? await carryOut(tx, run) : null;
      const finishedAt = now();
      if (finding !== null) {
        const lateHours = Math.floor((run.startedAt.getTime() - run.dueAt.getTime()) / hourMs);
        const evidence = lateHours < 1 ? finding.evidence : { ...finding.evidence, 'hours late': String(lateHours) };
        await end(tx, run, { ...finding, evidence, finishedAt, performedBy: 'kempt' });
      } else if (finishedAt >= run.deadline) {
        await end(tx, run, {
          outcome: task?.owner === 'kempt' ? 'failed' : 'missed',
          finishedAt,
          evidence: {},
          summary:
            task?.owner === 'kempt'
              ? 'What the task needs to look at did not come before its deadline.'
              : 'Nobody finished the task before its deadline.',
          performedBy: 'kempt',
        });
      }
    }
  }

  return {
    turn: async (tx) => {
      await beginDue(tx);
      await endOpen(tx);
    },
    begin: async (tx, task, requestedBy) => {
      const before = (await lastRuns(tx)).get(task.name);
      if (before?.end === null) return null;
      return start(tx, task, { dueAt: now(), sequence: (before?.sequence ?? 0) + 1, requestedBy });
    },
    end,
  };
}
