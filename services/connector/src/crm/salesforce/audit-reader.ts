import { createHash } from 'node:crypto';
import { isSalesforceId, longSalesforceId } from '@kempt/contracts';
import { parseInstant } from '../../schema/convert-value.ts';
import type { AuditPage, AuditReader, AuditRecord } from '../audit-reader.ts';
import type { Position } from '../crm-client.ts';
import { CrmError } from '../crm-error.ts';
import { describeObject } from './described-object.ts';
import { callsByApp } from './event-log.ts';
import type { QueryPage } from './object-reader.ts';
import type { SalesforceRow } from './read-record.ts';
import { instantLiteral, textLiteral } from './soql.ts';

export interface SalesforceAuditOptions {
  /** Runs a query and gives the rows of its first page. */
  readonly query: (soql: string, signal: AbortSignal) => Promise<QueryPage>;
  /** The JSON of an answer. */
  readonly get: (path: string, signal: AbortSignal) => Promise<unknown>;
  /** The text of an answer. */
  readonly getText: (path: string, signal: AbortSignal) => Promise<string>;
  readonly now: () => number;
}

const dayMs = 86_400_000;
const rowsPerQuery = 2_000;
/** How far back the first reading of log-ins goes: the last one of each user is in the user itself. */
const loginsKeptMs = 90 * dayMs;
/** What Salesforce keeps of setup changes. */
const changesKeptMs = 180 * dayMs;
/** Event log files of so many days are looked at; a file appears a day late, and may be replaced. */
const logDays = 4;
/** A row may show up this late behind newer ones. */
const overlapMs = 3_600_000;

/** Permissions that go beyond ordinary work. */
const powers: Readonly<Record<string, string>> = {
  PermissionsModifyAllData: 'modify-all-data',
  PermissionsViewAllData: 'view-all-data',
  PermissionsManageUsers: 'manage-users',
  PermissionsCustomizeApplication: 'customize-application',
  PermissionsAuthorApex: 'author-apex',
};

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
const numberOf = (value: unknown): number => (typeof value === 'number' ? value : Number(value ?? 0) || 0);
const msOf = (value: unknown): number | null => (typeof value === 'string' ? (parseInstant(value) ?? null) : null);
const idOf = (value: unknown): string => (isSalesforceId(value) ? longSalesforceId(value) : textOf(value));
/** An id for something that the CRM only names. */
const nameId = (name: string): string => `name-${createHash('sha256').update(name).digest('hex').slice(0, 16)}`;

interface Grants {
  readonly name: string;
  /** Sets that belong to a profile are not shown beside it. */
  readonly isShown: boolean;
  readonly powers: readonly string[];
}

