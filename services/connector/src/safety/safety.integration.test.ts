import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import {
  create,
  type EventRecord,
  encodeEvent,
  FixProposedSchema,
  FixState,
  fromPlainValue,
  idKey,
  MergeProposedSchema,
  ProposalState,
  parseRecordRef,
  topics,
} from '@kempt/contracts';
import { createFakeEventBus, type FakeEventBus } from '@kempt/event-bus';
import { type Database, startTestDatabase, type TestDatabase } from '@kempt/postgres';
import { v7 as uuidv7 } from 'uuid';
import { createChangeSetStates } from '../changes/change-set-states.ts';
import { type ChangeSteps, changeSteps, type ShownChangeSet, unlockAll } from '../changes/change-test-bed.ts';
import { createProposalConsumers } from '../changes/proposal-consumer.ts';
import {
  buildTestConnector,
  connected,
  createConnectorSchema,
  eventually,
  type RunningConnector,
} from '../connector-test-bed.ts';
import { type SimulatedCrms, salesforceConnection, startCrms } from '../crm-test-bed.ts';
import type { ConnectorMetrics } from '../metrics.ts';

let server: TestDatabase;
let database: Database;
let crms: SimulatedCrms;
let bus: FakeEventBus;
let connector: RunningConnector;
let steps: ChangeSteps;
let connectionId: string;
let account: string;
let contact: string;
/** Called after the CRM carried out an update. */
let onUpdate: () => Promise<void> = async () => undefined;

beforeAll(async () => {
  server = await startTestDatabase();
  database = await createConnectorSchema(server);
  crms = await startCrms();
  bus = createFakeEventBus();
  await bus.ensureTopics([topics.mergeProposed, topics.fixProposed]);
  connector = await buildTestConnector({
    database,
    bus,
    connections: [salesforceConnection(crms, ['Contact'])],
    seams: {
      writers: (real) => ({
        async of(tenantId, name) {
          const one = await real.of(tenantId, name);
          const { writer } = one;
          return {
            ...one,
            writer: {
              ...writer,
              async update(...given) {
                await writer.update(...given);
                await onUpdate();
              },
            },
          };
        },
      }),
    },
  });
  await connector.start();
  await connected(connector);
  steps = changeSteps(connector);
  const { body } = await connector.request<{ items: { id: string; account: string }[] }>('GET', '/v1/connections');
  connectionId = body.items[0]?.id ?? '';
  account = body.items[0]?.account ?? '';
});

afterAll(async () => {
  await connector.stop();
  await bus.close();
  await crms.stop();
  await database.close();
  await server.stop();
});

beforeEach(async () => {
  onUpdate = async () => undefined;
  await unlockAll(connector);
  await put({ readOnly: false, freeze: null });
  await kill(false);
  contact = crms.salesforce.records.create('Contact', { LastName: 'Lee', Phone: '1' });
});

const put = (body: unknown) => connector.request<{ readOnly: boolean }>('PUT', '/v1/safety', { body });
const kill = (pulled: boolean) =>
  connector.request('POST', `/v1/connections/${connectionId}/kill-switch`, { body: { pulled, reason: 'a test' } });
const lock = () => connector.request('POST', `/v1/connections/${connectionId}/lock`, { body: { reason: 'a test' } });
const update = (id = contact, phone = '2') => ({
  kind: 'update',
  record: `${account}:Contact:${id}`,
  fields: { Phone: phone },
});
const phoneOf = (id = contact) => crms.salesforce.records.read('Contact', id)?.Phone;
const writes = () => crms.salesforce.writeLog.entries({ by: 'api', recordId: contact }).length;
const code = (answer: { body: unknown }) => (answer.body as { code?: string }).code;

const switches: [string, () => Promise<unknown>, string][] = [
  ['read-only', () => put({ readOnly: true, freeze: null }), 'read-only'],
  [
    'a change freeze',
    () => put({ readOnly: false, freeze: { until: '2999-01-01T00:00:00Z', reason: 'a test' } }),
    'change-freeze',
  ],
  ['the kill switch', () => kill(true), 'kill-switch'],
  ['the lock', lock, 'connection-locked'],
];

async function off(): Promise<void> {
  await put({ readOnly: false, freeze: null });
  await kill(false);
  await unlockAll(connector);
}

