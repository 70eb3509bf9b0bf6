import type { AuditFacts, Thresholds } from './audit-facts.ts';
import type { Detection } from './finding.ts';

/** One rule of the audit: what it looks for, and in which words it says so. */
export interface AuditRule {
  readonly id: string;
  /** What it finds, for people. */
  readonly describe: (thresholds: Thresholds) => string;
  readonly remedy: string;
  readonly detect: (facts: AuditFacts, thresholds: Thresholds) => readonly RuleHit[];
}

/** What a rule found, without what is the same for all that it finds. */
export type RuleHit = Omit<Detection, 'ruleId' | 'remedy'>;

const dayMs = 86_400_000;

/** Whole days that have passed. */
export const daysSince = (at: Date, now: Date): number => Math.floor((now.getTime() - at.getTime()) / dayMs);

/** Evidence without the facts that are not known. */
export function evidenceOf(
  facts: Readonly<Record<string, Date | string | number | null | undefined>>,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(facts).flatMap(([name, fact]) =>
      fact === null || fact === undefined || fact === ''
        ? []
        : [[name, fact instanceof Date ? fact.toISOString() : String(fact)]],
    ),
  );
}
