import { hasFormat } from './formats.ts';
import type { RecordFacts } from './record-facts.ts';
import type { Check, Rule } from './rule.ts';

/** A record at the moment it is judged. */
export interface JudgedRecord {
  readonly object: string;
  readonly facts: RecordFacts;
  readonly modifiedAt: Date;
  /** Other records of the same object in its cluster. */
  readonly duplicates: number;
}

export interface Assessment {
  /** Ids of the rules that apply, in the order of the rules. */
  readonly checked: readonly string[];
  /** Those of them that the record breaks. */
  readonly failed: readonly string[];
  /** First day, as `YYYY-MM-DD` in UTC, on which the same record would be judged differently; null when time changes nothing. */
  readonly dueOn: string | null;
}

const dayMs = 86_400_000;
const dayOf = (time: number): string => new Date(time).toISOString().slice(0, 10);

interface Judgement {
  readonly applies: boolean;
  readonly fails: boolean;
  readonly dueOn?: string;
}

const passed: Judgement = { applies: true, fails: false };
const notApplicable: Judgement = { applies: false, fails: false };

function judge(check: Check, record: JudgedRecord, today: string): Judgement {
  const { values, standards } = record.facts;
  switch (check.kind) {
    case 'filled':
      return { applies: true, fails: !check.anyOf.some((field) => values[field] !== undefined) };
    case 'format': {
      const value = values[check.field];
      if (value === undefined) return notApplicable;
      return { applies: true, fails: [value].flat().some((text) => !hasFormat(check.format, String(text))) };
    }
    case 'unique':
      return { applies: true, fails: record.duplicates > 0 };
    case 'changed-within': {
      // Whole days, so that the answer does not depend on the minute of asking.
      const staleOn = dayOf(record.modifiedAt.getTime() + (check.days + 1) * dayMs);
      return staleOn <= today ? { applies: true, fails: true } : { ...passed, dueOn: staleOn };
    }
    case 'standard': {
      const found = standards[check.standardId];
      if (found === undefined || found.values === 0) return notApplicable;
      return { applies: true, fails: found.fixes.length > 0 };
    }
    case 'not-past-while-open': {
      const day = values[check.field];
      if (typeof day !== 'string' || values['isClosed'] === true || values['isWon'] === true) return notApplicable;
      const overdueOn = dayOf(Date.parse(day.slice(0, 10)) + dayMs);
      return overdueOn <= today ? { applies: true, fails: true } : { ...passed, dueOn: overdueOn };
    }
  }
}

/** Judges a record by rules. The same record, rules and day give the same answer. */
export function assess(rules: readonly Rule[], record: JudgedRecord, today: string): Assessment {
  const checked: string[] = [];
  const failed: string[] = [];
  let dueOn: string | null = null;
  for (const rule of rules) {
    if (!rule.enabled || rule.entity !== record.facts.entity) continue;
    if (rule.objects !== undefined && !rule.objects.includes(record.object)) continue;
    const judgement = judge(rule.check, record, today);
    if (!judgement.applies) continue;
    checked.push(rule.id);
    if (judgement.fails) failed.push(rule.id);
    if (judgement.dueOn !== undefined && (dueOn === null || judgement.dueOn < dueOn)) dueOn = judgement.dueOn;
  }
  return { checked, failed, dueOn };
}
