export type Cadence = 'daily' | 'weekly' | 'monthly' | 'quarterly' | 'annual';

/** A task of the maintenance calendar. */
export interface MaintenanceTask {
  readonly name: string;
  readonly title: string;
  readonly cadence: Cadence;
  /** Kinds of maintenance as ISO/IEC 14764 names them; evolutive work adds what was not there. */
  readonly kind: 'preventive' | 'corrective' | 'adaptive' | 'evolutive';
  /** Who carries it out. */
  readonly owner: 'kempt' | 'person';
  /** Hour of the day, in UTC. */
  readonly hour: number;
  /** Hours after which a run that has not ended has failed or was missed. */
  readonly deadlineHours: number;
  /** What there is to do, for people. */
  readonly instruction: string;
}

/** Every task of the calendar. */
export const maintenanceTasks: readonly MaintenanceTask[] = [
  {
    name: 'completeness-check',
    title: 'Every record of the CRMs is in the mirror',
    cadence: 'daily',
    kind: 'preventive',
    owner: 'kempt',
    hour: 2,
    deadlineHours: 12,
    instruction: 'Count the records of each object in the CRM and in the mirror.',
  },
  {
    name: 'duplicate-review',
    title: 'Proposed merges are reviewed',
    cadence: 'weekly',
    kind: 'corrective',
    owner: 'kempt',
    hour: 3,
    deadlineHours: 24,
    instruction: 'Look at the open merge proposals, and at what was decided during the week.',
  },
  {
    name: 'data-quality-review',
    title: 'The worst scores have an owner and a plan',
    cadence: 'monthly',
    kind: 'corrective',
    owner: 'person',
    hour: 8,
    deadlineHours: 24 * 14,
    instruction: 'Look at the scores of objects and owners, agree who fixes what, and approve the proposed fixes.',
  },
  {
    name: 'access-review',
    title: 'Everybody has the access that they need, and no more',
    cadence: 'quarterly',
    kind: 'preventive',
    owner: 'person',
    hour: 8,
    deadlineHours: 24 * 21,
    instruction: 'Go through the findings about users and powers; deactivate, reduce, or accept with a note.',
  },
  {
    name: 'integration-review',
    title: 'Every integration is known, used and owned',
    cadence: 'quarterly',
    kind: 'adaptive',
    owner: 'person',
    hour: 8,
    deadlineHours: 24 * 21,
    instruction: 'Go through the findings about integrations; retire what is unused, name owners for the rest.',
  },
  {
    name: 'process-review',
    title: 'The CRM still fits how people work',
    cadence: 'annual',
    kind: 'evolutive',
    owner: 'person',
    hour: 8,
    deadlineHours: 24 * 45,
    instruction: 'Compare the KPIs with their baselines, ask the users, and decide what changes next year.',
  },
];

/** The last moment at or before `now` at which the task was due. */
export function lastDue({ cadence, hour }: Pick<MaintenanceTask, 'cadence' | 'hour'>, now: Date): Date {
  const year = now.getUTCFullYear();
  const month = now.getUTCMonth();
  const day = now.getUTCDate();
  const candidates: readonly number[] = (() => {
    switch (cadence) {
      case 'daily':
        return [Date.UTC(year, month, day, hour), Date.UTC(year, month, day - 1, hour)];
      case 'weekly': {
        // Weeks begin on Monday.
        const monday = day - ((now.getUTCDay() + 6) % 7);
        return [Date.UTC(year, month, monday, hour), Date.UTC(year, month, monday - 7, hour)];
      }
      case 'monthly':
        return [Date.UTC(year, month, 1, hour), Date.UTC(year, month - 1, 1, hour)];
      case 'quarterly': {
        const quarter = month - (month % 3);
        return [Date.UTC(year, quarter, 1, hour), Date.UTC(year, quarter - 3, 1, hour)];
      }
      case 'annual':
        return [Date.UTC(year, 0, 1, hour), Date.UTC(year - 1, 0, 1, hour)];
    }
  })();
  return new Date(candidates.find((time) => time <= now.getTime()) ?? candidates.at(-1) ?? now.getTime());
}

/** The first moment after `now` at which the task is due. */
export function nextDue(task: Pick<MaintenanceTask, 'cadence' | 'hour'>, now: Date): Date {
  const { cadence } = task;
  const last = lastDue(task, now);
  const next = new Date(last);
  if (cadence === 'daily') next.setUTCDate(last.getUTCDate() + 1);
  else if (cadence === 'weekly') next.setUTCDate(last.getUTCDate() + 7);
  else if (cadence === 'monthly') next.setUTCMonth(last.getUTCMonth() + 1);
  else if (cadence === 'quarterly') next.setUTCMonth(last.getUTCMonth() + 3);
  else next.setUTCFullYear(last.getUTCFullYear() + 1);
  return next;
}
