import {
  create,
  type EventRecord,
  encodeEvent,
  idKey,
  MaintenanceOutcome,
  MaintenanceTaskDueSchema,
  MaintenanceTaskFinishedSchema,
  timestampFromDate,
  topics,
  type WireFormat,
} from '@kempt/contracts';
import { v7 as newEventId } from 'uuid';
import type { CalendarRun, RunEnd, RunOutcome } from './run.ts';

const outcomeMessages: Readonly<Record<RunOutcome, MaintenanceOutcome>> = {
  succeeded: MaintenanceOutcome.SUCCEEDED,
  'needs-attention': MaintenanceOutcome.NEEDS_ATTENTION,
  failed: MaintenanceOutcome.FAILED,
  missed: MaintenanceOutcome.MISSED,
};

export interface RunEvents {
  due(tenantId: string, run: CalendarRun): EventRecord;
  finished(tenantId: string, run: CalendarRun, end: RunEnd): EventRecord;
}

/** Tells that a task is due, and what it came to. */
export function createRunEvents(wireFormat: WireFormat): RunEvents {
  const common = (tenantId: string, { task, runId, sequence }: CalendarRun, time: Date) => ({
    id: newEventId(),
    tenantId,
    source: '/kempt/metrics',
    subject: runId,
    key: idKey(tenantId, task),
    time,
    recordedTime: time,
    sequence,
  });
  return {
    due: (tenantId, run) =>
      encodeEvent(
        {
          ...common(tenantId, run, run.startedAt),
          topic: topics.maintenanceTaskDue,
          data: create(MaintenanceTaskDueSchema, {
            runId: run.runId,
            task: run.task,
            dueAt: timestampFromDate(run.dueAt),
            deadline: timestampFromDate(run.deadline),
          }),
        },
        wireFormat,
      ),
    finished: (tenantId, run, end) =>
      encodeEvent(
        {
          ...common(tenantId, run, end.finishedAt),
          topic: topics.maintenanceTaskFinished,
          data: create(MaintenanceTaskFinishedSchema, {
            runId: run.runId,
            task: run.task,
            outcome: outcomeMessages[end.outcome],
            dueAt: timestampFromDate(run.dueAt),
            finishedAt: timestampFromDate(end.finishedAt),
            evidence: { ...end.evidence },
            summary: end.summary,
            performedBy: end.performedBy,
          }),
        },
        wireFormat,
      ),
  };
}