describe.each(switches)('with %s on', (_, on, said) => {
  test('plans are made and say what forbids writing; nothing is approved, applied or undone', async () => {
    await on();
    const { id, planHash, blocks } = await steps.planned([update()]);
    expect(blocks.map((block) => block.code)).toEqual([said]);
    expect(code(await steps.step(id, 'approve', { planHash }))).toBe(said);
    await off();
    await steps.step(id, 'approve', { planHash });
    await on();
    expect(code(await steps.step(id, 'apply', { planHash }))).toBe(said);
    expect(writes()).toBe(0);
    await off();
    await steps.step(id, 'apply', { planHash });
    expect(await steps.settled(id)).toMatchObject({ state: 'applied' });
    await on();
    expect(code(await steps.step(id, 'undo'))).toBe(said);
    expect([writes(), phoneOf()]).toEqual([1, '2']);
  });

  test('an apply that is under way ends before the next write, and so does an undo', async () => {
    const others = [1, 2].map(() => crms.salesforce.records.create('Contact', { LastName: 'Lee', Phone: '1' }));
    onUpdate = async () => void (await on());
    const { id, state, progress } = await steps.applied([update(), ...others.map((one) => update(one))]);
    expect({ state, progress }).toMatchObject({ state: 'partly-applied', progress: { applied: 1, refused: 2 } });
    expect([phoneOf(), ...others.map(phoneOf)]).toEqual(['2', '1', '1']);

    onUpdate = async () => undefined;
    await off();
    const all = await steps.applied(others.map((one) => update(one)));
    onUpdate = async () => void (await on());
    const undone = await steps.undone(all.id);
    expect(undone).toMatchObject({ state: 'partly-undone', progress: { undone: 1 } });
    expect(others.map(phoneOf)).toEqual(['2', '1']);
    onUpdate = async () => undefined;
    await off();
    expect(await steps.undone(all.id)).toMatchObject({ state: 'undone' });
    expect((await steps.undone(id)).state).toBe('undone');
    expect(phoneOf()).toBe('1');
  });
});

