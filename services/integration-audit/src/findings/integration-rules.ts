import type { KnownUser } from '../access/user-store.ts';
import type { CrmIntegration } from '../integrations/crm-integration.ts';
import type { AuditFacts, Thresholds } from './audit-facts.ts';
import { type AuditRule, daysSince, evidenceOf, type RuleHit } from './audit-rule.ts';

const judged = ({ integrations }: AuditFacts, { ownApps }: Thresholds): readonly CrmIntegration[] =>
  integrations.filter(({ removed, name }) => !removed && !ownApps.includes(name));

function hitOf(
  integration: CrmIntegration,
  hit: Pick<RuleHit, 'severity' | 'title' | 'grade'>,
  facts: Parameters<typeof evidenceOf>[0] = {},
): RuleHit {
  return {
    ...hit,
    subjectKind: integration.kind,
    subjectId: integration.subjectId,
    subjectName: integration.name,
    evidence: evidenceOf({
      kind: integration.appKind,
      'created at': integration.createdAt,
      'users who granted access': integration.userIds.join(', '),
      ...facts,
    }),
  };
}

const unused: AuditRule = {
  id: 'integration-unused',
  describe: ({ unusedAfterDays }) => `An app that holds access has not been used for ${unusedAfterDays} days or more.`,
  remedy: 'Ask its owner whether it is still needed; if not, revoke its access.',
  detect: (facts, thresholds) =>
    judged(facts, thresholds).flatMap((app) => {
      const { lastUsedAt, name } = app;
      if (lastUsedAt === null || daysSince(lastUsedAt, facts.now) < thresholds.unusedAfterDays) return [];
      const day = lastUsedAt.toISOString().slice(0, 10);
      const title = `${name} holds access and has not been used since ${day}.`;
      return [hitOf(app, { severity: 'medium', title, grade: app.userIds.length }, { 'last used': lastUsedAt })];
    }),
};

const neverUsed: AuditRule = {
  id: 'integration-never-used',
  describe: ({ newForDays }) => `An app that was registered ${newForDays} days ago or earlier has never been used.`,
  remedy: 'Remove the app, or finish what it was registered for.',
  detect: (facts, thresholds) =>
    judged(facts, thresholds).flatMap((app) => {
      // Other kinds of apps do not tell of every use.
      if (app.appKind !== 'connected-app' || app.lastUsedAt !== null || app.useCount > 0) return [];
      if (app.createdAt !== null && daysSince(app.createdAt, facts.now) < thresholds.newForDays) return [];
      const title = `${app.name} is registered and has never been used.`;
      return [hitOf(app, { severity: 'low', title, grade: app.userIds.length })];
    }),
};

const ownerInactive: AuditRule = {
  id: 'integration-owner-inactive',
  describe: () => 'Nobody who granted an app its access is an active user any more.',
  remedy: 'Name a new owner who grants the access again under an integration user, and revoke the old one.',
  detect: (facts, thresholds) => {
    const users = new Map(facts.users.map((user): [string, KnownUser] => [user.userId, user]));
    return judged(facts, thresholds).flatMap((app) => {
      const owners = app.userIds.map((id) => users.get(id));
      if (owners.length === 0 || owners.some((owner) => owner === undefined || owner.active)) return [];
      const names = owners.map((owner) => owner?.name ?? '').join(', ');
      const isInUse = app.lastUsedAt !== null && daysSince(app.lastUsedAt, facts.now) < thresholds.unusedAfterDays;
      return [
        hitOf(
          app,
          {
            severity: isInUse ? 'high' : 'medium',
            title: `${app.name} has access in the name of somebody who has left: ${names}.`,
            grade: isInUse ? 1 : 0,
          },
          { 'users who left': names, 'last used': isInUse ? 'within the last days' : app.lastUsedAt },
        ),
      ];
    });
  },
};

const unregistered: AuditRule = {
  id: 'integration-unregistered',
  describe: () => 'A client that is no registered app calls the API, so nobody answers for it.',
  remedy: 'Find out whose it is, register an app for it, and let it come under an integration user.',
  detect: (facts, thresholds) =>
    judged(facts, thresholds)
      .filter(({ kind }) => kind === 'client')
      .map((client) =>
        hitOf(
          client,
          {
            severity: 'medium',
            title: `${client.name} calls the API and is no registered app.`,
            grade: Math.floor(Math.log10(Math.max(1, client.peak?.calls ?? 0))),
          },
          { 'most calls on a day': client.peak?.calls, 'on the day': client.peak?.day },
        ),
      ),
};

const busy: AuditRule = {
  id: 'integration-busy',
  describe: ({ callSharePercent }) =>
    `An integration made ${callSharePercent} % or more of the account's daily calls on one day of the last 30.`,
  remedy: 'Let it read changes instead of everything, or in larger pages, before it takes the calls of the others.',
  detect: (facts, thresholds) =>
    judged(facts, thresholds).flatMap((app) => {
      const { peak } = app;
      if (peak === null || peak.dailyLimit === 0) return [];
      const percent = Math.floor((100 * peak.calls) / peak.dailyLimit);
      if (percent < thresholds.callSharePercent) return [];
      return [
        hitOf(
          app,
          {
            severity: percent >= 80 ? 'high' : 'medium',
            title: `${app.name} made ${percent} % of the account's daily calls on ${peak.day}.`,
            grade: Math.floor(percent / 10),
          },
          { calls: peak.calls, 'daily limit': peak.dailyLimit, day: peak.day },
        ),
      ];
    }),
};

/** What an audit looks for in apps and clients. */
export const integrationRules: readonly AuditRule[] = [unused, neverUsed, ownerInactive, unregistered, busy];
