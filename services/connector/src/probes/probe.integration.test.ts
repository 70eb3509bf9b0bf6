import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { ProbeOutcome, topics } from '@kempt/contracts';
import type { Fault } from '@kempt/crm-simulators';
import { type Database, startTestDatabase, type TestDatabase } from '@kempt/postgres';
import type { ConnectorConfig } from '../config.ts';
import {
  buildTestConnector,
  clearSchedule,
  connected,
  createConnectorSchema,
  eventually,
  outboxEvents,
  type RunningConnector,
} from '../connector-test-bed.ts';
import { hubspotConnection, type SimulatedCrms, salesforceConnection, startCrms } from '../crm-test-bed.ts';

let server: TestDatabase;
let database: Database;
let crms: SimulatedCrms;
let running: RunningConnector[] = [];
let tenant = 0;
let tenantId = '';

beforeAll(async () => {
  server = await startTestDatabase();
  database = await createConnectorSchema(server);
});

afterAll(async () => {
  await database.close();
  await server.stop();
});

beforeEach(async () => {
  tenant += 1;
  tenantId = `t${tenant}`;
  crms = await startCrms();
});

afterEach(async () => {
  for (const connector of running) await connector.stop();
  running = [];
  await clearSchedule(database);
  await crms.stop();
});

const intervalMs = 100;

async function start(settings: Partial<ConnectorConfig['connector']> = {}): Promise<RunningConnector> {
  const connector = await buildTestConnector({
    database,
    connections: [
      { ...salesforceConnection(crms, ['Contact']), tenant: tenantId },
      { ...hubspotConnection(crms, ['contacts']), tenant: tenantId },
    ],
    settings: { probeIntervalMs: intervalMs, probeTimeoutMs: 300, scheduleMs: 20, crmTimeoutMs: 300, ...settings },
  });
  running.push(connector);
  await connector.start();
  return connector;
}

async function probes(system: 'salesforce' | 'hubspot') {
  const events = await outboxEvents(database, tenantId);
  return events.flatMap((event) => {
    if (event.topic !== topics.crmProbed) return [];
    const data = event.data as unknown as {
      system: string;
      outcome: ProbeOutcome;
      latencyMs: number;
      callsRemaining: bigint;
      callsAllowed: bigint;
      reason: string;
    };
    return data.system === system ? [{ ...data, sequence: event.sequence, at: event.time.getTime() }] : [];
  });
}

/** Waits for a probe after all that there are now which holds this. */
async function nextProbe(
  system: 'salesforce' | 'hubspot',
  holds: (probe: Awaited<ReturnType<typeof probes>>[number]) => boolean,
) {
  const before = (await probes(system)).length;
  return await eventually(`a probe of ${system}`, async () => (await probes(system)).slice(before).find(holds));
}

const isUp = ({ outcome }: { outcome: ProbeOutcome }) => outcome === ProbeOutcome.UP;
const isDown = ({ outcome }: { outcome: ProbeOutcome }) => outcome === ProbeOutcome.DOWN;

test('every account is probed at its interval, and each probe is told with its number, time, latency and allowance', async () => {
  const connector = await start();
  for (const system of ['salesforce', 'hubspot'] as const) {
    const told = await eventually('six probes', async () => {
      const found = await probes(system);
      return found.length >= 6 && found;
    });
    expect(told.map(({ sequence }) => sequence)).toEqual(told.map((_, index) => index + 1));
    expect(told.every(isUp)).toBe(true);
    expect(told[0]).toMatchObject({ intervalMs, reason: '' });
    expect(Number(told[0]?.callsAllowed)).toBeGreaterThan(10_000);
    expect(Number(told.at(-1)?.callsRemaining)).toBeGreaterThan(10_000);
    const gaps = told.slice(1).map(({ at }, index) => at - (told[index]?.at ?? 0));
    expect(Math.min(...gaps)).toBeGreaterThan(intervalMs / 4);
  }
  const metrics = await connector.metrics.registry.metrics();
  for (const system of ['salesforce', 'hubspot']) {
    expect(metrics).toMatch(new RegExp(`kempt_crm_accounts{system="${system}",outcome="up"[^}]*} 1`));
    expect(metrics).toMatch(new RegExp(`kempt_crm_quota_allowed_calls{system="${system}"[^}]*} \\d{5,}`));
    expect(metrics).toMatch(new RegExp(`kempt_crm_quota_remaining_ratio{system="${system}"[^}]*} (0\\.9|1)`));
  }
  expect(metrics).toMatch(/kempt_crm_probe_duration_seconds_count{[^}]*system="salesforce"[^}]*} [1-9]/);
});

test('a probe of Salesforce costs no call of the day, except now and then for the allowance', async () => {
  await start({ pollIntervalMs: 60_000 });
  await eventually('the first probes', async () => (await probes('salesforce')).length >= 3);
  const used = crms.salesforce.apiUsage().used;
  const before = (await probes('salesforce')).length;
  await eventually('more probes', async () => (await probes('salesforce')).length >= before + 5);
  expect(crms.salesforce.apiUsage().used).toBe(used);
});

