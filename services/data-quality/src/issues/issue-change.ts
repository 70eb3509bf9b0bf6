import type { RecordPlace } from '../profiles/profile-store.ts';
import { fieldOf, type Rule } from '../rules/rule.ts';
import type { Issue } from './issue-store.ts';

export interface FailuresOfRecord extends RecordPlace {
  readonly ownerId: string;
  /** Rules that the record breaks now. */
  readonly failed: readonly string[];
  /** When the change happened that led here. */
  readonly changedAt: Date;
}

interface IssueContext {
  readonly rules: ReadonlyMap<string, Rule>;
  /** What is known of the record's issues, by rule. */
  readonly known: ReadonlyMap<string, Issue>;
  readonly newId: (ruleId: string) => string;
}

/** Issues that open or close, in the order of their rules. What was open and still is does not change. */
export function issueChanges(record: FailuresOfRecord, { rules, known, newId }: IssueContext): Issue[] {
  const failed = new Set(record.failed);
  const changes: Issue[] = [];
  for (const ruleId of [...new Set([...failed, ...known.keys()])].sort()) {
    const before = known.get(ruleId);
    const rule = rules.get(ruleId);
    if (failed.has(ruleId)) {
      if (before?.open === true || rule === undefined) continue;
      changes.push({
        account: record.account,
        object: record.object,
        recordId: record.recordId,
        ruleId,
        issueId: before?.issueId ?? newId(ruleId),
        version: (before?.version ?? 0) + 1,
        open: true,
        dimension: rule.dimension,
        severity: rule.severity,
        field: fieldOf(rule),
        message: rule.message,
        ownerId: record.ownerId,
        changedAt: record.changedAt,
      });
    } else if (before?.open === true) {
      changes.push({
        ...before,
        version: before.version + 1,
        open: false,
        ownerId: record.ownerId,
        changedAt: record.changedAt,
      });
    }
  }
  return changes;
}