export function createSalesforceAuditReader(options: SalesforceAuditOptions): AuditReader {
  const { query } = options;

  /** Every row of an object, by queries that each begin after the last id. */
  async function rowsOf(object: string, fields: readonly string[], signal: AbortSignal): Promise<SalesforceRow[]> {
    const found: SalesforceRow[] = [];
    for (let after = ''; ; ) {
      const where = after === '' ? '' : ` WHERE Id > ${textLiteral(after)}`;
      const soql = `SELECT Id,${fields.join(',')} FROM ${object}${where} ORDER BY Id LIMIT ${rowsPerQuery}`;
      const { rows } = await query(soql, signal);
      found.push(...(rows as SalesforceRow[]));
      const last = textOf(found.at(-1)?.Id);
      if (rows.length < rowsPerQuery || last === after) return found;
      after = last;
    }
  }

  /** The fields among these that the org's edition has. */
  async function offered(object: string, fields: readonly string[], signal: AbortSignal): Promise<string[]> {
    const described = await describeObject(options.get, object, signal);
    const names = new Set(described.fields.map(({ name }) => name));
    return fields.filter((name) => names.has(name));
  }

  async function grantsOf(object: string, nameField: string, signal: AbortSignal): Promise<Map<string, Grants>> {
    const fields = await offered(object, [nameField, 'IsOwnedByProfile', ...Object.keys(powers)], signal);
    const rows = await rowsOf(object, fields, signal);
    return new Map(
      rows.map((row) => [
        idOf(row.Id),
        {
          name: textOf(row[nameField]),
          isShown: row.IsOwnedByProfile !== true,
          powers: fields.flatMap((field) => (row[field] === true && powers[field] ? [powers[field]] : [])),
        },
      ]),
    );
  }

  /** Names of roles; an org may have none, or not show them. */
  async function roleNames(signal: AbortSignal): Promise<Map<string, string>> {
    try {
      const rows = await rowsOf('UserRole', ['Name'], signal);
      return new Map(rows.map((row) => [idOf(row.Id), textOf(row.Name)]));
    } catch (error) {
      if (error instanceof CrmError && ['not-found', 'permission'].includes(error.kind)) return new Map();
      throw error;
    }
  }

  async function readUsers(signal: AbortSignal): Promise<AuditRecord[]> {
    const profiles = await grantsOf('Profile', 'Name', signal);
    const sets = await grantsOf('PermissionSet', 'Label', signal);
    const roles = await roleNames(signal);
    const held = new Map<string, Grants[]>();
    for (const row of await rowsOf('PermissionSetAssignment', ['AssigneeId', 'PermissionSetId'], signal)) {
      const grants = sets.get(idOf(row.PermissionSetId));
      const user = idOf(row.AssigneeId);
      if (grants !== undefined) held.set(user, [...(held.get(user) ?? []), grants]);
    }
    const fields = await offered(
      'User',
      ['Name', 'Email', 'Username', 'IsActive', 'UserType', 'ProfileId', 'UserRoleId', 'LastLoginDate', 'CreatedDate'],
      signal,
    );
    const users = await rowsOf('User', fields, signal);
    return users.map((row) => {
      const userId = idOf(row.Id);
      const profile = profiles.get(idOf(row.ProfileId));
      const grants = [...(profile === undefined ? [] : [profile]), ...(held.get(userId) ?? [])];
      const names = grants.filter(({ isShown }) => isShown).map(({ name }) => name);
      const role = roles.get(idOf(row.UserRoleId));
      return {
        kind: 'user',
        auditId: userId,
        content: {
          name: textOf(row.Name),
          email: textOf(row.Email),
          username: textOf(row.Username),
          active: row.IsActive === true,
          userType: textOf(row.UserType),
          roles: [...new Set([...names, ...(role === undefined ? [] : [role])])].filter((name) => name !== '').sort(),
          powers: [...new Set(grants.flatMap((one) => one.powers))].sort(),
          lastLoginAtMs: msOf(row.LastLoginDate),
          createdAtMs: msOf(row.CreatedDate),
        },
      };
    });
  }

  async function readApps(signal: AbortSignal): Promise<AuditRecord[]> {
    const apps = new Map<string, { auditId: string; tokens: SalesforceRow[]; createdAtMs: number | null }>();
    for (const row of await rowsOf('ConnectedApplication', ['Name', 'CreatedDate'], signal)) {
      apps.set(textOf(row.Name), { auditId: idOf(row.Id), tokens: [], createdAtMs: msOf(row.CreatedDate) });
    }
    const registered = new Set(apps.keys());
    const tokenFields = ['AppName', 'UserId', 'UseCount', 'LastUsedDate', 'CreatedDate'];
    for (const row of await rowsOf('OauthToken', tokenFields, signal)) {
      const name = textOf(row.AppName);
      const app = apps.get(name) ?? { auditId: nameId(name), tokens: [], createdAtMs: null };
      app.tokens.push(row);
      apps.set(name, app);
    }
    return [...apps].map(([name, { auditId, tokens, createdAtMs }]) => {
      const used = tokens.map((row) => msOf(row.LastUsedDate)).filter((ms) => ms !== null);
      const granted = tokens.map((row) => msOf(row.CreatedDate)).filter((ms) => ms !== null);
      return {
        kind: 'app',
        auditId,
        content: {
          name,
          appKind: registered.has(name) ? 'connected-app' : 'oauth-app',
          userIds: [...new Set(tokens.map((row) => idOf(row.UserId)))].sort(),
          useCount: tokens.reduce((sum, row) => sum + numberOf(row.UseCount), 0),
          lastUsedAtMs: used.length === 0 ? null : Math.max(...used),
          createdAtMs: createdAtMs ?? (granted.length === 0 ? null : Math.min(...granted)),
        },
      };
    });
  }

  /** Rows of a log in the order of their time, from where the last reading ended. */
  async function readLog(
    log: {
      readonly object: string;
      readonly timeField: string;
      readonly fields: readonly string[];
      readonly keptMs: number;
      readonly recordOf: (row: SalesforceRow, atMs: number) => AuditRecord;
    },
    position: Position | null,
    signal: AbortSignal,
  ): Promise<AuditPage> {
    const { object, timeField } = log;
    const fromMs = typeof position?.fromMs === 'number' ? position.fromMs : options.now() - log.keptMs;
    const { rows } = await query(
      `SELECT Id,${timeField},${log.fields.join(',')} FROM ${object} WHERE ${timeField} >= ${instantLiteral(fromMs)}` +
        ` ORDER BY ${timeField},Id LIMIT ${rowsPerQuery}`,
      signal,
    );
    const records: AuditRecord[] = [];
    let newestMs = fromMs;
    for (const row of rows as SalesforceRow[]) {
      const atMs = msOf(row[timeField]);
      if (atMs === null || !isSalesforceId(row.Id)) continue;
      newestMs = Math.max(newestMs, atMs);
      records.push(log.recordOf(row, atMs));
    }
    const more = rows.length >= rowsPerQuery;
    // A page of one moment would come again for ever: the next one begins a second later.
    const nextMs = more ? (newestMs === fromMs ? fromMs + 1_000 : newestMs) : Math.max(fromMs, newestMs - overlapMs);
    return { records, next: { fromMs: nextMs }, more };
  }

  async function readApiUsage(signal: AbortSignal): Promise<AuditRecord[]> {
    const since = instantLiteral(Math.floor(options.now() / dayMs) * dayMs - logDays * dayMs);
    const { rows } = await query(
      `SELECT Id,LogDate,Interval,LogFileLength FROM EventLogFile WHERE EventType = 'ApiTotalUsage' AND LogDate >= ${since} ORDER BY LogDate LIMIT ${rowsPerQuery}`,
      signal,
    );
    const files = Map.groupBy(rows as SalesforceRow[], (row) => (textOf(row.LogDate) || '').slice(0, 10));
    const limits = (await options.get('/limits', signal)) as { DailyApiRequests?: { Max?: unknown } } | null;
    const dailyLimit = numberOf(limits?.DailyApiRequests?.Max);
    const records: AuditRecord[] = [];
    for (const [day, ofDay] of files) {
      // A day has a file of its own, one for each hour, or both: then the hours are in the day.
      const daily = ofDay.filter((row) => row.Interval === 'Daily');
      const totals = new Map<string, { appId: string; appName: string; calls: number }>();
      for (const row of daily.length > 0 ? daily : ofDay) {
        const csv = await options.getText(`/sobjects/EventLogFile/${idOf(row.Id)}/LogFile`, signal);
        for (const { appId, appName, calls } of callsOfLog(csv)) {
          const key = appId === '' ? nameId(appName) : idOf(appId);
          const known = totals.get(key) ?? { appId: appId === '' ? '' : key, appName, calls: 0 };
          totals.set(key, { ...known, calls: known.calls + calls });
        }
      }
      for (const [key, { appId, appName, calls }] of totals) {
        const content = { day, appId, appName, calls, dailyLimit };
        records.push({ kind: 'api-usage', auditId: `${day}-${key}`, content });
      }
    }
    return records;
  }

  const whole = async (records: Promise<AuditRecord[]>): Promise<AuditPage> => ({
    records: await records,
    next: null,
    more: false,
  });

  return {
    sources: [
      {
        name: 'log-ins',
        kind: 'login',
        isWhole: false,
        read: (position, signal) =>
          readLog(
            {
              object: 'LoginHistory',
              timeField: 'LoginTime',
              fields: ['UserId', 'Application', 'SourceIp', 'Status'],
              keptMs: loginsKeptMs,
              recordOf: (row, atMs) => ({
                kind: 'login',
                auditId: idOf(row.Id),
                content: {
                  userId: idOf(row.UserId),
                  atMs,
                  application: textOf(row.Application),
                  sourceIp: textOf(row.SourceIp),
                  succeeded: row.Status === 'Success',
                  status: textOf(row.Status),
                },
              }),
            },
            position,
            signal,
          ),
      },
      { name: 'users', kind: 'user', isWhole: true, read: (_, signal) => whole(readUsers(signal)) },
      { name: 'apps', kind: 'app', isWhole: true, read: (_, signal) => whole(readApps(signal)) },
      { name: 'api-usage', kind: 'api-usage', isWhole: false, read: (_, signal) => whole(readApiUsage(signal)) },
      {
        name: 'setup-changes',
        kind: 'setup-change',
        isWhole: false,
        read: (position, signal) =>
          readLog(
            {
              object: 'SetupAuditTrail',
              timeField: 'CreatedDate',
              fields: ['Action', 'Section', 'Display', 'CreatedById'],
              keptMs: changesKeptMs,
              recordOf: (row, atMs) => ({
                kind: 'setup-change',
                auditId: idOf(row.Id),
                content: {
                  atMs,
                  userId: idOf(row.CreatedById),
                  action: textOf(row.Action),
                  section: textOf(row.Section),
                  display: textOf(row.Display),
                },
              }),
            },
            position,
            signal,
          ),
      },
    ],
  };
}

function callsOfLog(csv: string): ReturnType<typeof callsByApp> {
  try {
    return callsByApp(csv);
  } catch (error) {
    throw new CrmError({
      kind: 'malformed',
      code: 'malformed-log',
      message: 'Salesforce sent an event log file that is no CSV of calls.',
      cause: error,
    });
  }
}
