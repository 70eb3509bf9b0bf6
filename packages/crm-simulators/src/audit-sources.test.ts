import { Client } from '@hubspot/api-client';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Connection } from 'jsforce';
import { type HubSpotSimulator, hubSpotScopes, startHubSpotSimulator } from './hubspot/hubspot-simulator.ts';
import { createDefaultLoad } from './population/default-load.ts';
import { type SalesforceSimulator, startSalesforceSimulator } from './salesforce/salesforce-simulator.ts';
import { adminPermissions, auditTruth } from './truth/truth.ts';

// The client reads these once, when it is loaded, and then sends everything through the proxy.
for (const name of ['http_proxy', 'https_proxy', 'HTTP_PROXY', 'HTTPS_PROXY', 'all_proxy', 'ALL_PROXY'])
  delete process.env[name];
const { default: jsforce } = await import('jsforce');

const dayMs = 86_400_000;
const options = { sizes: { contacts: 600, companies: 200, deals: 200, activities: 100 }, realData: false };
const loads = createDefaultLoad(options);
const truth = auditTruth(options);
let salesforce: SalesforceSimulator;
let hubspot: HubSpotSimulator;
let connection: Connection;
let client: Client;

beforeAll(async () => {
  salesforce = await startSalesforceSimulator({ load: loads.salesforce });
  hubspot = await startHubSpotSimulator({ load: loads.hubspot, limits: { tenSecondly: 100_000 } });
  const { clientId, clientSecret } = salesforce.credentials;
  connection = new jsforce.Connection({
    loginUrl: salesforce.url,
    instanceUrl: salesforce.url,
    version: '62.0',
    oauth2: { clientId, clientSecret, loginUrl: salesforce.url },
  });
  await connection.authorize({ grant_type: 'client_credentials' });
  client = new Client({ accessToken: hubspot.credentials.privateAppToken, basePath: hubspot.url });
});

afterAll(() => Promise.all([salesforce.stop(), hubspot.stop()]));

async function query<T = Record<string, string>>(soql: string): Promise<T[]> {
  const { records } = await connection.query(soql, { autoFetch: true, maxFetch: 10_000 });
  return records as unknown as T[];
}

/** Everything behind a paged address of the portal. */
async function everything<T>(path: string): Promise<T[]> {
  const found: T[] = [];
  for (let after = ''; ; ) {
    const address = `${path}${path.includes('?') ? '&' : '?'}limit=50${after === '' ? '' : `&after=${after}`}`;
    const response = await client.apiRequest({ method: 'GET', path: address });
    const page = (await response.json()) as { results: T[]; paging?: { next: { after: string } } };
    found.push(...page.results);
    if (page.paging === undefined) return found;
    after = page.paging.next.after;
  }
}

const daysBefore = (time: string | null, reference: Date): number | null =>
  time === null ? null : Math.floor((reference.getTime() - Date.parse(time)) / dayMs);

