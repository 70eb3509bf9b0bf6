/** Where runbooks are read, in the source of Kempt: the name of the alert and .md follow. */
export const runbookBase = 'deploy/observability/runbooks';

/** What every runbook says, in this order. */
export const runbookHeadings = ['What it means', 'What to do', 'When it is over'] as const;