test('an allowance that is used up is no call left and no refusal, and comes back with the first answer', async () => {
  const connector = await start({ allowanceIntervalMs: intervalMs });
  await nextProbe('salesforce', isUp);
  const { limit } = crms.salesforce.apiUsage();
  crms.salesforce.setDailyApiLimit(1);
  const gauges = async (): Promise<string> => await connector.metrics.registry.metrics();
  await eventually('no call left', async () =>
    /kempt_crm_quota_remaining_ratio\{system="salesforce"[^}]*\} 0$/m.test(await gauges()),
  );
  expect(await gauges()).toMatch(/kempt_crm_accounts\{system="salesforce",outcome="up"[^}]*\} 1$/m);
  expect(await gauges()).toMatch(/kempt_crm_accounts\{system="salesforce",outcome="refused"[^}]*\} 0$/m);
  crms.salesforce.setDailyApiLimit(limit);
  await eventually('calls again', async () =>
    /kempt_crm_quota_remaining_ratio\{system="salesforce"[^}]*\} (0\.9|1)/.test(await gauges()),
  );
});

const silences: readonly [string, Fault['effect']][] = [
  ['answers that the service is not available', { kind: 'named', name: 'unavailable' }],
  ['sends an HTML page', { kind: 'reply', status: 200, headers: { 'Content-Type': 'text/html' }, body: '<p>Soon' }],
  ['breaks the connection', { kind: 'disconnect' }],
  ['never answers', { kind: 'stall' }],
];

test.each(silences)('a CRM that %s is down, and up again with the first probe it answers', async (_, effect) => {
  const connector = await start();
  await nextProbe('salesforce', isUp);
  for (const crm of [crms.salesforce, crms.hubspot]) crm.faults.inject({ path: '.', times: -1, effect });
  for (const system of ['salesforce', 'hubspot'] as const) {
    const down = await nextProbe(system, isDown);
    expect(down.latencyMs).toBe(0);
    expect(down.reason).not.toBe('');
  }
  await eventually('the gauge to fall', async () =>
    /kempt_crm_accounts{system="salesforce",outcome="down"[^}]*} 1/.test(await connector.metrics.registry.metrics()),
  );
  // Reading has long given up and pauses; probes do not.
  await eventually('the breaker to open', async () =>
    /kempt_breaker_state{policy="salesforce"[^}]*} [12]/.test(await connector.metrics.registry.metrics()),
  );
  for (const crm of [crms.salesforce, crms.hubspot]) crm.faults.clear();
  for (const system of ['salesforce', 'hubspot'] as const) {
    const after = (await probes(system)).length;
    const [, second] = await eventually('two probes', async () => {
      const later = (await probes(system)).slice(after);
      return later.length >= 2 && later;
    });
    expect(second?.outcome).toBe(ProbeOutcome.UP);
  }
  const { body } = await connector.request<{ items: { outcome: string; reason?: string }[] }>('GET', '/v1/crm-status', {
    tenantId,
  });
  expect(body.items.map(({ outcome, reason }) => [outcome, reason])).toEqual([
    ['up', undefined],
    ['up', undefined],
  ]);
});

test('a CRM that is not there at all is down', async () => {
  await start();
  await nextProbe('hubspot', isUp);
  await crms.hubspot.stop();
  const down = await nextProbe('hubspot', isDown);
  expect(down.reason).toMatch(/cannot be reached: the connection was (refused|broken)/);
});

test('a CRM that refuses the credentials is up, and says so', async () => {
  const connector = await start();
  await nextProbe('hubspot', isUp);
  crms.hubspot.faults.inject({ path: '.', times: -1, effect: { kind: 'named', name: 'invalid-token' } });
  const refused = await nextProbe('hubspot', ({ outcome }) => outcome === ProbeOutcome.REFUSED);
  expect(refused.reason).toContain('access token');
  expect(await connector.metrics.registry.metrics()).toMatch(
    /kempt_crm_accounts{system="hubspot",outcome="refused"[^}]*} 1/,
  );
});

test('several instances make one probe together, and one goes on when the other ends', async () => {
  const [first] = [await start({ probeIntervalMs: 300 }), await start({ probeIntervalMs: 300 })];
  await connected(first, tenantId);
  const told = await eventually('some probes', async () => {
    const found = await probes('hubspot');
    return found.length >= 5 && found;
  });
  expect(told.map(({ sequence }) => sequence)).toEqual(told.map((_, index) => index + 1));
  // Two that each probed for themselves would leave 150 ms between probes. A single gap says nothing: a probe may come late.
  const meanGapMs = ((told.at(-1)?.at ?? 0) - (told[0]?.at ?? 0)) / (told.length - 1);
  expect(meanGapMs).toBeGreaterThan(200);
  running = running.filter((connector) => connector !== first);
  await first.stop();
  await nextProbe('hubspot', isUp);
});

test('what was not probed because nobody was there, or the connection was paused, is missing and not down', async () => {
  const connector = await start();
  await connected(connector, tenantId);
  await nextProbe('hubspot', isUp);
  const { body } = await connector.request<{ items: { id: string; system: string }[] }>('GET', '/v1/connections', {
    tenantId,
  });
  const id = body.items.find(({ system }) => system === 'hubspot')?.id ?? '';
  await connector.request('POST', `/v1/connections/${id}/pause`, { tenantId });
  const paused = (await probes('hubspot')).length;
  await nextProbe('salesforce', isUp);
  await nextProbe('salesforce', isUp);
  // One may have been under way when it was paused.
  expect((await probes('hubspot')).length).toBeLessThanOrEqual(paused + 1);
  await connector.request('POST', `/v1/connections/${id}/resume`, { tenantId });
  await nextProbe('hubspot', isUp);
  await connector.stop();
  const before = await probes('hubspot');
  running = [];
  await start();
  await nextProbe('hubspot', isUp);
  const all = await probes('hubspot');
  expect(all.every(isUp)).toBe(true);
  expect(all.map(({ sequence }) => sequence)).toEqual(all.map((_, index) => index + 1));
  expect(all.length).toBeGreaterThan(before.length);
});
