import { hubSpotPortalId } from '../hubspot/hubspot-simulator.ts';
import { dayMs, type UserFact } from '../population/audit-facts.ts';
import { hubSpotUserId } from '../population/hubspot-audit.ts';
import { portalApps } from '../population/hubspot-projection.ts';
import { createPopulation, type PopulationOptions } from '../population/population.ts';
import { permissionsOf } from '../population/salesforce-audit.ts';
import { salesforceOrgId } from '../salesforce/salesforce-simulator.ts';

/** Permissions that nobody needs who does not do an administrator's work. */
export const adminPermissions: readonly string[] = [
  'ModifyAllData',
  'ManageUsers',
  'AuthorApex',
  'CustomizeApplication',
];

/** From this many days on, a user or an integration counts as unused. */
export const unusedAfterDays = 90;
/** Setup changes of so many days are looked at. */
export const recentChangeDays = 30;

export interface IntegrationTruth {
  /** `sf:<org>` or `hs:<portal>`. */
  readonly account: string;
  readonly name: string;
  /** A registered app, or a client that only gives a name. */
  readonly kind: 'app' | 'client';
  /** The user whose token it uses (Salesforce), or null. */
  readonly userId: string | null;
  /** Whole days before the reference time of the simulator; null when it depends on the records. */
  readonly lastUsedDaysAgo: number | null;
  readonly callsPerDay: number;
  readonly isUnused: boolean;
  readonly isOwnerUnknown: boolean;
}

export interface UserTruth {
  readonly account: string;
  readonly userId: string;
  readonly email: string;
  readonly isActive: boolean;
  /** Whole days before the reference time; null for a user who never came. */
  readonly lastLoginDaysAgo: number | null;
  /** Of `adminPermissions`, the ones the user has; for HubSpot `SuperAdmin`. */
  readonly adminPermissions: readonly string[];
  readonly doesAdminWork: boolean;
  /** What an audit has to find. Only active users are looked at. */
  readonly findings: readonly ('never-logged-in' | 'dormant' | 'over-privileged')[];
}

export interface SetupChangeTruth {
  readonly account: string;
  readonly action: string;
  readonly section: string;
  readonly display: string;
  readonly userId: string;
  readonly daysAgo: number;
  readonly isRisky: boolean;
  /** Risky and of the last 30 days. */
  readonly isFinding: boolean;
}

/** What is true of the use, the users and the setup of both CRMs, from which every expected finding follows. */
export interface AuditTruth {
  readonly integrations: readonly IntegrationTruth[];
  readonly users: readonly UserTruth[];
  readonly setupChanges: readonly SetupChangeTruth[];
}

const daysOf = (ms: number): number => Math.floor(ms / dayMs);

function userTruth(account: string, userId: string, fact: UserFact, admin: readonly string[]): UserTruth {
  const lastLoginDaysAgo = fact.lastLoginAgoMs === null ? null : daysOf(fact.lastLoginAgoMs);
  const { isActive } = fact.member;
  const findings: UserTruth['findings'][number][] = [];
  if (isActive && lastLoginDaysAgo === null) findings.push('never-logged-in');
  if (isActive && lastLoginDaysAgo !== null && lastLoginDaysAgo >= unusedAfterDays) findings.push('dormant');
  if (isActive && admin.length > 0 && !fact.doesAdminWork) findings.push('over-privileged');
  return {
    account,
    userId,
    email: fact.member.email,
    isActive,
    lastLoginDaysAgo,
    adminPermissions: admin,
    doesAdminWork: fact.doesAdminWork,
    findings,
  };
}

/** The truth about the load that the same options make. Only scoring may ask for it. */
export function auditTruth(options: PopulationOptions = {}): AuditTruth {
  const { salesforceAudit, hubspotAudit } = createPopulation(options);
  const [org, portal] = [`sf:${salesforceOrgId}`, `hs:${hubSpotPortalId}`];
  const idOf = new Map(salesforceAudit.users.map(({ fact, id }) => [fact, id]));
  return {
    integrations: [
      ...salesforceAudit.integrations.map(
        (integration): IntegrationTruth => ({
          account: org,
          name: integration.name,
          kind: integration.isRegistered ? 'app' : 'client',
          userId: salesforceAudit.ownerOf.get(integration.name) ?? null,
          lastUsedDaysAgo: daysOf(integration.lastUsedAgoMs),
          callsPerDay: integration.callsPerDay,
          isUnused: daysOf(integration.lastUsedAgoMs) >= unusedAfterDays,
          isOwnerUnknown: integration.isOwnerUnknown,
        }),
      ),
      ...Object.values(portalApps).map(
        (app): IntegrationTruth => ({
          account: portal,
          name: app.appName,
          kind: 'app',
          userId: null,
          lastUsedDaysAgo: null,
          callsPerDay: 0,
          isUnused: app === portalApps.formbridge,
          isOwnerUnknown: false,
        }),
      ),
    ],
    users: [
      ...salesforceAudit.users.map(({ fact, id }) => {
        const admin = permissionsOf(fact).filter((permission) => adminPermissions.includes(permission));
        return userTruth(org, id, fact, admin);
      }),
      ...hubspotAudit.users.map((fact) =>
        userTruth(portal, hubSpotUserId(fact), fact, fact.isAdministrator ? ['SuperAdmin'] : []),
      ),
    ],
    setupChanges: [
      ...salesforceAudit.setupChanges.map(
        (change): SetupChangeTruth => ({
          account: org,
          action: change.action,
          section: change.section,
          display: change.display,
          userId: idOf.get(change.by) ?? '',
          daysAgo: daysOf(change.agoMs),
          isRisky: change.isRisky,
          isFinding: change.isRisky && daysOf(change.agoMs) < recentChangeDays,
        }),
      ),
      ...hubspotAudit.changes.map(
        (change): SetupChangeTruth => ({
          account: portal,
          action: change.type,
          section: 'security',
          display: `${change.type} ${change.to.member.email}`,
          userId: hubSpotUserId(change.by),
          daysAgo: daysOf(change.agoMs),
          isRisky: change.isRisky,
          isFinding: change.isRisky && daysOf(change.agoMs) < recentChangeDays,
        }),
      ),
    ],
  };
}
