import type { Database } from '@kempt/postgres';
import { type CursorCodec, type HttpServer, tenantOf } from '@kempt/service-runtime';
import { type Static, Type } from 'typebox';
import { runIsFinished, runIsKemptsOwn, runIsUnderWay, unknownRun, unknownTask } from '../errors.ts';
import { ensureTenant } from '../tenants/tenant-store.ts';
import type { Calendar } from './calendar.ts';
import type { CalendarRun } from './run.ts';
import { lastRuns, listRuns, lockRun } from './run-store.ts';
import { type MaintenanceTask, nextDue } from './task.ts';

const RunSchema = Type.Object(
  {
    runId: Type.String(),
    task: Type.String(),
    dueAt: Type.String({ format: 'date-time' }),
    startedAt: Type.String({ format: 'date-time' }),
    deadline: Type.String({ format: 'date-time' }),
    requestedBy: Type.String(),
    outcome: Type.Optional(
      Type.Enum(['succeeded', 'needs-attention', 'failed', 'missed'], { description: 'Absent while it is under way' }),
    ),
    finishedAt: Type.Optional(Type.String({ format: 'date-time' })),
    evidence: Type.Optional(Type.Record(Type.String(), Type.String())),
    summary: Type.Optional(Type.String()),
    performedBy: Type.Optional(Type.String()),
  },
  { title: 'CalendarRun' },
);

const RunPageSchema = Type.Object(
  { items: Type.Array(RunSchema), nextCursor: Type.Optional(Type.String()) },
  { title: 'CalendarRunPage' },
);

const CalendarSchema = Type.Object(
  {
    items: Type.Array(
      Type.Object({
        task: Type.String(),
        title: Type.String(),
        cadence: Type.Enum(['daily', 'weekly', 'monthly', 'quarterly', 'annual']),
        kind: Type.Enum(['preventive', 'corrective', 'adaptive', 'evolutive']),
        owner: Type.Enum(['kempt', 'person']),
        instruction: Type.String(),
        nextDueAt: Type.String({ format: 'date-time' }),
        lastRun: Type.Optional(RunSchema),
      }),
    ),
  },
  { title: 'MaintenanceCalendar' },
);

export interface CalendarRoutesOptions {
  readonly http: HttpServer;
  readonly database: Database;
  readonly cursors: CursorCodec;
  readonly calendar: Calendar;
  readonly tasks: readonly MaintenanceTask[];
  readonly now: () => Date;
}

function present(run: CalendarRun): Static<typeof RunSchema> {
  const { runId, task, dueAt, startedAt, deadline, requestedBy, end } = run;
  return {
    runId,
    task,
    dueAt: dueAt.toISOString(),
    startedAt: startedAt.toISOString(),
    deadline: deadline.toISOString(),
    requestedBy,
    ...(end === null ? {} : { ...end, evidence: { ...end.evidence }, finishedAt: end.finishedAt.toISOString() }),
  };
}

/** The maintenance calendar and what its runs came to. */
export function registerCalendarRoutes(options: CalendarRoutesOptions): void {
  const { http, database, cursors, calendar, tasks, now } = options;

  http.get(
    '/v1/calendar',
    {
      config: { scope: 'kpis:read' },
      schema: {
        summary: 'Show the maintenance calendar',
        description: 'Every task, when it is due next, and what its last run came to.',
        response: { 200: CalendarSchema },
      },
    },
    async (request) => {
      const last = await database.transaction(tenantOf(request), lastRuns, { readOnly: true });
      return {
        items: tasks.map((task) => {
          const run = last.get(task.name);
          const { name, title, cadence, kind, owner, instruction } = task;
          return {
            task: name,
            title,
            cadence,
            kind,
            owner,
            instruction,
            nextDueAt: nextDue(task, now()).toISOString(),
            ...(run === undefined ? {} : { lastRun: present(run) }),
          };
        }),
      };
    },
  );

  http.get(
    '/v1/calendar/runs',
    {
      config: { scope: 'kpis:read' },
      schema: {
        summary: 'List runs of maintenance tasks',
        description: 'Newest first.',
        querystring: Type.Object({
          task: Type.Optional(Type.String()),
          cursor: Type.Optional(Type.String()),
          limit: Type.Integer({ default: 50, minimum: 1, maximum: 200 }),
        }),
        response: { 200: RunPageSchema },
      },
    },
    async (request) => {
      const tenantId = tenantOf(request);
      const { task, cursor, limit } = request.query;
      const list = { list: 'calendar-runs', tenantId, task };
      const [startedAt, runId] = cursor === undefined ? [] : cursors.decode(list, cursor).map(String);
      const before = startedAt === undefined || runId === undefined ? undefined : ([startedAt, runId] as const);
      const found = await database.transaction(tenantId, (tx) => listRuns(tx, { task, before, limit: limit + 1 }), {
        readOnly: true,
      });
      const page = found.slice(0, limit);
      const oldest = page.at(-1);
      return {
        items: page.map(present),
        ...(found.length > limit && oldest !== undefined
          ? { nextCursor: cursors.encode(list, [oldest.startedAt.toISOString(), oldest.runId]) }
          : {}),
      };
    },
  );

  http.post(
    '/v1/calendar/:task/run',
    {
      config: { scope: 'kpis:write' },
      schema: {
        summary: 'Start a task now',
        params: Type.Object({ task: Type.String() }),
        response: { 202: RunSchema },
      },
    },
    async (request, reply) => {
      const task = tasks.find(({ name }) => name === request.params.task);
      if (task === undefined) throw unknownTask(request.params.task);
      const run = await database.transaction(tenantOf(request), async (tx) => {
        await ensureTenant(tx);
        return calendar.begin(tx, task, request.principal?.subject ?? 'unknown');
      });
      if (run === null) throw runIsUnderWay(task.name);
      return reply.code(202).send(present(run));
    },
  );

  http.post(
    '/v1/calendar/runs/:runId/finish',
    {
      config: { scope: 'kpis:write' },
      schema: {
        summary: 'Finish a task of people',
        description: 'With what was found: it becomes part of the evidence chain.',
        params: Type.Object({ runId: Type.String({ format: 'uuid' }) }),
        body: Type.Object(
          {
            outcome: Type.Enum(['succeeded', 'needs-attention'], { default: 'succeeded' }),
            summary: Type.String({ minLength: 1, maxLength: 1_000 }),
            evidence: Type.Record(Type.String({ maxLength: 100 }), Type.String({ maxLength: 1_000 }), { default: {} }),
          },
          { additionalProperties: false },
        ),
        response: { 200: RunSchema },
      },
    },
    async (request) => {
      const { runId } = request.params;
      const { outcome, summary, evidence } = request.body;
      const ended = await database.transaction(tenantOf(request), async (tx) => {
        const run = await lockRun(tx, runId);
        if (run === undefined) throw unknownRun(runId);
        if (run.end !== null) throw runIsFinished(runId);
        if (tasks.find(({ name }) => name === run.task)?.owner === 'kempt') throw runIsKemptsOwn(run.task);
        const end = {
          outcome,
          summary,
          evidence,
          finishedAt: now(),
          performedBy: `user:${request.principal?.subject ?? 'unknown'}`,
        };
        await calendar.end(tx, run, end);
        return { ...run, end };
      });
      return present(ended);
    },
  );
}