describe('an org', () => {
  test('shows by its users when they last came and what they may do, as the truth has it', async () => {
    const users = await query<{ Id: string; IsActive: boolean; LastLoginDate: string | null }>(
      'SELECT Id, IsActive, LastLoginDate FROM User',
    );
    const permissions = adminPermissions.map((name) => `PermissionSet.Permissions${name}`);
    const assignments = await query<{ AssigneeId: string; PermissionSet: Record<string, boolean> }>(
      `SELECT AssigneeId, ${permissions.join(', ')} FROM PermissionSetAssignment`,
    );
    for (const user of truth.users.filter(({ account }) => account.startsWith('sf:'))) {
      const shown = users.find(({ Id }) => Id === user.userId);
      const held = adminPermissions.filter((name) =>
        assignments.some(
          (each) => each.AssigneeId === user.userId && each.PermissionSet[`Permissions${name}`] === true,
        ),
      );
      expect([
        user.userId,
        shown?.IsActive,
        daysBefore(shown?.LastLoginDate ?? null, salesforce.referenceTime),
        held,
      ]).toEqual([
        user.userId,
        user.isActive,
        user.lastLoginDaysAgo,
        adminPermissions.filter((name) => user.adminPermissions.includes(name)),
      ]);
    }
    expect(truth.users.filter((user) => user.account.startsWith('sf:')).length).toBe(users.length - 1);
  });

  test('shows by its tokens and its event log which apps are used, with rows for real calls the day after', async () => {
    const tokens = await query<{ AppName: string; UserId: string; LastUsedDate: string }>(
      'SELECT AppName, UserId, UseCount, LastUsedDate FROM OauthToken',
    );
    const expected = truth.integrations.filter(({ account, kind }) => account.startsWith('sf:') && kind === 'app');
    expect(
      tokens.map(({ AppName, UserId, LastUsedDate }) => [
        AppName,
        UserId,
        daysBefore(LastUsedDate, salesforce.referenceTime),
      ]),
    ).toEqual(expected.map(({ name, userId, lastUsedDaysAgo }) => [name, userId, lastUsedDaysAgo]));
    expect((await query('SELECT Name FROM ConnectedApplication')).map(({ Name }) => Name)).toEqual(
      expected.map(({ name }) => name),
    );
    salesforce.advanceClock(dayMs);
    await connection.authorize({ grant_type: 'client_credentials' });
    const files = await query("SELECT Id, LogDate, LogFile FROM EventLogFile WHERE EventType = 'ApiTotalUsage'");
    expect(files).toHaveLength(1);
    const csv = (await connection.request(String(files[0]?.LogFile))) as unknown;
    // The client takes the text of a CSV answer apart.
    const rows = csv as Record<string, string>[];
    const callsOf = (name: string) => rows.filter((row) => row.CLIENT_NAME === name).length;
    for (const { name, callsPerDay } of truth.integrations.filter(({ account }) => account.startsWith('sf:'))) {
      expect([name, callsOf(name)]).toEqual([name, callsPerDay]);
    }
    expect(callsOf('Kempt Connector')).toBeGreaterThan(3);
    expect(rows.find((row) => row.CLIENT_NAME === 'python-report')).toMatchObject({ CONNECTED_APP_ID: '' });
  });

  test('shows logins and setup changes of the last half year', async () => {
    const changes = await query<{ Action: string; Display: string; CreatedDate: string; CreatedById: string }>(
      'SELECT Action, Section, Display, CreatedDate, CreatedById FROM SetupAuditTrail ORDER BY CreatedDate',
    );
    const expected = truth.setupChanges.filter(({ account }) => account.startsWith('sf:'));
    expect(
      changes.map((each) => [
        each.Action,
        each.Display,
        each.CreatedById,
        daysBefore(each.CreatedDate, salesforce.referenceTime),
      ]),
    ).toEqual(expected.map((each) => [each.action, each.display, each.userId, each.daysAgo]));
    const logins = await query<{ UserId: string; LoginTime: string; Status: string }>(
      "SELECT UserId, LoginTime, Status FROM LoginHistory WHERE LoginType = 'Application' ORDER BY LoginTime DESC",
    );
    for (const user of truth.users.filter(
      (each) => each.account.startsWith('sf:') && (each.lastLoginDaysAgo ?? 999) < 180,
    )) {
      const last = logins.find((login) => login.UserId === user.userId && login.Status === 'Success');
      expect(daysBefore(last?.LoginTime ?? null, salesforce.referenceTime)).toBe(user.lastLoginDaysAgo);
    }
  });

  test('answers for its cases and the stages of its deals; a case that is closed gets its time', async () => {
    const [count] = await query<{ expr0: number }>(
      'SELECT COUNT(Id) FROM Case WHERE IsClosed = true AND ClosedDate = null',
    );
    expect(count?.expr0).toBe(0);
    expect((await connection.query('SELECT COUNT() FROM Case')).totalSize).toBe(90);
    const [open] = await query("SELECT Id FROM Case WHERE Status != 'Closed' LIMIT 1");
    await connection.sobject('Case').update({ Id: String(open?.Id), Status: 'Closed' });
    const [closed] = await query(`SELECT ClosedDate FROM Case WHERE Id = '${open?.Id}'`);
    expect(Date.parse(String(closed?.ClosedDate))).toBeGreaterThan(salesforce.clock.now() - 60_000);
    const [deal] = await query("SELECT Id FROM Opportunity WHERE StageName = 'Prospecting' LIMIT 1");
    await connection.sobject('Opportunity').update({ Id: String(deal?.Id), StageName: 'Qualification' });
    const history = await query(
      `SELECT Field, OldValue, NewValue FROM OpportunityFieldHistory WHERE OpportunityId = '${deal?.Id}'`,
    );
    expect(history).toMatchObject([{ Field: 'StageName', OldValue: 'Prospecting', NewValue: 'Qualification' }]);
    const reached = await query("SELECT Id FROM OpportunityFieldHistory WHERE NewValue = 'Closed Won'");
    expect((await connection.query("SELECT COUNT() FROM Opportunity WHERE StageName = 'Closed Won'")).totalSize).toBe(
      reached.length,
    );
  });
});