describe('nothing is written', () => {
  test('while the setting makes everything read-only, and REST cannot change that', async () => {
    const bound = await buildTestConnector({ database, settings: { readOnly: true } });
    const own = changeSteps(bound);
    await bound.start();
    try {
      expect((await bound.request('PUT', '/v1/safety', { body: { readOnly: false, freeze: null } })).status).toBe(409);
      const { body } = await bound.request<Record<string, unknown>>('GET', '/v1/safety');
      expect(body).toMatchObject({ readOnly: true, readOnlyBySetting: true });
      const { id, planHash } = await own.planned([update()]);
      expect(code(await own.step(id, 'approve', { planHash }))).toBe('read-only');
      expect(code(await own.step(id, 'apply', { planHash }))).toBe('wrong-state');
    } finally {
      await bound.stop();
    }
    expect(writes()).toBe(0);
  });

  test('without a plan, without its hash, without agreement, or for a plan that was made again', async () => {
    const { body: draft } = await steps.draft([update()]);
    const planHash = '0'.repeat(64);
    expect(code(await steps.step(draft.id, 'approve', { planHash }))).toBe('wrong-state');
    expect(code(await steps.step(draft.id, 'apply', { planHash }))).toBe('wrong-state');
    expect(code(await steps.step(draft.id, 'undo'))).toBe('wrong-state');
    await steps.step(draft.id, 'plan');
    const planned = await steps.settled(draft.id);
    expect(code(await steps.step(draft.id, 'approve', { planHash }))).toBe('other-plan');
    expect((await steps.step(draft.id, 'approve', {})).status).toBe(400);
    expect(code(await steps.step(draft.id, 'apply', { planHash: planned.planHash }))).toBe('wrong-state');
    await steps.step(draft.id, 'approve', { planHash: planned.planHash });
    crms.salesforce.records.update('Contact', contact, { Phone: '9' });
    await steps.step(draft.id, 'plan');
    const again = await steps.settled(draft.id);
    expect(again.planHash).not.toBe(planned.planHash);
    expect(again.state).toBe('planned');
    expect(code(await steps.step(draft.id, 'apply', { planHash: planned.planHash }))).toBe('wrong-state');
    expect(writes()).toBe(0);
  });

  test('for callers who may only draft, or only approve, or only read', async () => {
    const { id, planHash } = await steps.planned([update()]);
    const drafter = { scopes: ['changes:read', 'changes:write'] };
    expect((await steps.step(id, 'approve', { planHash }, drafter)).status).toBe(403);
    expect((await steps.step(id, 'approve', { planHash }, { scopes: ['changes:approve'] })).status).toBe(200);
    for (const scopes of [drafter.scopes, ['changes:approve'], ['changes:read']]) {
      expect((await steps.step(id, 'apply', { planHash }, { scopes })).status).toBe(403);
      expect((await steps.step(id, 'undo', undefined, { scopes })).status).toBe(403);
    }
    const { status } = await connector.request('PUT', '/v1/safety', {
      body: { readOnly: false, freeze: null },
      scopes: ['safety:read'],
    });
    expect(status).toBe(403);
    expect(writes()).toBe(0);
  });

  test('for a change set that claims to be applying and that nobody approved', async () => {
    const { id } = await steps.planned([update()]);
    await database.transaction('default', async (tx) => {
      await tx.execute("update change_set set state = 'applying', task = 'apply' where id = $1", [id]);
      await tx.execute('update change_lease set due_at = now() where change_set_id = $1', [id]);
    });
    expect(await steps.settled(id)).toMatchObject({ state: 'failed', reason: expect.stringContaining('not approved') });
    expect(writes()).toBe(0);
  });

  test('by messages: they make drafts, once, and a withdrawn proposal cancels its own', async () => {
    const states = createChangeSetStates({
      wireFormat: { name: 'protobuf' },
      metrics: { changeSets: { inc: () => undefined } } as unknown as ConnectorMetrics,
      now: Date.now,
    });
    const consumers = createProposalConsumers(states);
    const loser = crms.salesforce.records.create('Contact', { LastName: 'Li' });
    const proposalId = uuidv7();
    const ref = (id: string) => ({
      $typeName: 'kempt.types.v1.RecordRef' as const,
      ...parseRecordRef(`${account}:Contact:${id}`),
    });
    const take = async (state: ProposalState, version: number, losers: string[], phone = '7') => {
      const data = create(MergeProposedSchema, {
        proposalId,
        version,
        state,
        master: ref(contact),
        losers: losers.map(ref),
        choices: [{ field: 'Phone', value: fromPlainValue(phone), policy: 'filled' }],
        reason: 'They are the same.',
      });
      const event = encodeEvent(
        { ...envelope(proposalId, version), topic: topics.mergeProposed, data },
        { name: 'protobuf' },
      );
      await database.transaction('default', (tx) => consumers.merges(tx, [positioned(event)]));
    };
    const list = async (): Promise<readonly ShownChangeSet[]> =>
      (
        await connector.request<{ items: ShownChangeSet[] }>(
          'GET',
          `/v1/change-sets?requestedBy=proposal:${proposalId}`,
        )
      ).body.items;

    await take(ProposalState.OPEN, 1, [loser]);
    await take(ProposalState.OPEN, 1, [loser]);
    expect(await list()).toMatchObject([{ state: 'draft', version: 1, operations: 1 }]);
    await take(ProposalState.OPEN, 2, [loser]);
    expect(await list()).toMatchObject([{ state: 'draft', version: 1 }]);
    await take(ProposalState.OPEN, 3, [loser], '8');
    expect(await list()).toMatchObject([{ state: 'draft', version: 2 }]);
    await take(ProposalState.WITHDRAWN, 4, []);
    expect(await list()).toMatchObject([{ state: 'cancelled' }]);
    await take(ProposalState.OPEN, 5, [loser], '8');
    expect(await list()).toMatchObject([{ state: 'draft' }, { state: 'cancelled' }]);
    const [open] = await list();
    await steps.step(open?.id ?? '', 'cancel');
    await take(ProposalState.OPEN, 6, [loser], '8');
    expect(await list()).toMatchObject([{ state: 'cancelled' }, { state: 'cancelled' }]);

    const fix = create(FixProposedSchema, {
      proposalId: uuidv7(),
      version: 1,
      state: FixState.OPEN,
      standardId: 'phone-e164',
      account,
      object: 'Contact',
      fixes: [{ record: ref(contact), field: 'Phone', before: fromPlainValue('1'), after: fromPlainValue('+1') }],
    });
    const event = encodeEvent(
      { ...envelope(fix.proposalId, 1), topic: topics.fixProposed, data: fix },
      { name: 'protobuf' },
    );
    await bus.publish([event, event]);
    const drafted = await eventually('the draft of a proposal that came over the bus', async () => {
      const { body } = await connector.request<{ items: ShownChangeSet[] }>(
        'GET',
        `/v1/change-sets?requestedBy=proposal:${fix.proposalId}`,
      );
      return body.items.length > 0 && body.items;
    });
    expect(drafted).toMatchObject([{ state: 'draft', version: 1, operations: 1 }]);
    expect(writes()).toBe(0);
  });
});

const envelope = (id: string, version: number) => ({
  id: uuidv7(),
  tenantId: 'default',
  source: '/kempt/test',
  subject: id,
  key: idKey('default', id),
  time: new Date(),
  recordedTime: new Date(),
  sequence: version,
});

const positioned = (record: EventRecord) => ({ ...record, partition: 0, offset: 0n, timestampMs: 0 });

test('an account is locked until somebody unlocks it, unless it is a sandbox', async () => {
  type Shown = { connections: { environment?: string; locked: boolean }[] };
  const fresh = async () => {
    await database.transaction('default', (tx) => tx.execute('delete from connection_safety'));
    return (await connector.request<Shown>('GET', '/v1/safety')).body.connections[0];
  };
  expect(await fresh()).toMatchObject({ locked: true });
  const { blocks } = await steps.planned([update()]);
  const shown = (await connector.request<Shown>('GET', '/v1/safety')).body.connections[0];
  expect(shown?.locked).toBe(shown?.environment === 'production');
  expect(blocks).toHaveLength(shown?.environment === 'production' ? 1 : 0);
});
