import type { AccountFact, CompletenessFact } from '../facts/fact-store.ts';
import type { RunEnd } from './run.ts';

/** What a task that Kempt carries out came to, or null while something that it needs is missing. */
export type TaskFinding = Pick<RunEnd, 'outcome' | 'evidence' | 'summary'>;

const many = (count: number, word: string): string => `${count} ${word}${count === 1 ? '' : 's'}`;

/** Accounts that are read; objects of a paused or failing one are not waited for. */
const isRead = ({ status }: AccountFact): boolean => status === 'connected' || status === 'backfilling';

/**
 * Compares counts of the CRM with those of the mirror, once every object was counted after `since`. Null while an
 * object has still to be counted.
 */
export function completenessFinding(
  accounts: readonly AccountFact[],
  measured: readonly CompletenessFact[],
  since: Date,
): TaskFinding | null {
  const expected = accounts
    .filter(isRead)
    .flatMap(({ account, objects }) => objects.map((object) => ({ account, object })));
  const counted = new Map(
    measured.filter(({ measuredAt }) => measuredAt >= since).map((fact) => [`${fact.account} ${fact.object}`, fact]),
  );
  if (expected.some(({ account, object }) => !counted.has(`${account} ${object}`))) return null;
  const facts = expected.flatMap(({ account, object }) => counted.get(`${account} ${object}`) ?? []);
  const different = facts.filter(({ crmRecords, mirrorRecords }) => crmRecords !== mirrorRecords);
  const sum = (pick: (fact: CompletenessFact) => number): string =>
    String(facts.reduce((total, fact) => total + pick(fact), 0));
  const notRead = accounts.filter((account) => !isRead(account)).map(({ account, status }) => `${account} (${status})`);
  return {
    outcome: different.length === 0 && notRead.length === 0 && facts.length > 0 ? 'succeeded' : 'needs-attention',
    evidence: {
      'objects counted': String(facts.length),
      'records in the CRMs': sum(({ crmRecords }) => crmRecords),
      'records in the mirror': sum(({ mirrorRecords }) => mirrorRecords),
      ...Object.fromEntries(
        different.map(({ account, object, crmRecords, mirrorRecords }) => [
          `${account}:${object}`,
          `${crmRecords} in the CRM, ${mirrorRecords} in the mirror`,
        ]),
      ),
      ...(notRead.length === 0 ? {} : { 'accounts that are not read': notRead.join(', ') }),
    },
    summary: completenessSummary(facts.length, different, notRead.length),
  };
}

function completenessSummary(objects: number, different: readonly CompletenessFact[], notRead: number): string {
  if (objects === 0) return 'No object was there to be counted.';
  if (different.length > 0) {
    const names = different.map(({ account, object }) => `${object} of ${account}`).join(', ');
    return `The mirror and the CRM differ in ${names}.`;
  }
  const all = `All ${many(objects, 'object')} have as many records in the mirror as in the CRM.`;
  return notRead === 0 ? all : `${all} ${many(notRead, 'account')} could not be looked at.`;
}

/** Where the review of proposed merges stands. */
export function reviewFinding(
  figures: { readonly open: number; readonly oldestOpenAt: Date | null; readonly decidedSince: number },
  now: Date,
): TaskFinding {
  const { open, oldestOpenAt, decidedSince } = figures;
  const days = oldestOpenAt === null ? 0 : Math.floor((now.getTime() - oldestOpenAt.getTime()) / 86_400_000);
  return {
    outcome: open === 0 ? 'succeeded' : 'needs-attention',
    evidence: {
      'open proposals': String(open),
      'days that the oldest has waited': String(days),
      'verdicts in the last seven days': String(decidedSince),
    },
    summary:
      open === 0
        ? `No merge waits for a review; ${many(decidedSince, 'verdict')} in the last seven days.`
        : `${many(open, 'proposed merge')} wait for a review, the oldest for ${many(days, 'day')}.`,
  };
}
