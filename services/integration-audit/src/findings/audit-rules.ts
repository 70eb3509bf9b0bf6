import { riskyActionOf } from '../setup-changes/setup-change.ts';
import type { AuditFacts, Thresholds } from './audit-facts.ts';
import { type AuditRule, evidenceOf, type RuleHit } from './audit-rule.ts';
import type { Detection } from './finding.ts';
import { integrationRules } from './integration-rules.ts';
import { userRules } from './user-rules.ts';

const riskyChange: AuditRule = {
  id: 'setup-change-risky',
  describe: ({ recentChangeDays }) =>
    `Somebody changed the setup in the last ${recentChangeDays} days in a way that opens a door.`,
  remedy: 'Check that the change was wanted, and take it back if it was not.',
  detect: ({ riskyChanges }) =>
    riskyChanges.flatMap(({ changeId, action, at, display, section, userId, userName }): RuleHit[] => {
      const risky = riskyActionOf.get(action);
      if (risky === undefined) return [];
      return [
        {
          severity: risky.severity,
          subjectKind: 'setup-change',
          subjectId: changeId,
          subjectName: action,
          title: `${userName || userId || 'Somebody'} changed the setup on ${at.toISOString().slice(0, 10)}: ${risky.risk}.`,
          evidence: evidenceOf({
            action,
            section,
            'in the words of the CRM': display,
            at,
            'user id': userId,
            user: userName,
          }),
          grade: 0,
        },
      ];
    }),
};

/** Every rule of the audit. */
export const auditRules: readonly AuditRule[] = [...userRules, ...integrationRules, riskyChange];

/** Everything that the rules find in an account. */
export function detectAll(facts: AuditFacts, thresholds: Thresholds): Detection[] {
  return auditRules.flatMap(({ id, remedy, detect }) =>
    detect(facts, thresholds).map((hit) => ({ ...hit, ruleId: id, remedy })),
  );
}
