import { Worker } from 'node:worker_threads';
import type { AuditTruth, IntegrationTruth, UserTruth } from '@kempt/crm-simulators/truth';
import type { ApiClient } from '../first-sync/api-client.ts';

/** A finding that follows from the truth. */
export interface ExpectedFinding {
  readonly account: string;
  readonly ruleId: string;
  /** Of a user the id, of an integration the name, of a setup change the action and who did it. */
  readonly subject: string;
}

interface FindingView {
  readonly account: string;
  readonly ruleId: string;
  readonly state: string;
  readonly subjectKind: string;
  readonly subjectId: string;
  readonly subjectName: string;
  readonly evidence: Readonly<Record<string, string>>;
}

export interface FindingScore {
  readonly expected: number;
  readonly right: number;
  /** `account rule subject` */
  readonly missing: readonly string[];
  readonly extra: readonly string[];
}

const dayMs = 86_400_000;
const unusedAfterDays = 90;
const recentChangeDays = 30;

/** Rules about which the truth says everything. The others depend on what Kempt itself does to the CRMs. */
const scoredRules: ReadonlySet<string> = new Set([
  'user-never-logged-in',
  'user-dormant',
  'user-over-privileged',
  'integration-unused',
  'integration-owner-inactive',
  'integration-unregistered',
  'setup-change-risky',
]);

/** HubSpot forgets log-ins, so that nobody can tell from it whether somebody never came. */
function ruleOf(finding: UserTruth['findings'][number], account: string): string {
  if (finding === 'over-privileged') return 'user-over-privileged';
  return finding === 'never-logged-in' && !account.startsWith('hs:') ? 'user-never-logged-in' : 'user-dormant';
}

function rulesOfUser(user: UserTruth, elapsedDays: number): string[] {
  const { account, findings, isActive, lastLoginDaysAgo } = user;
  const rules = new Set(findings.map((finding) => ruleOf(finding, account)));
  // Who was nearly dormant when the load was made may have become so.
  if (isActive && lastLoginDaysAgo !== null && lastLoginDaysAgo + elapsedDays >= unusedAfterDays) {
    rules.add('user-dormant');
  }
  return [...rules];
}

function rulesOfIntegration(integration: IntegrationTruth, elapsedDays: number): string[] {
  const { kind, isOwnerUnknown, isUnused, lastUsedDaysAgo, callsPerDay } = integration;
  if (kind === 'client') return isOwnerUnknown ? ['integration-unregistered'] : [];
  // Those that are in use go on being used.
  const hasBecomeUnused =
    lastUsedDaysAgo !== null && callsPerDay === 0 && lastUsedDaysAgo + elapsedDays >= unusedAfterDays;
  return [
    ...(isUnused || hasBecomeUnused ? ['integration-unused'] : []),
    ...(isOwnerUnknown ? ['integration-owner-inactive'] : []),
  ];
}

/** What an audit has to find in the simulated CRMs, from the truth alone. `referenceTime` is when the load was made. */
export function expectedFindings(
  truth: AuditTruth,
  { referenceTime, now }: { readonly referenceTime: Date; readonly now: Date },
): ExpectedFinding[] {
  const elapsedDays = Math.floor((now.getTime() - referenceTime.getTime()) / dayMs);
  return [
    ...truth.users.flatMap((user) =>
      rulesOfUser(user, elapsedDays).map((ruleId) => ({ account: user.account, ruleId, subject: user.userId })),
    ),
    ...truth.integrations.flatMap((integration) =>
      rulesOfIntegration(integration, elapsedDays).map((ruleId) => ({
        account: integration.account,
        ruleId,
        subject: integration.name,
      })),
    ),
    ...truth.setupChanges
      .filter(({ isRisky, daysAgo }) => isRisky && daysAgo + elapsedDays < recentChangeDays)
      .map(({ account, action, userId }) => ({
        account,
        ruleId: 'setup-change-risky',
        subject: `${action} by ${userId}`,
      })),
  ];
}

function subjectOf({ subjectKind, subjectId, subjectName, evidence }: FindingView): string {
  if (subjectKind === 'user') return subjectId;
  return subjectKind === 'setup-change' ? `${evidence['action']} by ${evidence['user id']}` : subjectName;
}

const nameOf = ({ account, ruleId, subject }: ExpectedFinding): string => `${account} ${ruleId} ${subject}`;

/** Compares as multisets: two setup changes of one kind by one user are two findings. */
export function compareFindings(expected: readonly ExpectedFinding[], found: readonly ExpectedFinding[]): FindingScore {
  const left = expected.map(nameOf);
  const extra: string[] = [];
  for (const name of found.filter(({ ruleId }) => scoredRules.has(ruleId)).map(nameOf)) {
    const at = left.indexOf(name);
    if (at < 0) extra.push(name);
    else left.splice(at, 1);
  }
  return {
    expected: expected.length,
    right: expected.length - left.length,
    missing: left.toSorted(),
    extra: extra.toSorted(),
  };
}

/**
 * Holds the findings of the API against the truth of the simulated CRMs. To be asked once both have been audited.
 * Findings that somebody accepted count.
 */
export async function scoreFindings(options: {
  readonly api: ApiClient;
  readonly seed: string;
  /** When the load was made; default: now. */
  readonly referenceTime?: Date;
  readonly now?: Date;
}): Promise<FindingScore> {
  const { api, seed, now = new Date(), referenceTime = now } = options;
  const truth = await readAuditTruth(seed);
  const found: ExpectedFinding[] = [];
  for await (const finding of api.list<FindingView>('/v1/findings', { state: 'all', limit: 500 })) {
    if (finding.state === 'resolved') continue;
    found.push({ account: finding.account, ruleId: finding.ruleId, subject: subjectOf(finding) });
  }
  return compareFindings(expectedFindings(truth, { referenceTime, now }), found);
}

/** In a thread of its own, since the whole population is made again: its memory goes with the thread. */
async function readAuditTruth(seed: string): Promise<AuditTruth> {
  const file = import.meta.url.endsWith('.ts') ? './audit-truth-worker.ts' : './audit-truth-worker.js';
  const worker = new Worker(new URL(file, import.meta.url), { workerData: { seed } });
  try {
    return await new Promise<AuditTruth>((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
    });
  } finally {
    await worker.terminate();
  }
}
