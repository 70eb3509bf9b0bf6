export type RunOutcome = 'succeeded' | 'needs-attention' | 'failed' | 'missed';

/** One time that a task of the calendar is carried out. */
export interface CalendarRun {
  readonly task: string;
  readonly runId: string;
  /** Rises by one with every run of the task, beginning with 1. */
  readonly sequence: number;
  readonly dueAt: Date;
  readonly startedAt: Date;
  readonly deadline: Date;
  readonly requestedBy: string;
  /** Null while it is under way. */
  readonly end: RunEnd | null;
}

export interface RunEnd {
  readonly outcome: RunOutcome;
  readonly finishedAt: Date;
  /** What was looked at and found. */
  readonly evidence: Readonly<Record<string, string>>;
  /** One sentence for people. */
  readonly summary: string;
  readonly performedBy: string;
}
