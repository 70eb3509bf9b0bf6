import { type AuditRecordChanged, timestampDate } from '@kempt/contracts';
import type { LoginVersion } from '../access/login-store.ts';
import type { UserVersion } from '../access/user.ts';
import type { AppVersion, UsageVersion } from '../integrations/app-store.ts';
import { isOrdinaryWork } from '../setup-changes/setup-change.ts';
import type { SetupChangeVersion } from '../setup-changes/setup-change-store.ts';

/** What some events tell of one account, at most one version of each thing. */
export interface AuditBatch {
  readonly users: readonly UserVersion[];
  readonly logins: readonly LoginVersion[];
  readonly apps: readonly AppVersion[];
  readonly usages: readonly UsageVersion[];
  readonly setupChanges: readonly SetupChangeVersion[];
}

const dateOf = (stamp: Parameters<typeof timestampDate>[0] | undefined): Date | null =>
  stamp === undefined ? null : timestampDate(stamp);

function put<T extends { readonly version: number }>(into: Map<string, T>, id: string, told: T): void {
  if (told.version > (into.get(id)?.version ?? 0)) into.set(id, told);
}

/**
 * Sorts what was told by what it is about. What happened stays: a log-in or a setup change that the CRM no longer shows
 * is kept until it is too old.
 */
export function batchOf(told: readonly AuditRecordChanged[]): AuditBatch {
  const users = new Map<string, UserVersion>();
  const logins = new Map<string, LoginVersion>();
  const apps = new Map<string, AppVersion>();
  const usages = new Map<string, UsageVersion>();
  const setupChanges = new Map<string, SetupChangeVersion>();
  for (const { auditId, version, removed, kind } of told) {
    switch (kind.case) {
      case 'user': {
        const { name, email, username, active, userType, roles, powers, lastLoginAt, createdAt } = kind.value;
        put(users, auditId, {
          userId: auditId,
          version,
          removed,
          name,
          email,
          username,
          active,
          userType,
          roles,
          powers,
          lastLoginAt: dateOf(lastLoginAt),
          createdAt: dateOf(createdAt),
        });
        break;
      }
      case 'login': {
        const { userId, at, application, sourceIp, succeeded, status } = kind.value;
        if (at === undefined) break;
        const login = { userId, at: timestampDate(at), application, sourceIp, succeeded, status };
        put(logins, auditId, { loginId: auditId, version, ...login });
        break;
      }
      case 'app': {
        const { name, appKind, userIds, useCount, lastUsedAt, createdAt } = kind.value;
        put(apps, auditId, {
          appId: auditId,
          version,
          removed,
          name,
          appKind,
          userIds,
          useCount: Number(useCount),
          lastUsedAt: dateOf(lastUsedAt),
          createdAt: dateOf(createdAt),
        });
        break;
      }
      case 'apiUsage': {
        const { day, appId, appName, calls, dailyLimit } = kind.value;
        if (!/^\d{4}-\d{2}-\d{2}$/.test(day)) break;
        const usage = { day, appId, appName, calls: Number(calls), dailyLimit: Number(dailyLimit) };
        put(usages, auditId, { usageId: auditId, version, ...usage });
        break;
      }
      case 'setupChange': {
        const { at, userId, action, section, display } = kind.value;
        if (at === undefined || isOrdinaryWork(section)) break;
        const change = { at: timestampDate(at), userId, action, section, display };
        put(setupChanges, auditId, { changeId: auditId, version, ...change });
        break;
      }
      case undefined:
        break;
    }
  }
  const inOrder = <T>(map: ReadonlyMap<string, T>): T[] =>
    [...map].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, t]) => t);
  return {
    users: inOrder(users),
    logins: inOrder(logins),
    apps: inOrder(apps),
    usages: inOrder(usages),
    setupChanges: inOrder(setupChanges),
  };
}