describe('a portal', () => {
  test('shows its users, their roles and when they last came, as the truth has it', async () => {
    const users = await everything<{ id: string; superAdmin: boolean; roleId: string }>('/settings/v3/users/');
    const { results: roles } = (await (
      await client.apiRequest({ method: 'GET', path: '/settings/v3/users/roles' })
    ).json()) as { results: { id: string }[] };
    const logins = await everything<{ userId: number; loginAt: string; loginSucceeded: boolean }>(
      '/account-info/v3/activity/login',
    );
    const expected = truth.users.filter(({ account, isActive }) => account.startsWith('hs:') && isActive);
    expect(users.map(({ id, superAdmin }) => [id, superAdmin])).toEqual(
      expected.map(({ userId, adminPermissions: held }) => [userId, held.includes('SuperAdmin')]),
    );
    expect(users.every(({ roleId }) => roles.some(({ id }) => id === roleId))).toBe(true);
    for (const user of expected.filter((each) => (each.lastLoginDaysAgo ?? 0) < 180)) {
      const last = logins.find((login) => String(login.userId) === user.userId && login.loginSucceeded);
      expect(daysBefore(last?.loginAt ?? null, hubspot.referenceTime)).toBe(user.lastLoginDaysAgo);
    }
  });

  test('shows what changed in its security, in a window of time and for one user', async () => {
    const since = new Date(hubspot.referenceTime.getTime() - 30 * dayMs).toISOString();
    const events = await everything<{ type: string; actingUser: { userId: string } }>(
      `/account-info/v3/activity/security?fromTimestamp=${since}`,
    );
    const recent = truth.setupChanges.filter(({ account, daysAgo }) => account.startsWith('hs:') && daysAgo < 30);
    expect(events.map((each) => [each.type, each.actingUser.userId])).toEqual(
      recent.reverse().map((each) => [each.action, each.userId]),
    );
    const [event] = events;
    const entries = await everything<{ actingUser: { userId: number } }>(
      `/account-info/v3/activity/audit-logs?actingUserId=${event?.actingUser.userId}&occurredAfter=${since}`,
    );
    expect(entries.length).toBeGreaterThan(0);
    expect(entries.every((entry) => String(entry.actingUser.userId) === event?.actingUser.userId)).toBe(true);
    hubspot.auth.setScopes(['oauth']);
    await expect(everything('/account-info/v3/activity/login')).rejects.toThrow();
    hubspot.auth.setScopes(hubSpotScopes);
  });

  test('gives tickets and the answers to its surveys, which can only be read', async () => {
    const { tickets } = client.crm;
    const page = await tickets.basicApi.getPage(
      100,
      undefined,
      ['closed_date', 'time_to_close', 'hs_pipeline_stage'],
      undefined,
      ['contacts'],
    );
    expect(page.results).toHaveLength(30);
    for (const { properties, createdAt, associations } of page.results) {
      expect(properties.hs_pipeline_stage === '4').toBe(properties.closed_date !== null);
      if (properties.closed_date == null) continue;
      expect(Date.parse(properties.closed_date) - createdAt.getTime()).toBe(Number(properties.time_to_close));
      expect(associations?.contacts?.results.length).toBeGreaterThan(0);
    }
    const path = '/crm/v3/objects/feedback_submissions';
    const answers = await everything<{ properties: Record<string, string> }>(
      `${path}?properties=hs_survey_type,hs_value,hs_response_group,hs_submission_timestamp`,
    );
    expect(answers).toHaveLength(24);
    for (const { properties } of answers.filter((each) => each.properties.hs_survey_type === 'NPS')) {
      const value = Number(properties.hs_value);
      expect(properties.hs_response_group).toBe(value > 8 ? 'PROMOTER' : value > 6 ? 'PASSIVE' : 'DETRACTOR');
    }
    const written = await fetch(hubspot.url + path, {
      method: 'POST',
      headers: { authorization: `Bearer ${hubspot.credentials.privateAppToken}`, 'content-type': 'application/json' },
      body: JSON.stringify({ properties: {} }),
    });
    expect(written.status).toBe(405);
  });

  test('says when a deal entered each stage, and notes it when it moves on', async () => {
    const { basicApi } = client.crm.deals;
    const name = (stage: string) => `hs_v2_date_entered_${stage}`;
    const { results } = await basicApi.getPage(100, undefined, [
      'dealstage',
      ...['closedwon', 'qualifiedtobuy'].map(name),
    ]);
    for (const { properties } of results) {
      expect(properties[name('closedwon')] !== null).toBe(properties.dealstage === 'closedwon');
    }
    const open = results.find((each) => each.properties.dealstage === 'appointmentscheduled');
    await basicApi.update(String(open?.id), { properties: { dealstage: 'closedwon' } });
    const moved = await basicApi.getById(String(open?.id), [name('closedwon'), 'hs_is_closed_won']);
    expect(moved.properties).toMatchObject({
      hs_is_closed_won: 'true',
      [name('closedwon')]: expect.stringContaining('T'),
    });
  });
});

describe('the truth of the default load', () => {
  const full = auditTruth();
  const having = (finding: string) => full.users.filter(({ findings }) => findings.some((each) => each === finding));

  test.each(['never-logged-in', 'dormant', 'over-privileged'])(
    '%s: some users of both CRMs, not most of them',
    (finding) => {
      for (const crm of ['sf:', 'hs:']) {
        const count = having(finding).filter(({ account }) => account.startsWith(crm)).length;
        expect(count).toBeGreaterThanOrEqual(1);
        expect(count).toBeLessThan(8);
      }
    },
  );

  test('has integrations in use, unused ones and ones of unknown owner, and risky changes old and new', () => {
    const { integrations, setupChanges } = full;
    expect(integrations.filter(({ isUnused }) => isUnused).length).toBeGreaterThan(3);
    expect(integrations.filter(({ isUnused }) => !isUnused).length).toBeGreaterThan(3);
    expect(integrations.filter(({ isOwnerUnknown }) => isOwnerUnknown).length).toBe(3);
    const risky = setupChanges.filter(({ isRisky }) => isRisky);
    expect(risky.filter(({ isFinding }) => isFinding).length).toBe(8);
    expect(risky.filter(({ isFinding }) => !isFinding).length).toBe(8);
  });
});
