import { administrativePowersOf, systemOf } from '../access/user.ts';
import type { KnownUser } from '../access/user-store.ts';
import type { AuditFacts, Thresholds } from './audit-facts.ts';
import { type AuditRule, daysSince, evidenceOf, type RuleHit } from './audit-rule.ts';

const dayMs = 86_400_000;
/** Who is first heard of so long after the account was there when Kempt came to know the account. */
const settledAfterMs = dayMs;

/** People and integration users; the CRM's own automated users log in to nothing. HubSpot has no types. */
const isJudged = ({ active, userType }: KnownUser): boolean => active && (userType === '' || userType === 'Standard');

const nameOf = ({ name, username, userId }: KnownUser): string => name || username || userId;

/** Too young to be expected to have logged in. Where the CRM does not say, who came after Kempt is as old as that. */
function isNew(user: KnownUser, { now, firstSeenAt }: AuditFacts, { newForDays }: Thresholds): boolean {
  const cameLater = user.firstSeenAt.getTime() - firstSeenAt.getTime() > settledAfterMs;
  const since = user.createdAt ?? (cameLater ? user.firstSeenAt : null);
  return since !== null && daysSince(since, now) < newForDays;
}

function hitOf(
  user: KnownUser,
  hit: Pick<RuleHit, 'severity' | 'title' | 'grade'>,
  facts: Parameters<typeof evidenceOf>[0],
) {
  return {
    ...hit,
    subjectKind: 'user' as const,
    subjectId: user.userId,
    subjectName: nameOf(user),
    evidence: evidenceOf({
      roles: user.roles.join(', '),
      powers: user.powers.join(', '),
      'created at': user.createdAt,
      ...facts,
    }),
  };
}

/**
 * HubSpot keeps log-ins for a limited time, so somebody who never came cannot be told there from somebody who stays
 * away: both have stayed away.
 */
const showsEveryLogin = (account: string): boolean => systemOf(account) !== 'hubspot';

const neverLoggedIn: AuditRule = {
  id: 'user-never-logged-in',
  describe: ({ newForDays }) => `An active user, older than ${newForDays} days, has never logged in.`,
  remedy: 'Deactivate the user, or note why it is needed.',
  detect: (facts, thresholds) =>
    !facts.knowsLogins || !showsEveryLogin(facts.account)
      ? []
      : facts.users
          .filter((user) => isJudged(user) && user.lastLoginAt === null && !isNew(user, facts, thresholds))
          .map((user) => {
            const powers = administrativePowersOf(user);
            return hitOf(
              user,
              {
                severity: powers.length > 0 ? 'high' : 'medium',
                title: `The active user ${nameOf(user)} has never logged in.`,
                grade: powers.length,
              },
              {},
            );
          }),
};

const dormant: AuditRule = {
  id: 'user-dormant',
  describe: ({ unusedAfterDays }) => `An active user has not logged in for ${unusedAfterDays} days or more.`,
  remedy: 'Ask whether the user is still needed; deactivate it, or freeze it meanwhile.',
  detect: (facts, thresholds) =>
    facts.users.flatMap((user) => {
      if (!isJudged(user)) return [];
      const { lastLoginAt } = user;
      const isAway =
        lastLoginAt === null
          ? facts.knowsLogins && !showsEveryLogin(facts.account) && !isNew(user, facts, thresholds)
          : daysSince(lastLoginAt, facts.now) >= thresholds.unusedAfterDays;
      if (!isAway) return [];
      const powers = administrativePowersOf(user);
      const title =
        lastLoginAt === null
          ? `The CRM shows no log-in of the active user ${nameOf(user)}.`
          : `The active user ${nameOf(user)} has not logged in since ${lastLoginAt.toISOString().slice(0, 10)}.`;
      return [
        hitOf(
          user,
          { severity: powers.length > 0 ? 'high' : 'medium', title, grade: powers.length },
          { 'last log-in': lastLoginAt },
        ),
      ];
    }),
};

