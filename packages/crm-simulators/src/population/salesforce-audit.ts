import type { Random } from '../random.ts';
import { permissionNames } from '../salesforce/audit-objects.ts';
import type { FieldValue } from '../salesforce/object-definition.ts';
import { formatRecordId } from '../salesforce/record-id.ts';
import type { SalesforceObjectLoad, SeededUsage } from '../salesforce/salesforce-load.ts';
import { agoOf, dayMs, type IntegrationFact, type SetupChangeFact, type UserFact } from './audit-facts.ts';

type Permission = (typeof permissionNames)[number];

export const salesforceProfiles = {
  integration: { id: formatRecordId('00e', 1), name: 'Integration User', permissions: ['ApiEnabled'] },
  standard: { id: formatRecordId('00e', 2), name: 'Standard User', permissions: ['ApiEnabled'] },
  administrator: { id: formatRecordId('00e', 3), name: 'System Administrator', permissions: [...permissionNames] },
} as const satisfies Record<string, { id: string; name: string; permissions: readonly Permission[] }>;

const permissionSets: Readonly<Record<string, readonly Permission[]>> = {
  Data_Fixers: ['ModifyAllData', 'ViewAllData'],
  Reporting_Viewers: ['ViewAllData'],
  User_Administration: ['ManageUsers', 'ViewSetup'],
};

/** The permissions that a user has by profile and permission sets. */
export function permissionsOf(user: UserFact): Permission[] {
  const { administrator, standard } = salesforceProfiles;
  const sets = user.permissionSets.flatMap((name) => permissionSets[name] ?? []);
  return [...new Set<Permission>([...(user.isAdministrator ? administrator : standard).permissions, ...sets])];
}

export interface SalesforceAudit {
  readonly objects: readonly SalesforceObjectLoad[];
  readonly usage: readonly SeededUsage[];
  /** The user whose token an integration uses, by name. */
  readonly ownerOf: ReadonlyMap<string, string>;
}

const flags = (has: readonly Permission[]): boolean[] => permissionNames.map((name) => has.includes(name));
const permissionColumns = permissionNames.map((name) => `Permissions${name}`);

/** Rows in the order of time, numbered from 1: the newest has the highest id. */
function numbered(
  keyPrefix: string,
  rows: readonly { readonly agoMs: number; readonly values: readonly FieldValue[] }[],
) {
  return [...rows]
    .sort((left, right) => right.agoMs - left.agoMs)
    .map(({ agoMs, values }, index) => [formatRecordId(keyPrefix, index + 1), agoMs, ...values]);
}

