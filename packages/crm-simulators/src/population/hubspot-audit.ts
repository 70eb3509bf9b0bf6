import type { HubSpotAuditLoad } from '../hubspot/hubspot-audit.ts';
import type { Random } from '../random.ts';
import { agoOf, dayMs, type UserFact } from './audit-facts.ts';

/** A change of the setup of a portal. */
export interface PortalChangeFact {
  readonly type: string;
  readonly agoMs: number;
  readonly by: UserFact;
  readonly to: UserFact;
  readonly isRisky: boolean;
}

export const hubSpotUserId = (fact: UserFact): string => String(9_100 + fact.index);

const riskyTypes = ['ADD_ADMIN_PERMISSIONS', 'CONTACT_DATA_EXPORT', 'ADD_ADMIN_PERMISSIONS', 'CONTACT_DATA_EXPORT'];
const routineTypes = ['ADD_USER', 'CHANGE_PASSWORD', 'REMOVE_USER', 'RESET_PASSWORD'];

export function createPortalChangeFacts(users: readonly UserFact[], random: Random): PortalChangeFact[] {
  const workers = users.filter((user) => user.doesAdminWork);
  if (workers.length === 0) return [];
  const change = (type: string, days: number, by: UserFact, isRisky: boolean): PortalChangeFact => ({
    type,
    agoMs: agoOf(days, random),
    by,
    to: random.pick(users),
    isRisky,
  });
  const changes = [
    ...workers.flatMap((by) => [6, 37].map((days) => change('ADD_USER', days, by, false))),
    ...Array.from({ length: 30 }, () =>
      change(random.pick(routineTypes), random.integer(1, 170), random.pick(workers), false),
    ),
    ...riskyTypes.slice(0, 3).map((type) => change(type, random.integer(1, 28), random.pick(workers), true)),
    ...riskyTypes.map((type) => change(type, random.integer(34, 170), random.pick(workers), true)),
  ];
  return changes.sort((left, right) => right.agoMs - left.agoMs);
}

const roles = [
  { id: '70001', name: 'Super Admin' },
  { id: '70002', name: 'Sales' },
  { id: '70003', name: 'Service' },
] as const;

/** Turns what is true of users and changes into what a portal shows of it. */
export function projectHubSpotAudit(facts: {
  readonly random: Random;
  readonly users: readonly UserFact[];
  readonly changes: readonly PortalChangeFact[];
}): HubSpotAuditLoad {
  const { random, users, changes } = facts;
  const emailOf = (fact: UserFact) => fact.member.email;
  const logins = users.flatMap((fact) => {
    const last = fact.lastLoginAgoMs;
    if (last === null || last > 180 * dayMs) return [];
    const earlier = Array.from({ length: random.integer(2, 8) }, () =>
      Math.floor(last + (180 * dayMs - last) * random.next() ** 2),
    );
    return [last, ...earlier].map((agoMs, place) => ({
      agoMs,
      userId: hubSpotUserId(fact),
      email: emailOf(fact),
      loginSucceeded: place === 0 || !random.chance(0.06),
      ipAddress: `198.51.100.${random.integer(2, 250)}`,
    }));
  });
  const edits = users.flatMap((fact) => {
    const last = fact.lastLoginAgoMs;
    if (last === null || last > 85 * dayMs) return [];
    return Array.from({ length: random.integer(2, 8) }, () => ({
      agoMs: Math.floor(last + (89 * dayMs - last) * random.next() ** 2),
      category: 'CRM_OBJECT',
      subCategory: random.pick(['CONTACT', 'COMPANY', 'DEAL']),
      action: random.pick(['UPDATE', 'UPDATE', 'CREATE']),
      targetObjectId: String(random.integer(41_000_000_000, 41_090_000_000)),
      userId: hubSpotUserId(fact),
      email: emailOf(fact),
    }));
  });
  const byAge = (left: { agoMs: number }, right: { agoMs: number }) => right.agoMs - left.agoMs;
  return {
    roles,
    users: users
      .filter(({ member }) => member.isActive)
      .map((fact) => ({
        id: hubSpotUserId(fact),
        email: emailOf(fact),
        firstName: fact.member.firstName,
        lastName: fact.member.lastName,
        roleId: fact.isAdministrator ? roles[0].id : random.pick([roles[1], roles[1], roles[2]]).id,
        superAdmin: fact.isAdministrator,
      })),
    logins: logins.sort(byAge),
    security: changes.map(({ type, agoMs, by, to }) => ({
      agoMs,
      type,
      userId: hubSpotUserId(to),
      actingUser: { userId: hubSpotUserId(by), userEmail: emailOf(by) },
      ipAddress: `198.51.100.${random.integer(2, 250)}`,
    })),
    auditLogs: [
      ...edits,
      ...changes.map(({ type, agoMs, by, to }) => ({
        agoMs,
        category: 'USER_MANAGEMENT',
        subCategory: type,
        action: type.startsWith('REMOVE') ? 'DELETE' : type.startsWith('ADD') ? 'CREATE' : 'UPDATE',
        targetObjectId: hubSpotUserId(to),
        userId: hubSpotUserId(by),
        email: emailOf(by),
      })),
    ].sort(byAge),
  };
}
