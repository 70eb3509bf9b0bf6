import { isDeepStrictEqual } from 'node:util';
import { type Detection, type Finding, severities } from './finding.ts';

interface FindingContext {
  readonly account: string;
  readonly now: Date;
  readonly newId: (detection: Detection) => string;
}

const content = ({ severity, subjectName, title, evidence, remedy, grade }: Detection): unknown => [
  severity,
  subjectName,
  title,
  evidence,
  remedy,
  grade,
];

function isWorse(detection: Detection, accepted: { readonly severity: Detection['severity']; readonly grade: number }) {
  return (
    severities.indexOf(detection.severity) > severities.indexOf(accepted.severity) || detection.grade > accepted.grade
  );
}

/**
 * What changes about the findings of an account when these are all detections that there are: new ones open, those that
 * are not detected any more are resolved, and an accepted one opens again when it got worse.
 */
export function findingChanges(
  known: readonly Finding[],
  detections: readonly Detection[],
  { account, now, newId }: FindingContext,
): Finding[] {
  const before = new Map(known.map((finding) => [finding.findingId, finding]));
  const changes: Finding[] = [];
  const seen = new Set<string>();
  for (const detection of detections) {
    const findingId = newId(detection);
    if (seen.has(findingId)) continue;
    seen.add(findingId);
    const old = before.get(findingId);
    const version = (old?.version ?? 0) + 1;
    const next = { ...detection, findingId, account, version, changedAt: now };
    if (old === undefined || old.state === 'resolved') {
      changes.push({ ...next, state: 'open', openedAt: now, acceptance: null });
    } else if (old.acceptance !== null && isWorse(detection, old.acceptance)) {
      changes.push({ ...next, state: 'open', openedAt: old.openedAt, acceptance: null });
    } else if (!isDeepStrictEqual(content(old), content(detection))) {
      changes.push({ ...next, state: old.state, openedAt: old.openedAt, acceptance: old.acceptance });
    }
  }
  for (const old of known) {
    if (seen.has(old.findingId) || old.state === 'resolved') continue;
    changes.push({ ...old, version: old.version + 1, state: 'resolved', changedAt: now, acceptance: null });
  }
  return changes.sort((a, b) => (a.findingId < b.findingId ? -1 : 1));
}
