import { ProblemError } from '@kempt/service-runtime';

/** The answer to a question about an object over which no sync run has finished. */
export function unknownSyncKpi(account: string, object: string): ProblemError {
  return new ProblemError({
    status: 404,
    code: 'unknown-sync-kpi',
    detail: `No sync run over ${object} of ${account} has finished. GET /v1/kpis/sync lists what has.`,
  });
}

export function unknownKpi(kpi: string): ProblemError {
  return new ProblemError({
    status: 404,
    code: 'unknown-kpi',
    detail: `There is no KPI ${kpi}. GET /v1/kpis lists what there is.`,
  });
}

export function unknownTask(task: string): ProblemError {
  return new ProblemError({
    status: 404,
    code: 'unknown-task',
    detail: `The maintenance calendar has no task ${task}. GET /v1/calendar lists what there is.`,
  });
}

export function unknownRun(runId: string): ProblemError {
  return new ProblemError({
    status: 404,
    code: 'unknown-run',
    detail: `There is no run ${runId}. GET /v1/calendar/runs lists what there is.`,
  });
}

export function runIsFinished(runId: string): ProblemError {
  return new ProblemError({
    status: 409,
    code: 'run-is-finished',
    detail: `The run ${runId} has come to an end. Start another one with POST /v1/calendar/{task}/run.`,
  });
}

export function runIsKemptsOwn(task: string): ProblemError {
  return new ProblemError({
    status: 409,
    code: 'run-is-automatic',
    detail: `Kempt carries out ${task} by itself and finishes its runs. Only tasks of people are finished by hand.`,
  });
}

export function runIsUnderWay(task: string): ProblemError {
  return new ProblemError({
    status: 409,
    code: 'run-is-under-way',
    detail: `A run of ${task} is under way. GET /v1/calendar/runs?task=${task} shows it.`,
  });
}

export function scoreOutOfRange(kind: string, range: string): ProblemError {
  return new ProblemError({
    status: 400,
    code: 'invalid-request',
    detail: `The score of ${kind} goes from ${range}.`,
    errors: [{ pointer: '/body/score', detail: `must be a whole number from ${range}` }],
  });
}
