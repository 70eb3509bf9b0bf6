import { systemOf } from '../access/user.ts';

/** An app that holds access to a CRM. */
export interface AppFact {
  readonly appId: string;
  readonly removed: boolean;
  readonly name: string;
  /** connected-app, oauth-app or private-app */
  readonly appKind: string;
  readonly userIds: readonly string[];
  readonly useCount: number;
  readonly lastUsedAt: Date | null;
  readonly createdAt: Date | null;
}

/** Calls of one app on one day. */
export interface UsageFact {
  /** ISO 8601 calendar date in UTC. */
  readonly day: string;
  readonly appId: string;
  readonly appName: string;
  readonly calls: number;
  readonly dailyLimit: number;
}

/** What touches a CRM from outside: an app, or a client that only gives a name. */
export interface CrmIntegration {
  readonly id: string;
  readonly kind: 'app' | 'client';
  /** Id in the CRM; the name where there is none. */
  readonly subjectId: string;
  readonly name: string;
  readonly appKind: string;
  readonly removed: boolean;
  readonly userIds: readonly string[];
  readonly useCount: number;
  readonly lastUsedAt: Date | null;
  readonly createdAt: Date | null;
  /** In the last 30 days. */
  readonly calls: number;
  /** The day of the last 30 with the largest share of the daily limit; null when no call is known. */
  readonly peak: { readonly day: string; readonly calls: number; readonly dailyLimit: number } | null;
}

const dayMs = 86_400_000;
const usageDays = 30;

/** Salesforce writes ids in two lengths, of which the shorter one is the beginning of the longer. */
const isSameId = (left: string, right: string): boolean =>
  left === right || (left.length >= 15 && right.length >= 15 && left.slice(0, 15) === right.slice(0, 15));

const newest = (dates: readonly (Date | null | undefined)[]): Date | null =>
  dates.reduce<Date | null>((best, date) => (date != null && (best === null || date > best) ? date : best), null);

const share = ({ calls, dailyLimit }: { readonly calls: number; readonly dailyLimit: number }): number =>
  dailyLimit > 0 ? calls / dailyLimit : 0;

/**
 * What touches an account: its apps with the calls that were counted for them, and callers that are none of its apps.
 * An app counts as used whenever the CRM shows any trace of it: its token, its calls, its log-ins.
 */
export function describeIntegrations(
  account: string,
  facts: {
    readonly apps: readonly AppFact[];
    readonly usages: readonly UsageFact[];
    readonly appLogins: ReadonlyMap<string, Date>;
    readonly now: Date;
  },
): CrmIntegration[] {
  const { apps, usages, appLogins, now } = facts;
  const oldest = new Date(now.getTime() - usageDays * dayMs).toISOString().slice(0, 10);
  const usagesOfApp = new Map<AppFact, UsageFact[]>();
  const others = new Map<string, UsageFact[]>();
  for (const usage of usages) {
    const app =
      apps.find(({ appId }) => usage.appId !== '' && isSameId(appId, usage.appId)) ??
      apps.find(({ name }) => name === usage.appName);
    const caller = usage.appId || usage.appName;
    if (app === undefined) others.set(caller, [...(others.get(caller) ?? []), usage]);
    else usagesOfApp.set(app, [...(usagesOfApp.get(app) ?? []), usage]);
  }

  const callsOf = (own: readonly UsageFact[]): Pick<CrmIntegration, 'calls' | 'peak'> => {
    const recent = own.filter(({ day }) => day > oldest);
    const peak = recent.toSorted((a, b) => share(b) - share(a) || b.calls - a.calls)[0];
    return {
      calls: recent.reduce((sum, { calls }) => sum + calls, 0),
      peak: peak === undefined ? null : { day: peak.day, calls: peak.calls, dailyLimit: peak.dailyLimit },
    };
  };
  const lastDay = (own: readonly UsageFact[]): Date | null => newest(own.map(({ day }) => new Date(day)));

  return [
    ...apps.map((app): CrmIntegration => {
      const own = usagesOfApp.get(app) ?? [];
      return {
        id: `app:${account}:${app.appId}`,
        kind: 'app',
        subjectId: app.appId,
        name: app.name,
        appKind: app.appKind,
        removed: app.removed,
        userIds: app.userIds,
        useCount: app.useCount,
        lastUsedAt: newest([app.lastUsedAt, lastDay(own), appLogins.get(app.name)]),
        createdAt: app.createdAt,
        ...callsOf(own),
      };
    }),
    ...[...others].map(([caller, own]): CrmIntegration => {
      const { appId = '', appName: name = caller } = own.at(-1) ?? {};
      // HubSpot only counts calls of apps that are registered with the portal.
      const isApp = appId !== '' || systemOf(account) === 'hubspot';
      return {
        id: `${isApp ? 'app' : 'client'}:${account}:${caller}`,
        kind: isApp ? 'app' : 'client',
        subjectId: caller,
        name,
        appKind: isApp && appId === '' ? 'private-app' : '',
        removed: false,
        userIds: [],
        useCount: 0,
        lastUsedAt: newest([lastDay(own), appLogins.get(name)]),
        createdAt: null,
        ...callsOf(own),
      };
    }),
  ];
}
