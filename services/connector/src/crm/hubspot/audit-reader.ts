import { parseInstant } from '../../schema/convert-value.ts';
import type { AuditPage, AuditReader, AuditRecord } from '../audit-reader.ts';
import type { Position } from '../crm-client.ts';
import { CrmError } from '../crm-error.ts';
import type { HubSpotApi, HubSpotRequest } from './api.ts';

type Entry = Readonly<Record<string, unknown>>;

const dayMs = 86_400_000;
const entriesPerCall = 100;
/** Calls of one reading; what is beyond them is older than what an audit looks at. */
const callsPerReading = 200;
/** How far back the first reading of what happened goes. */
const keptMs = 180 * dayMs;
/** An entry may show up this late behind newer ones. */
const overlapMs = 3_600_000;

const textOf = (value: unknown): string =>
  typeof value === 'string' ? value : typeof value === 'number' ? String(value) : '';
const numberOf = (value: unknown): number => (typeof value === 'number' && value >= 0 ? value : 0);
const msOf = (value: unknown): number | null => (typeof value === 'string' ? (parseInstant(value) ?? null) : null);
/** Whoever did something: an id, or an object with one. */
const actorOf = (value: unknown): string =>
  typeof value === 'object' && value !== null ? textOf((value as Entry).userId ?? (value as Entry).id) : textOf(value);

