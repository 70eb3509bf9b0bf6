import type { Lane } from '@kempt/contracts';
import { appendToOutbox } from '@kempt/outbox';
import type { Transaction } from '@kempt/postgres';
import type { DataQualityMetrics } from '../metrics.ts';
import { lockObject, type ObjectRef } from '../profiles/profile-store.ts';
import { assess } from '../rules/assessment.ts';
import type { RecordFacts } from '../rules/record-facts.ts';
import type { Rule } from '../rules/rule.ts';
import { ensureRuleSet, loadRules } from '../rules/rule-store.ts';
import {
  type AssessedRecord,
  type CountChange,
  changeCounts,
  loadAssessed,
  saveAssessed,
} from './assessed-record-store.ts';
import { duplicatesOf } from './duplicate-store.ts';
import { issueChanges } from './issue-change.ts';
import type { IssueEvents } from './issue-events.ts';
import { issueId } from './issue-id.ts';
import { type Issue, loadIssues, saveIssues } from './issue-store.ts';

/** A state of a record, as it came. */
export interface RecordReading {
  readonly recordId: string;
  readonly version: number;
  readonly ownerId: string;
  readonly modifiedAt: Date;
  /** Null: deleted, merged or erased. */
  readonly facts: RecordFacts | null;
}

export interface RecordAssessor {
  /** Judges states in the order given. One that is not newer than what is known changes nothing. */
  take(tx: Transaction, object: ObjectRef, readings: readonly RecordReading[]): Promise<void>;
  /** Judges records again that are known, since something else than the record changed. */
  again(tx: Transaction, object: ObjectRef, recordIds: readonly string[], lane: Lane): Promise<void>;
}

interface AssessorOptions {
  readonly events: IssueEvents;
  readonly metrics: DataQualityMetrics;
  readonly now: () => Date;
}

/** Keeps judgements, counts and issues in step with records, and tells of every issue that opens or closes. */
export function createRecordAssessor({ events, metrics, now }: AssessorOptions): RecordAssessor {
  async function judge(
    tx: Transaction,
    object: ObjectRef,
    work: {
      readonly ids: readonly string[];
      readonly readings: (known: ReadonlyMap<string, AssessedRecord>) => readonly RecordReading[];
      readonly laneOf: (reading: RecordReading) => Lane;
      readonly newerOnly: boolean;
    },
  ): Promise<void> {
    const { tenantId } = tx;
    if (tenantId === null) throw new Error('Records are judged in a transaction of a tenant.');
    await lockObject(tx, object);
    const ids = [...new Set(work.ids)];
    const current = new Map((await loadAssessed(tx, object, ids)).map((record) => [record.recordId, record]));
    const readings = work.readings(current);
    const duplicates = await duplicatesOf(tx, object, ids);
    const { version: rulesVersion, rules } = await loadRules(tx);
    const rulesById = new Map(rules.map((rule) => [rule.id, rule]));
    const issues = new Map<string, Map<string, Issue>>();
    for (const issue of await loadIssues(tx, object, ids)) {
      const ofRecord = issues.get(issue.recordId) ?? new Map<string, Issue>();
      issues.set(issue.recordId, ofRecord.set(issue.ruleId, issue));
    }

    const counts = new Map<string, CountChange>();
    const judged = new Map<string, AssessedRecord>();
    const changed = new Map<Issue, Lane>();
    const today = now().toISOString().slice(0, 10);
    for (const reading of readings) {
      const { recordId } = reading;
      const before = current.get(recordId);
      if (work.newerOnly && reading.version <= (before?.version ?? 0)) continue;
      const assessment = assessReading(reading, { object, rules, today, duplicates: duplicates.get(recordId) ?? 0 });
      const after: AssessedRecord = { ...reading, ...assessment, rulesVersion };
      if (before !== undefined) count(counts, before, -1);
      count(counts, after, 1);
      current.set(recordId, after);
      judged.set(recordId, after);
      const known = issues.get(recordId) ?? new Map<string, Issue>();
      issues.set(recordId, known);
      const changes = issueChanges(
        { recordId, ownerId: reading.ownerId, failed: after.failed, changedAt: reading.modifiedAt },
        { rules: rulesById, known, newId: (ruleId) => issueId(tenantId, { ...object, recordId }, ruleId) },
      );
      for (const issue of changes) {
        known.set(issue.ruleId, issue);
        changed.set(issue, work.laneOf(reading));
      }
    }
    if (judged.size === 0) return;

    await ensureRuleSet(tx);
    await saveAssessed(tx, object, [...judged.values()]);
    const nonZero = [...counts.values()].filter(({ checked, failed }) => checked !== 0 || failed !== 0);
    await changeCounts(tx, object, nonZero);
    // An issue may open and close among these readings: each change is told, the last one is kept.
    const newest = new Map([...changed.keys()].map((issue) => [`${issue.recordId} ${issue.ruleId}`, issue]));
    await saveIssues(tx, object, [...newest.values()]);
    for (const lane of ['bulk', 'live'] as const) {
      const told = [...changed].filter(([, itsLane]) => itsLane === lane);
      if (told.length === 0) continue;
      await appendToOutbox(
        tx,
        told.map(([issue]) => events(tenantId, object, issue)),
        { lane },
      );
      for (const [issue] of told) {
        metrics.issueChanges.inc({ dimension: issue.dimension, state: issue.open ? 'open' : 'closed' });
      }
    }
  }

  return {
    take: (tx, object, readings) =>
      judge(tx, object, {
        ids: readings.map(({ recordId }) => recordId),
        readings: () => readings,
        laneOf: ({ version }) => (version === 1 ? 'bulk' : 'live'),
        newerOnly: true,
      }),
    again: (tx, object, recordIds, lane) =>
      judge(tx, object, {
        ids: recordIds,
        readings: (known) => [...new Set(recordIds)].sort().flatMap((id) => known.get(id) ?? []),
        laneOf: () => lane,
        newerOnly: false,
      }),
  };
}

function assessReading(
  reading: RecordReading,
  context: {
    readonly object: ObjectRef;
    readonly rules: readonly Rule[];
    readonly today: string;
    readonly duplicates: number;
  },
): Pick<AssessedRecord, 'checked' | 'failed' | 'dueOn'> {
  if (reading.facts === null) return { checked: [], failed: [], dueOn: null };
  return assess(
    context.rules,
    {
      object: context.object.object,
      facts: reading.facts,
      modifiedAt: reading.modifiedAt,
      duplicates: context.duplicates,
    },
    context.today,
  );
}

function count(counts: Map<string, CountChange>, record: AssessedRecord, sign: 1 | -1): void {
  const failed = new Set(record.failed);
  for (const ruleId of record.checked) {
    const key = `${record.ownerId}\n${ruleId}`;
    const sum = counts.get(key) ?? { ownerId: record.ownerId, ruleId, checked: 0, failed: 0 };
    counts.set(key, {
      ...sum,
      checked: sum.checked + sign,
      failed: sum.failed + (failed.has(ruleId) ? sign : 0),
    });
  }
}
