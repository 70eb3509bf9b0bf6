import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ChangeOrigin, type RecordChanged, topics } from '@kempt/contracts';
import { type Database, startTestDatabase, type TestDatabase } from '@kempt/postgres';
import {
  buildTestConnector,
  connected,
  createConnectorSchema,
  outboxEvents,
  type RunningConnector,
} from '../connector-test-bed.ts';
import type { CrmWriter } from '../crm/crm-writer.ts';
import { hubspotConnection, type SimulatedCrms, salesforceConnection, startCrms } from '../crm-test-bed.ts';
import type { AccountWriters } from './account-writers.ts';
import { changeSteps, unlockAll } from './change-test-bed.ts';

let server: TestDatabase;
let database: Database;
let crms: SimulatedCrms;

beforeAll(async () => {
  server = await startTestDatabase();
  database = await createConnectorSchema(server);
  crms = await startCrms({ hubspot: { searchLagMs: 100 } });
});

afterAll(async () => {
  await crms.stop();
  await database.close();
  await server.stop();
});

const writing = ['update', 'create', 'merge', 'undelete', 'setLink', 'removeLink'] as const;

/** Lets a connector die around its nth write: before the CRM is asked, or after it has done it. */
function dyingWriters(plan: {
  readonly dieAt: number;
  readonly when: 'before' | 'after';
  readonly onDeath: () => void;
}) {
  let writes = 0;
  const dying = (writer: CrmWriter): CrmWriter => {
    const wrapped: Record<string, unknown> = { ...writer };
    for (const name of writing) {
      const real = writer[name] as (...given: unknown[]) => Promise<unknown>;
      wrapped[name] = async (...given: unknown[]) => {
        writes += 1;
        if (writes !== plan.dieAt) return await real(...given);
        if (plan.when === 'after') await real(...given);
        plan.onDeath();
        const signal = given.find((one) => one instanceof AbortSignal) as AbortSignal;
        // A process that died answers nothing: the call hangs until the connector is taken down.
        return await new Promise((_, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
        });
      };
    }
    return wrapped as unknown as CrmWriter;
  };
  return {
    writes: () => writes,
    writers: (real: AccountWriters): AccountWriters => ({
      async of(tenantId, account) {
        const one = await real.of(tenantId, account);
        return { ...one, writer: dying(one.writer) };
      },
    }),
  };
}

function build(tenant: string, writers?: (real: AccountWriters) => AccountWriters): Promise<RunningConnector> {
  return buildTestConnector({
    database,
    connections: [
      { ...salesforceConnection(crms, ['Contact']), tenant },
      { ...hubspotConnection(crms, ['contacts']), tenant },
    ],
    settings: { crmTimeoutMs: 1_000, overlapMs: 200, pollIntervalMs: 60_000 },
    ...(writers === undefined ? {} : { seams: { writers } }),
  });
}

interface Population {
  readonly operations: readonly unknown[];
  readonly ids: { readonly salesforce: readonly string[]; readonly hubspot: readonly string[] };
}

/** Two records to update, a merge in each CRM, with children and associations. */
async function populate(connector: RunningConnector, tenantId: string, at: string): Promise<Population> {
  const { body } = await connector.request<{ items: { account: string }[] }>('GET', '/v1/connections', { tenantId });
  const [hs = '', sf = ''] = body.items.map(({ account }) => account).sort();
  const { records } = crms.salesforce;
  const single = records.create('Contact', { LastName: 'Single', Phone: '1' });
  const master = records.create('Contact', { LastName: 'Master', Email: `m${at}@example.com` });
  const loser = records.create('Contact', { LastName: 'Loser', Phone: '7', Email: `l${at}@example.com` });
  const task = records.create('Task', { Subject: 'Call', WhoId: loser });
  const company = crms.hubspot.records.create('companies', { name: `Acme ${at}` });
  const primary = crms.hubspot.records.create('contacts', { lastname: 'Master', email: `m${at}@example.com` });
  const other = crms.hubspot.records.create('contacts', { lastname: 'Loser', phone: '7', email: `l${at}@example.com` });
  crms.hubspot.records.associate('contacts', other, { object: 'companies', id: company });
  return {
    operations: [
      { kind: 'update', record: `${sf}:Contact:${single}`, fields: { Phone: '2' } },
      { kind: 'merge', master: `${sf}:Contact:${master}`, losers: [`${sf}:Contact:${loser}`], fields: { Phone: '7' } },
      {
        kind: 'merge',
        master: `${hs}:contacts:${primary}`,
        losers: [`${hs}:contacts:${other}`],
        fields: { phone: '7' },
      },
    ],
    ids: { salesforce: [single, master, loser, task], hubspot: [primary, other, company] },
  };
}