export function createHubSpotAuditReader(options: {
  readonly api: HubSpotApi;
  readonly now: () => number;
}): AuditReader {
  const { api } = options;

  /** Every entry of a list, newest first where it has an order; `isEnough` ends it early. */
  async function entriesOf(
    path: string,
    query: NonNullable<HubSpotRequest['query']>,
    signal: AbortSignal,
    isEnough: (entry: Entry) => boolean = () => false,
  ): Promise<Entry[]> {
    const found: Entry[] = [];
    let after: string | undefined;
    for (let call = 0; call < callsPerReading; call += 1) {
      const answer = (await api.send({ method: 'GET', path, query: { ...query, after } }, signal)) as {
        results?: unknown;
        paging?: { next?: { after?: unknown } };
      } | null;
      if (!Array.isArray(answer?.results)) {
        throw new CrmError({
          kind: 'malformed',
          code: 'malformed-page',
          message: `HubSpot answered ${path} without results.`,
        });
      }
      const entries = answer.results as Entry[];
      found.push(...entries);
      const next = textOf(answer.paging?.next?.after);
      if (next === '' || entries.some(isEnough)) return found;
      after = next;
    }
    return found;
  }

  const fromMsOf = (position: Position | null): number =>
    typeof position?.fromMs === 'number' ? position.fromMs : options.now() - keptMs;

  /** A page of what happened since the last reading. */
  function logPage(entries: readonly (AuditRecord | null)[], timesMs: readonly number[], fromMs: number): AuditPage {
    const newestMs = timesMs.reduce((newest, ms) => Math.max(newest, ms), fromMs);
    return {
      records: entries.filter((entry) => entry !== null),
      next: { fromMs: Math.max(fromMs, newestMs - overlapMs) },
      more: false,
    };
  }

  async function readUsers(signal: AbortSignal): Promise<AuditPage> {
    const roles = (await api.send({ method: 'GET', path: '/settings/v3/users/roles' }, signal)) as {
      results?: unknown;
    } | null;
    const names = new Map(
      (Array.isArray(roles?.results) ? (roles.results as Entry[]) : []).map((role) => [
        textOf(role.id),
        textOf(role.name),
      ]),
    );
    const users = await entriesOf('/settings/v3/users', { limit: entriesPerCall }, signal);
    const records = users.flatMap((user): AuditRecord[] => {
      const auditId = textOf(user.id);
      if (auditId === '') return [];
      const roleIds = [user.roleId, ...(Array.isArray(user.roleIds) ? user.roleIds : [])].map(textOf);
      const roleNames = [...new Set(roleIds)].map((id) => names.get(id) ?? '').filter((name) => name !== '');
      const email = textOf(user.email);
      const name = [user.firstName, user.lastName]
        .map(textOf)
        .filter((part) => part !== '')
        .join(' ');
      return [
        {
          kind: 'user',
          auditId,
          content: {
            name: name === '' ? email : name,
            email,
            username: email,
            // A user who is removed or deactivated is not listed any more.
            active: true,
            userType: '',
            roles: roleNames.sort(),
            powers: user.superAdmin === true ? ['super-admin'] : [],
            lastLoginAtMs: null,
            createdAtMs: null,
          },
        },
      ];
    });
    return { records, next: null, more: false };
  }

  async function readLogins(position: Position | null, signal: AbortSignal): Promise<AuditPage> {
    const fromMs = fromMsOf(position);
    const isOld = (entry: Entry): boolean => (msOf(entry.loginAt) ?? 0) < fromMs;
    const entries = await entriesOf('/account-info/v3/activity/login', { limit: entriesPerCall }, signal, isOld);
    const recent = entries.filter((entry) => !isOld(entry));
    return logPage(
      recent.map((entry): AuditRecord | null => {
        const succeeded = entry.loginSucceeded === true;
        const auditId = textOf(entry.id);
        return auditId === ''
          ? null
          : {
              kind: 'login',
              auditId,
              content: {
                userId: textOf(entry.userId),
                atMs: msOf(entry.loginAt) ?? 0,
                application: '',
                sourceIp: textOf(entry.ipAddress),
                succeeded,
                status: succeeded ? 'Success' : 'Failed',
              },
            };
      }),
      recent.map((entry) => msOf(entry.loginAt) ?? 0),
      fromMs,
    );
  }

  async function readApiUsage(signal: AbortSignal): Promise<AuditPage> {
    const usages = await entriesOf('/account-info/v3/api-usage/daily/private-apps', {}, signal);
    const records = usages.flatMap((usage): AuditRecord[] => {
      const collectedMs = msOf(usage.collectedAt);
      const resetsMs = msOf(usage.resetsAt);
      // The day is the account's; the figure belongs to the one that ends with the next reset.
      const atMs = resetsMs === null ? collectedMs : resetsMs - dayMs;
      if (atMs === null || usage.fetchStatus === 'FAILURE' || usage.fetchStatus === 'NOTFOUND') return [];
      const day = new Date(atMs).toISOString().slice(0, 10);
      const appName = textOf(usage.name);
      return [
        {
          kind: 'api-usage',
          auditId: `${day}-private-apps`,
          content: {
            day,
            appId: '',
            appName: appName === '' ? 'private apps' : appName,
            calls: numberOf(usage.currentUsage),
            dailyLimit: numberOf(usage.usageLimit),
          },
        },
      ];
    });
    return { records, next: null, more: false };
  }

  async function readAuditLog(position: Position | null, signal: AbortSignal): Promise<AuditPage> {
    const fromMs = fromMsOf(position);
    const query = { limit: entriesPerCall, occurredAfter: new Date(fromMs).toISOString() };
    const entries = await entriesOf('/account-info/v3/activity/audit-logs', query, signal);
    return logPage(
      entries.map((entry): AuditRecord | null => {
        const [id, action, category, part] = [entry.id, entry.action, entry.category, entry.subCategory].map(textOf);
        const atMs = msOf(entry.occurredAt);
        if (id === '' || atMs === null) return null;
        const section = [category, part].filter((word) => word !== '').join('/');
        return {
          kind: 'setup-change',
          auditId: `audit-${id}`,
          content: {
            atMs,
            userId: actorOf(entry.actingUser),
            action: action ?? '',
            section,
            display: [action, section, textOf(entry.targetObjectId)].filter((word) => word !== '').join(' '),
          },
        };
      }),
      entries.map((entry) => msOf(entry.occurredAt) ?? 0),
      fromMs,
    );
  }

  /** E-mail addresses of users by id, as far as they are shown: what happened to somebody names only the id. */
  async function emailsOf(signal: AbortSignal): Promise<Map<string, string>> {
    try {
      const users = await entriesOf('/settings/v3/users', { limit: entriesPerCall }, signal);
      return new Map(users.map((user) => [textOf(user.id), textOf(user.email)]));
    } catch (error) {
      if (error instanceof CrmError && error.kind === 'permission') return new Map();
      throw error;
    }
  }

  async function readSecurity(position: Position | null, signal: AbortSignal): Promise<AuditPage> {
    const fromMs = fromMsOf(position);
    const query = { limit: entriesPerCall, fromTimestamp: fromMs };
    const entries = await entriesOf('/account-info/v3/activity/security', query, signal);
    const emails = entries.length === 0 ? new Map<string, string>() : await emailsOf(signal);
    return logPage(
      entries.map((entry): AuditRecord | null => {
        const id = textOf(entry.id);
        const atMs = msOf(entry.createdAt);
        if (id === '' || atMs === null) return null;
        const action = textOf(entry.type);
        const target = textOf(entry.objectId) || textOf(entry.userId);
        return {
          kind: 'setup-change',
          auditId: `security-${id}`,
          content: {
            atMs,
            userId: actorOf(entry.actingUser) || textOf(entry.userId),
            action,
            section: 'security',
            display: [action, emails.get(target) || target].filter((word) => word !== '').join(' '),
          },
        };
      }),
      entries.map((entry) => msOf(entry.createdAt) ?? 0),
      fromMs,
    );
  }

  return {
    sources: [
      { name: 'log-ins', kind: 'login', isWhole: false, read: readLogins },
      { name: 'users', kind: 'user', isWhole: true, read: (_, signal) => readUsers(signal) },
      { name: 'api-usage', kind: 'api-usage', isWhole: false, read: (_, signal) => readApiUsage(signal) },
      { name: 'audit-log', kind: 'setup-change', isWhole: false, read: readAuditLog },
      { name: 'security-activity', kind: 'setup-change', isWhole: false, read: readSecurity },
    ],
  };
}
