/** A user of the portal, as its settings show them. Users who left are not among them. */
export interface PortalUser {
  readonly id: string;
  readonly email: string;
  readonly firstName: string;
  readonly lastName: string;
  readonly roleId: string;
  readonly superAdmin: boolean;
}

interface Aged {
  /** Milliseconds before the reference time. */
  readonly agoMs: number;
}

/** What the account knows of its users and what they did; each list begins with the oldest entry. */
export interface HubSpotAuditLoad {
  readonly roles: readonly { readonly id: string; readonly name: string }[];
  readonly users: readonly PortalUser[];
  readonly logins: readonly (Aged & {
    readonly userId: string;
    readonly email: string;
    readonly loginSucceeded: boolean;
    readonly ipAddress: string;
  })[];
  readonly security: readonly (Aged & {
    readonly type: string;
    readonly userId: string;
    readonly actingUser: { readonly userId: string; readonly userEmail: string };
    readonly ipAddress: string;
  })[];
  readonly auditLogs: readonly (Aged & {
    readonly category: string;
    readonly subCategory: string;
    readonly action: string;
    readonly targetObjectId: string;
    readonly userId: string;
    readonly email: string;
  })[];
}

type Entry = Readonly<Record<string, unknown>>;

/** The account's lists in the form of the API, newest entry first. */
export interface HubSpotAudit {
  readonly users: readonly Entry[];
  readonly roles: readonly Entry[];
  readonly logins: readonly Entry[];
  readonly security: readonly Entry[];
  readonly auditLogs: readonly Entry[];
}

export function createHubSpotAudit(load: HubSpotAuditLoad | undefined, referenceMs: number): HubSpotAudit {
  if (load === undefined) return { users: [], roles: [], logins: [], security: [], auditLogs: [] };
  const at = ({ agoMs }: Aged) => new Date(referenceMs - agoMs).toISOString();
  return {
    users: load.users.map((user) => ({
      ...user,
      roleIds: [user.roleId],
      secondaryTeamIds: [],
      sendWelcomeEmail: false,
    })),
    roles: load.roles.map((role) => ({ ...role, requiresBillingWrite: false })),
    logins: load.logins
      .map((login, index) => ({
        id: String(index + 1),
        userId: Number(login.userId),
        email: login.email,
        loginAt: at(login),
        loginSucceeded: login.loginSucceeded,
        ipAddress: login.ipAddress,
        userAgent: 'Mozilla/5.0',
        location: 'new york, united states',
        countryCode: 'us',
        regionCode: 'ny',
      }))
      .reverse(),
    security: load.security
      .map((event, index) => ({
        id: String(index + 1),
        type: event.type,
        userId: Number(event.userId),
        actingUser: event.actingUser,
        createdAt: at(event),
        ipAddress: event.ipAddress,
        objectId: event.userId,
        infoUrl: null,
      }))
      .reverse(),
    auditLogs: load.auditLogs
      .map((entry, index) => ({
        id: String(index + 1),
        category: entry.category,
        subCategory: entry.subCategory,
        action: entry.action,
        occurredAt: at(entry),
        targetObjectId: entry.targetObjectId,
        actingUser: { userId: Number(entry.userId), userEmail: entry.email },
      }))
      .reverse(),
  };
}