const apiWrites = (crm: 'salesforce' | 'hubspot', after: number): string[] =>
  crms[crm].writeLog.entries({ by: 'api', after }).map(({ action, object }) => `${action} ${object}`);

/** Applies and undoes, while the connector dies around its nth write and another takes over. */
async function applyAndUndo(tenantId: string, death: { readonly dieAt: number; readonly when: 'before' | 'after' }) {
  let died: () => void = () => undefined;
  const isDead = new Promise<void>((resolve) => {
    died = resolve;
  });
  const dying = dyingWriters({ ...death, onDeath: () => died() });
  const first = await build(tenantId, dying.writers);
  let alive = first;
  const restarted: RunningConnector[] = [first];
  const restart = isDead.then(async () => {
    await first.stop();
    alive = await build(tenantId);
    restarted.push(alive);
    await alive.start();
  });
  try {
    await first.start();
    await connected(first, tenantId);
    await unlockAll(first, tenantId);
    const { operations, ids } = await populate(first, tenantId, tenantId);
    const places = { salesforce: lastWrite('salesforce'), hubspot: lastWrite('hubspot') };
    const request: RunningConnector = { ...first, request: (...given) => alive.request(...given) };
    const steps = changeSteps(request, tenantId);
    const applied = await steps.applied(operations, 40_000);
    const undone = await steps.undone(applied.id, 40_000);
    const last = await steps.operations(applied.id);
    if (death.dieAt <= dying.writes() && death.dieAt > 0) await restart;
    return {
      ids: [...ids.salesforce, ...ids.hubspot],
      writes: dying.writes(),
      states: [applied.state, undone.state],
      reasons: last.map(({ reason }) => reason),
      log: { salesforce: apiWrites('salesforce', places.salesforce), hubspot: apiWrites('hubspot', places.hubspot) },
    };
  } finally {
    for (const connector of restarted) await connector.stop().catch(() => undefined);
  }
}

const lastWrite = (crm: 'salesforce' | 'hubspot'): number => crms[crm].writeLog.entries({}).at(-1)?.sequence ?? 0;

test('a connector that dies around any write is taken over from without a write too many or too few', async () => {
  const whole = await applyAndUndo('whole', { dieAt: 0, when: 'before' });
  expect(whole).toMatchObject({ states: ['applied', 'undone'], reasons: [undefined, undefined, undefined] });
  expect(whole.log.hubspot.filter((write) => write === 'create contacts')).toHaveLength(1);
  // Nobody looked for changes meanwhile: everything that is told of these records was read back after a write of ours.
  const origins = (await outboxEvents(database, 'whole'))
    .filter(({ topic, key }) => topic === topics.recordChanged && whole.ids.some((id) => key.endsWith(`:${id}`)))
    .map(({ data }) => (data as RecordChanged).origin);
  expect(new Set(origins)).toEqual(new Set([ChangeOrigin.CHANGE_SET]));
  for (let dieAt = 1; dieAt <= whole.writes; dieAt += 1) {
    // After every write, and before some: what was not sent yet is the easier case.
    for (const when of dieAt % 3 === 0 ? (['before', 'after'] as const) : (['after'] as const)) {
      const { states, log, reasons } = await applyAndUndo(`${when}${dieAt}`, { dieAt, when });
      expect({ dieAt, when, states, log, reasons }).toEqual({
        dieAt,
        when,
        states: whole.states,
        log: whole.log,
        reasons: whole.reasons,
      });
    }
  }
}, 300_000);
