/** A write as the simulated CRM logged it. */
export interface LoggedWrite {
  readonly account: string;
  readonly action: string;
  readonly object: string;
  readonly recordId: string;
  readonly fields: readonly string[];
  readonly before: Readonly<Record<string, unknown>> | null;
  readonly after: Readonly<Record<string, unknown>> | null;
}

/** An operation of a change set, as the API showed it at the end. */
export interface FinishedOperation {
  readonly changeSet: string;
  readonly kind: 'update' | 'merge';
  readonly status: string;
  /** Of an update: the record, and a value that no other operation writes. */
  readonly record?: string;
  readonly field?: string;
  readonly value?: string;
  /** Of a merge. */
  readonly master?: string;
  readonly loser?: string;
  /** New records by those whose place they take, after an undo. */
  readonly recreated?: Readonly<Record<string, string>>;
}

export interface WriteVerdict {
  /** What a change set says it did, and the CRM does not know of. */
  readonly missing: readonly string[];
  /** What the CRM was told twice, or without any change set saying so. */
  readonly extra: readonly string[];
  readonly checked: Readonly<Record<string, number>>;
}

const applied = new Set(['applied', 'undone', 'undo-failed']);

/** Holds what change sets say they wrote against the log of the CRMs: each write once, and none besides. */
export function checkWrites(operations: readonly FinishedOperation[], log: readonly LoggedWrite[]): WriteVerdict {
  const missing: string[] = [];
  const extra: string[] = [];
  const expect = (what: string, count: number, expected: number): void => {
    if (count < expected) missing.push(`${what}: ${count} writes instead of ${expected}`);
    if (count > expected) extra.push(`${what}: ${count} writes instead of ${expected}`);
  };
  const place = (write: LoggedWrite): string => `${write.account}:${write.object}:${write.recordId}`;

  for (const operation of operations) {
    const { changeSet, status } = operation;
    if (operation.kind === 'update') {
      const { record = '', field = '', value } = operation;
      // The record may have been merged into another one by the time of the undo, so its name is not asked for there.
      const set = log.filter(
        (write) => place(write) === record && write.action === 'update' && write.after?.[field] === value,
      );
      const takenBack = log.filter(
        (write) => write.action === 'update' && write.before?.[field] === value && write.after?.[field] !== value,
      );
      expect(`${changeSet} sets ${field} of ${record} (${status})`, set.length, applied.has(status) ? 1 : 0);
      if (status === 'applied') expect(`${changeSet} is not undone for ${record}`, takenBack.length, 0);
      if (takenBack.length > 1) extra.push(`${changeSet} takes back ${field} of ${record} ${takenBack.length} times`);
    } else {
      const { master = '', loser = '' } = operation;
      const [, , , loserId = ''] = loser.split(':');
      const merges = log.filter((write) => write.action === 'merge' && write.fields.includes(loserId));
      expect(`${changeSet} merges ${loser} into ${master} (${status})`, merges.length, applied.has(status) ? 1 : 0);
    }
  }

  const recreated = new Set(operations.flatMap((operation) => Object.values(operation.recreated ?? {})));
  for (const write of log.filter(({ action }) => action === 'create')) {
    if (!recreated.has(place(write))) extra.push(`${place(write)} was created, and no undo says so`);
  }
  const byStatus = Map.groupBy(operations, ({ kind, status }) => `${kind} ${status}`);
  return {
    missing,
    extra,
    checked: {
      writes: log.length,
      operations: operations.length,
      ...Object.fromEntries([...byStatus].map(([name, some]) => [name, some.length])),
    },
  };
}
