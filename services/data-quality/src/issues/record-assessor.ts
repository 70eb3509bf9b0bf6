import type { Lane } from '@kempt/contracts';
import { appendToOutbox } from '@kempt/outbox';
import type { Transaction } from '@kempt/postgres';
import type { DataQualityMetrics } from '../metrics.ts';
import { lockObjects, objectName, type RecordPlace } from '../profiles/profile-store.ts';
import { lockRecords } from '../profiles/record-lock.ts';
import { assess } from '../rules/assessment.ts';
import type { RecordFacts } from '../rules/record-facts.ts';
import type { Rule } from '../rules/rule.ts';
import { ensureRuleSet, loadRules } from '../rules/rule-store.ts';
import {
  type AssessedRecord,
  type CountChange,
  changeCounts,
  loadAssessed,
  placeName,
  saveAssessed,
} from './assessed-record-store.ts';
import { duplicatesOf } from './duplicate-store.ts';
import { issueChanges } from './issue-change.ts';
import type { IssueEvents } from './issue-events.ts';
import { issueId } from './issue-id.ts';
import { type Issue, loadIssues, saveIssues } from './issue-store.ts';

/** A state of a record, as it came. */
export interface RecordReading extends RecordPlace {
  readonly version: number;
  readonly ownerId: string;
  readonly modifiedAt: Date;
  /** Null: deleted, merged or erased. */
  readonly facts: RecordFacts | null;
}

export interface RecordAssessor {
  /**
   * Judges states in the order given. One that is not newer than what is known changes nothing.
   * @returns what is left to do at the end of the transaction, with the locks of the objects: changing their counts
   */
  take(tx: Transaction, readings: readonly RecordReading[]): Promise<() => Promise<void>>;
  /** Judges records again that are known, since something else than the record changed. */
  again(tx: Transaction, places: readonly RecordPlace[], lane: Lane): Promise<void>;
}

interface AssessorOptions {
  readonly events: IssueEvents;
  readonly metrics: DataQualityMetrics;
  readonly now: () => Date;
}

interface Work {
  readonly places: readonly RecordPlace[];
  /** What to judge, given what is known by the names of places. */
  readonly readings: (known: ReadonlyMap<string, AssessedRecord>) => readonly RecordReading[];
  readonly laneOf: (reading: RecordReading) => Lane;
  /** Readings that are not newer than what is known are left out. */
  readonly newerOnly: boolean;
}

/** Keeps judgements, counts and issues in step with records, and tells of every issue that opens or closes. */
export function createRecordAssessor({ events, metrics, now }: AssessorOptions): RecordAssessor {
  async function judge(tx: Transaction, work: Work): Promise<() => Promise<void>> {
    const { tenantId } = tx;
    if (tenantId === null) throw new Error('Records are judged in a transaction of a tenant.');
    const places = [...new Map(work.places.map((place) => [placeName(place), place])).values()];
    if (places.length === 0) return nothing;
    await lockRecords(tx, places);
    const current = new Map((await loadAssessed(tx, places)).map((record) => [placeName(record), record]));
    const duplicates = await duplicatesOf(tx, places);
    const { version: rulesVersion, rules } = await loadRules(tx);
    const rulesById = new Map(rules.map((rule) => [rule.id, rule]));
    const issues = issuesByPlace(await loadIssues(tx, places));

    const counts = new Map<string, CountChange>();
    const judged = new Map<string, AssessedRecord>();
    const changed = new Map<Issue, Lane>();
    const today = now().toISOString().slice(0, 10);
    for (const reading of work.readings(current)) {
      const place = placeName(reading);
      const before = current.get(place);
      if (work.newerOnly && reading.version <= (before?.version ?? 0)) continue;
      const assessment = assessReading(reading, { rules, today, duplicates: duplicates.get(place) ?? 0 });
      const after: AssessedRecord = { ...reading, ...assessment, rulesVersion };
      if (before !== undefined) count(counts, before, -1);
      count(counts, after, 1);
      current.set(place, after);
      judged.set(place, after);
      const known = issues.get(place) ?? new Map<string, Issue>();
      issues.set(place, known);
      const { account, object, recordId, ownerId, modifiedAt } = reading;
      const changes = issueChanges(
        { account, object, recordId, ownerId, failed: after.failed, changedAt: modifiedAt },
        { rules: rulesById, known, newId: (ruleId) => issueId(tenantId, reading, ruleId) },
      );
      for (const issue of changes) {
        known.set(issue.ruleId, issue);
        changed.set(issue, work.laneOf(reading));
      }
    }
    if (judged.size === 0) return nothing;

    await ensureRuleSet(tx);
    await saveAssessed(tx, [...judged.values()]);
    // An issue may open and close among these readings: each change is told, the last one is kept.
    const newest = new Map([...changed.keys()].map((issue) => [`${placeName(issue)}\n${issue.ruleId}`, issue]));
    await saveIssues(tx, [...newest.values()]);
    await tell(tx, tenantId, changed);
    const differences = [...counts.values()].filter(({ checked, failed }) => checked !== 0 || failed !== 0);
    return () => changeCounts(tx, differences);
  }

  async function tell(tx: Transaction, tenantId: string, changed: ReadonlyMap<Issue, Lane>): Promise<void> {
    for (const lane of ['bulk', 'live'] as const) {
      const told = [...changed].filter(([, itsLane]) => itsLane === lane).map(([issue]) => issue);
      if (told.length === 0) continue;
      await appendToOutbox(
        tx,
        told.map((issue) => events(tenantId, issue)),
        { lane },
      );
      for (const issue of told) {
        metrics.issueChanges.inc({ dimension: issue.dimension, state: issue.open ? 'open' : 'closed' });
      }
    }
  }

  return {
    take: (tx, readings) =>
      judge(tx, {
        places: readings,
        readings: () => readings,
        laneOf: ({ version }) => (version === 1 ? 'bulk' : 'live'),
        newerOnly: true,
      }),
    async again(tx, places, lane) {
      if (places.length === 0) return;
      const count = await judge(tx, {
        places,
        readings: (known) => [...known].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, record]) => record),
        laneOf: () => lane,
        newerOnly: false,
      });
      await lockObjects(tx, places);
      await count();
    },
  };
}

const nothing = async (): Promise<void> => undefined;

function issuesByPlace(issues: readonly Issue[]): Map<string, Map<string, Issue>> {
  const byPlace = new Map<string, Map<string, Issue>>();
  for (const issue of issues) {
    const ofRecord = byPlace.get(placeName(issue)) ?? new Map<string, Issue>();
    byPlace.set(placeName(issue), ofRecord.set(issue.ruleId, issue));
  }
  return byPlace;
}

function assessReading(
  reading: RecordReading,
  context: {
    readonly rules: readonly Rule[];
    readonly today: string;
    readonly duplicates: number;
  },
): Pick<AssessedRecord, 'checked' | 'failed' | 'dueOn'> {
  if (reading.facts === null) return { checked: [], failed: [], dueOn: null };
  return assess(
    context.rules,
    {
      object: reading.object,
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
    const { account, object, ownerId } = record;
    const key = `${objectName(record)}\n${ownerId}\n${ruleId}`;
    const sum = counts.get(key) ?? { account, object, ownerId, ruleId, checked: 0, failed: 0 };
    counts.set(key, {
      ...sum,
      checked: sum.checked + sign,
      failed: sum.failed + (failed.has(ruleId) ? sign : 0),
    });
  }
}