/** Turns what is true of users, integrations and setup changes into what an org shows of it. */
export function projectSalesforceAudit(facts: {
  readonly random: Random;
  readonly users: readonly { readonly fact: UserFact; readonly id: string }[];
  readonly integrations: readonly IntegrationFact[];
  readonly setupChanges: readonly SetupChangeFact[];
  readonly integrationUserId: string;
}): SalesforceAudit {
  const { random, users, integrations } = facts;
  const profiles = Object.values(salesforceProfiles);
  const idOf = new Map(users.map(({ fact, id }) => [fact, id]));
  const setIds = new Map<string, string>();
  const setRows: FieldValue[][] = [];
  for (const { id, name, permissions } of profiles) {
    const setId = formatRecordId('0PS', setIds.size + 1);
    setIds.set(id, setId);
    setRows.push([setId, `X${id.slice(0, 15)}`, name, true, false, id, ...flags(permissions)]);
  }
  for (const [name, permissions] of Object.entries(permissionSets)) {
    const setId = formatRecordId('0PS', setIds.size + 1);
    setIds.set(name, setId);
    setRows.push([setId, name, name.replaceAll('_', ' '), false, true, null, ...flags(permissions)]);
  }
  const assignments = users.flatMap(({ fact, id }) => {
    const profile = fact.isAdministrator ? salesforceProfiles.administrator : salesforceProfiles.standard;
    return [profile.id, ...fact.permissionSets].map((set) => [setIds.get(set) ?? null, id]);
  });
  assignments.push([setIds.get(salesforceProfiles.integration.id) ?? null, facts.integrationUserId]);

  const active = users.filter(({ fact }) => fact.member.isActive && fact.lastLoginAgoMs !== null);
  const left = users.filter(({ fact }) => !fact.member.isActive);
  const ownerOf = new Map<string, string>();
  for (const integration of integrations) {
    const choices = integration.isOwnerUnknown && left.length > 0 ? left : active.length > 0 ? active : users;
    if (choices.length > 0) ownerOf.set(integration.name, random.pick(choices).id);
  }
  const registered = integrations.filter((integration) => integration.isRegistered);
  const appIds = new Map(registered.map(({ name }, index) => [name, formatRecordId('0H4', index + 2)]));

  const address = () => `203.0.113.${random.integer(2, 250)}`;
  const browserLogin = (userId: string, agoMs: number, status: string) => ({
    agoMs,
    values: [userId, 'Application', address(), 'Browser', 'N/A', null, status, 'Chrome', 'US'] as FieldValue[],
  });
  const logins = users.flatMap(({ fact, id }) => {
    const last = fact.lastLoginAgoMs;
    if (last === null || last > 180 * dayMs) return [];
    const count = random.integer(3, 12);
    const earlier = Array.from({ length: count }, () => last + Math.floor((180 * dayMs - last) * random.next() ** 2));
    return [last, ...earlier.map((ms) => Math.floor(ms / 1000) * 1000)].map((agoMs, place) =>
      browserLogin(id, agoMs, place > 0 && random.chance(0.06) ? 'Invalid Password' : 'Success'),
    );
  });
  const appLogins = registered.flatMap(({ name, lastUsedAgoMs, callsPerDay }) => {
    if (lastUsedAgoMs > 180 * dayMs) return [];
    const days = callsPerDay > 0 ? Array.from({ length: 14 }, (_, day) => day) : [0, 7];
    const times = days.map((day) => lastUsedAgoMs + day * dayMs).filter((agoMs) => agoMs <= 180 * dayMs);
    const owner = ownerOf.get(name) ?? facts.integrationUserId;
    return times.map((agoMs) => ({
      agoMs,
      values: [
        owner,
        'Remote Access 2.0',
        address(),
        name,
        '62.0',
        'REST API',
        'Success',
        'Unknown',
        'US',
      ] as FieldValue[],
    }));
  });

  const objects: SalesforceObjectLoad[] = [
    {
      object: 'PermissionSet',
      fields: ['Id', 'Name', 'Label', 'IsOwnedByProfile', 'IsCustom', 'ProfileId', ...permissionColumns],
      rows: setRows,
    },
    {
      object: 'PermissionSetAssignment',
      fields: ['Id', 'PermissionSetId', 'AssigneeId'],
      rows: assignments.map((row, index) => [formatRecordId('0Pa', index + 1), ...row]),
    },
    {
      object: 'LoginHistory',
      fields: [
        'Id',
        'LoginTime',
        'UserId',
        'LoginType',
        'SourceIp',
        'Application',
        'ApiVersion',
        'ApiType',
        'Status',
        'Browser',
        'CountryIso',
      ],
      relativeTimes: ['LoginTime'],
      rows: numbered('0Ya', [...logins, ...appLogins]),
    },
    {
      object: 'SetupAuditTrail',
      fields: ['Id', 'CreatedDate', 'Action', 'Section', 'Display', 'CreatedById'],
      relativeTimes: ['CreatedDate'],
      rows: numbered(
        '0Ym',
        facts.setupChanges.map(({ agoMs, action, section, display, by }) => ({
          agoMs,
          values: [action, section, display, idOf.get(by) ?? facts.integrationUserId],
        })),
      ),
    },
    {
      object: 'ConnectedApplication',
      fields: ['Id', 'Name', 'CreatedById', 'OptionsAllowAdminApprovedUsersOnly', 'CreatedDate', 'SystemModstamp'],
      relativeTimes: ['CreatedDate', 'SystemModstamp'],
      rows: registered.map(({ name }) => {
        const agoMs = agoOf(random.integer(420, 1500), random);
        return [appIds.get(name) ?? null, name, ownerOf.get(name) ?? null, random.chance(0.5), agoMs, agoMs];
      }),
    },
    {
      object: 'OauthToken',
      fields: ['Id', 'AppName', 'UserId', 'UseCount', 'CreatedDate', 'LastUsedDate'],
      relativeTimes: ['CreatedDate', 'LastUsedDate'],
      rows: registered.map(({ name, lastUsedAgoMs, callsPerDay }, index) => [
        formatRecordId('0CQ', index + 1),
        name,
        ownerOf.get(name) ?? null,
        callsPerDay > 0 ? callsPerDay * 200 : random.integer(20, 900),
        lastUsedAgoMs + agoOf(random.integer(10, 400), random),
        lastUsedAgoMs,
      ]),
    },
  ];
  const usage = integrations
    .filter(({ callsPerDay }) => callsPerDay > 0)
    .map(
      ({ name, callsPerDay, isRegistered }): SeededUsage => ({
        clientName: name,
        appId: appIds.get(name) ?? null,
        appName: isRegistered ? name : null,
        userId: ownerOf.get(name) ?? facts.integrationUserId,
        callsPerDay,
      }),
    );
  return { objects, usage, ownerOf };
}