/** Why the user does not seem to need the powers; null when they do, or when too little is known. */
function whyNotNeeded(user: KnownUser, facts: AuditFacts, thresholds: Thresholds): string | null {
  const { now } = facts;
  const { lastLoginAt, lastAdministrationAt } = user;
  const isAway =
    lastLoginAt === null
      ? facts.knowsLogins && !isNew(user, facts, thresholds)
      : daysSince(lastLoginAt, now) >= thresholds.idlePowerDays;
  if (isAway) return `no log-in for ${thresholds.idlePowerDays} days`;
  const isIdle =
    facts.knowsSetupChanges &&
    !isNew(user, facts, thresholds) &&
    (lastAdministrationAt === null || daysSince(lastAdministrationAt, now) >= thresholds.administrationDays);
  return isIdle ? `no setup change for ${thresholds.administrationDays} days` : null;
}

const overPrivileged: AuditRule = {
  id: 'user-over-privileged',
  describe: ({ administrationDays, idlePowerDays }) =>
    `An active user may do what only administrators need (modify all data, manage users, customise, write code, super admin) and has changed nothing about the setup for ${administrationDays} days, or not logged in for ${idlePowerDays}.`,
  remedy: 'Take the powers away, or give them only for the time that they are needed.',
  detect: (facts, thresholds) =>
    facts.users.flatMap((user) => {
      const powers = administrativePowersOf(user);
      if (!isJudged(user) || powers.length === 0) return [];
      const reason = whyNotNeeded(user, facts, thresholds);
      if (reason === null) return [];
      return [
        hitOf(
          user,
          {
            severity: 'high',
            title: `${nameOf(user)} has powers of administration (${powers.join(', ')}) and does not use them.`,
            grade: powers.length,
          },
          { 'not used, because': reason, 'last setup change': user.lastAdministrationAt },
        ),
      ];
    }),
};

const failedLogins: AuditRule = {
  id: 'failed-login-burst',
  describe: (thresholds) =>
    `${thresholds.failedLogins} or more log-ins of one user failed within ${thresholds.failedLoginWindowMinutes} minutes, in the last ${thresholds.recentChangeDays} days.`,
  remedy: 'Ask the user whether it was them; if not, change the password, end all sessions and look at the address.',
  detect: (facts, thresholds) => {
    const windowMs = thresholds.failedLoginWindowMinutes * 60_000;
    const users = new Map(facts.users.map((user) => [user.userId, user]));
    return [...Map.groupBy(facts.failedLogins, ({ userId }) => userId)].flatMap(([userId, tries]): RuleHit[] => {
      let worst: typeof tries = [];
      for (const [first, { at }] of tries.entries()) {
        const burst = tries.slice(first).filter((next) => next.at.getTime() - at.getTime() <= windowMs);
        if (burst.length > worst.length) worst = burst;
      }
      const [begin] = worst;
      if (begin === undefined || worst.length < thresholds.failedLogins) return [];
      const user = users.get(userId);
      const name = user === undefined ? userId : nameOf(user);
      return [
        {
          severity: user !== undefined && administrativePowersOf(user).length > 0 ? 'high' : 'medium',
          subjectKind: 'user',
          subjectId: userId,
          subjectName: name,
          title: `${worst.length} log-ins of ${name} failed on ${begin.at.toISOString().slice(0, 10)}.`,
          evidence: evidenceOf({
            'failed log-ins': worst.length,
            from: begin.at,
            to: worst.at(-1)?.at,
            addresses: [...new Set(worst.map(({ sourceIp }) => sourceIp))].sort().join(', '),
          }),
          grade: worst.length,
        },
      ];
    });
  },
};

/** What an audit looks for in users. */
export const userRules: readonly AuditRule[] = [neverLoggedIn, dormant, overPrivileged, failedLogins];
