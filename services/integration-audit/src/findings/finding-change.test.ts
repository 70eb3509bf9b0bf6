import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Detection, Finding } from './finding.ts';
import { findingChanges } from './finding-change.ts';

const at = (minute: number): Date => new Date(minute * 60_000);

const detection = (subjectId: string, rest: Partial<Detection> = {}): Detection => ({
  ruleId: 'user-dormant',
  severity: 'medium',
  subjectKind: 'user',
  subjectId,
  subjectName: subjectId,
  title: 'Somebody stays away.',
  evidence: {},
  remedy: 'Ask.',
  grade: 1,
  ...rest,
});

const change = (known: readonly Finding[], detections: readonly Detection[], minute = 1): Finding[] =>
  findingChanges(known, detections, { account: 'sf:1', now: at(minute), newId: ({ subjectId }) => subjectId });

const accepted = (finding: Finding): Finding => ({
  ...finding,
  state: 'accepted',
  acceptance: { by: 'me', note: 'Known', at: at(2), severity: finding.severity, grade: finding.grade },
});

function only(findings: readonly Finding[]): Finding {
  const [first] = findings;
  if (first === undefined || findings.length > 1) throw new Error(`${findings.length} findings`);
  return first;
}

describe('the findings of an account', () => {
  test('follow its detections, whatever they were before; nothing changes twice', () => {
    const state = fc.array(
      fc.record({ id: fc.constantFrom('a', 'b', 'c'), grade: fc.integer({ min: 0, max: 3 }), accept: fc.boolean() }),
    );
    fc.assert(
      fc.property(fc.array(state, { maxLength: 6 }), (steps) => {
        let known = new Map<string, Finding>();
        for (const step of steps) {
          const detections = [...new Map(step.map(({ id, grade }) => [id, detection(id, { grade })])).values()];
          for (const next of change([...known.values()], detections)) {
            expect(next.version).toBe((known.get(next.findingId)?.version ?? 0) + 1);
            known.set(next.findingId, next);
          }
          const living = [...known.values()].filter((finding) => finding.state !== 'resolved');
          expect(living.map(({ findingId }) => findingId).sort()).toEqual(
            detections.map((one) => one.subjectId).sort(),
          );
          expect(change([...known.values()], detections)).toEqual([]);
          const toAccept = new Set<string>(step.filter(({ accept }) => accept).map(({ id }) => id));
          known = new Map(
            [...known].map(([id, finding]) => [
              id,
              finding.state === 'open' && toAccept.has(id) ? accepted(finding) : finding,
            ]),
          );
        }
      }),
    );
  });

  test('that were accepted open again when the grade or the severity rises, and not when either falls', () => {
    const known = accepted(only(change([], [detection('a')])));
    expect(only(change([known], [detection('a', { grade: 2 })]))).toMatchObject({ state: 'open', acceptance: null });
    expect(only(change([known], [detection('a', { severity: 'high' })]))).toMatchObject({ state: 'open' });
    expect(only(change([known], [detection('a', { grade: 0, severity: 'low' })]))).toMatchObject({
      state: 'accepted',
      acceptance: { grade: 1, severity: 'medium' },
      version: 2,
    });
  });

  test('that were accepted are resolved like others, and then are open when they come back', () => {
    const known = accepted(only(change([], [detection('a')])));
    const resolved = only(change([known], []));
    expect(resolved).toMatchObject({ state: 'resolved', acceptance: null });
    expect(only(change([resolved], [detection('a')], 9))).toMatchObject({ state: 'open', openedAt: at(9), version: 3 });
  });
});
