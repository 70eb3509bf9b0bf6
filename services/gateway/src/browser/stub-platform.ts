import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ChangeSetState } from '@kempt/contracts';
import type { FakeEventBus } from '@kempt/event-bus';
import { changeSetEvent } from '../events/event-test-data.ts';
import { findings, integrations, kpiDetail, kpis, proposals, scoreDetail, scores, users } from './stub-data.ts';

/** The services behind the gateway as the console sees them, in memory. Change sets go their way without a CRM. */
export interface StubPlatform {
  readonly url: string;
  /** What reached the CRMs, in order: `merge sf:...`, `update sf:...`, `undo ...`. */
  readonly writes: readonly string[];
  readonly verdicts: readonly { readonly left: string; readonly right: string; readonly verdict: string }[];
  readonly changeSets: ReadonlyMap<string, StubChangeSet>;
  close(): Promise<void>;
}

interface StubOperation {
  readonly kind: string;
  readonly record?: string;
  readonly master?: string;
  readonly losers?: readonly string[];
  readonly fields?: Readonly<Record<string, unknown>>;
}

interface StubChangeSet {
  readonly id: string;
  readonly title: string;
  readonly requestedBy: string;
  operations: readonly StubOperation[];
  state: string;
  task?: 'plan' | 'apply' | 'undo' | undefined;
  planHash?: string | undefined;
  approvedBy?: string | undefined;
  stateAt: string;
}

type Answer = readonly [status: number, body?: unknown];

const workMs = 120;

export async function startStubPlatform(bus: FakeEventBus): Promise<StubPlatform> {
  const changeSets = new Map<string, StubChangeSet>();
  const writes: string[] = [];
  const verdicts: { left: string; right: string; verdict: string }[] = [];

  function draft(title: string, requestedBy: string, operations: readonly StubOperation[]): StubChangeSet {
    const set: StubChangeSet = {
      id: randomUUID(),
      title,
      requestedBy,
      operations,
      state: 'draft',
      stateAt: new Date().toISOString(),
    };
    changeSets.set(set.id, set);
    return set;
  }

  async function enter(set: StubChangeSet, state: string): Promise<void> {
    set.state = state;
    set.stateAt = new Date().toISOString();
    const name = state.toUpperCase().replaceAll('-', '_') as keyof typeof ChangeSetState;
    await bus.publish([changeSetEvent({ id: set.id, state: name })]);
  }

  function later(set: StubChangeSet, task: 'plan' | 'apply' | 'undo', state: string): void {
    set.task = task;
    setTimeout(() => {
      set.task = undefined;
      if (task === 'plan') set.planHash = 'a'.repeat(64);
      for (const operation of task === 'plan' ? [] : set.operations) {
        writes.push(`${task === 'undo' ? 'undo ' : ''}${operation.kind} ${operation.master ?? operation.record}`);
      }
      void enter(set, state);
    }, workMs);
  }

  // The connector drafts a change set for each open proposal.
  for (const proposal of proposals.filter(({ state }) => state === 'open')) {
    draft(`Merge 2 contacts: ${proposal.master}`, `proposal:${proposal.proposalId}`, [
      {
        kind: 'merge',
        master: proposal.master,
        losers: proposal.losers,
        fields: Object.fromEntries(proposal.choices.map(({ field, value }) => [field, value])),
      },
    ]);
  }

  async function step(set: StubChangeSet, name: string, body: { planHash?: string }): Promise<Answer> {
    const from = (...states: string[]): boolean => states.includes(set.state) && set.task === undefined;
    const refused: Answer = [409, problem(409, 'wrong-state', `A change set that is ${set.state} cannot ${name}.`)];
    if (name === 'plan' && from('draft', 'planned')) later(set, 'plan', 'planned');
    else if (name === 'approve' && from('planned') && body.planHash === set.planHash) {
      set.approvedBy = 'user:api-key:test';
      await enter(set, 'approved');
    } else if (name === 'apply' && from('approved') && body.planHash === set.planHash) {
      await enter(set, 'applying');
      later(set, 'apply', 'applied');
    } else if (name === 'undo' && from('applied')) {
      await enter(set, 'undoing');
      later(set, 'undo', 'undone');
    } else if (name === 'cancel' && from('draft', 'planned', 'approved')) await enter(set, 'cancelled');
    else return refused;
    return [202, setBody(set)];
  }

  async function answer(request: IncomingMessage, body: Record<string, unknown>): Promise<Answer> {
    const url = new URL(request.url ?? '/', 'http://stub');
    const query = url.searchParams;
    const parts = url.pathname.split('/').slice(2).map(decodeURIComponent);
    const [area = '', id = '', last = ''] = parts;
    const method = request.method ?? 'GET';
    if (area === 'connections' && method === 'POST') {
      for (const one of safety.connections) if (one.id === id) one.locked = last === 'lock';
      return [200, safety.connections[0]];
    }
    if (area === 'connections') return [200, { items: connections }];
    if (area === 'safety') return [200, safety];
    if (area === 'proposals' && id === '') {
      const items = proposals.filter(({ state }) => state === (query.get('state') ?? state));
      return [200, { items: items.map(({ members: _m, fields: _f, explanations: _e, ...summary }) => summary) }];
    }
    if (area === 'proposals') {
      const found = proposals.find(({ proposalId }) => proposalId === id);
      return found === undefined ? [404, problem(404, 'not-found', `There is no proposal ${id}.`)] : [200, found];
    }
    if (area === 'reviews' && method === 'POST') {
      verdicts.push(body as unknown as (typeof verdicts)[number]);
      return [201, { ...body, decisionId: randomUUID(), version: 1 }];
    }
    if (area === 'change-sets') {
      if (id === '' && method === 'POST') {
        return [201, setBody(draft(String(body['title']), 'user:test', body['operations'] as StubOperation[]))];
      }
      if (id === '') {
        const wanted = [...changeSets.values()].filter(
          (set) =>
            set.state === (query.get('state') ?? set.state) &&
            set.requestedBy === (query.get('requestedBy') ?? set.requestedBy),
        );
        return [200, { items: wanted.map(setBody) }];
      }
      const set = changeSets.get(id);
      if (set === undefined) return [404, problem(404, 'not-found', `There is no change set ${id}.`)];
      if (method === 'PATCH') {
        set.operations = body['operations'] as StubOperation[];
        set.state = 'draft';
        return [200, setBody(set)];
      }
      if (last === 'operations')
        return [200, { items: set.operations.map((one, index) => operationBody(set, one, index)) }];
      if (method === 'POST') return step(set, last, body);
      return [200, setBody(set)];
    }
    if (area === 'data-quality') return answerQuality(parts, body);
    if (area === 'findings' && method === 'POST') return [200, findings[0]];
    if (area === 'findings') return [200, { items: findings }];
    if (area === 'integrations') return [200, { items: integrations }];
    if (area === 'access') return [200, { items: users }];
    if (area === 'kpis') return id === '' ? [200, { items: kpis }] : [200, kpiDetail(id)];
    return [404, problem(404, 'unknown-route', `${url.pathname} does not exist.`)];
  }

  function answerQuality([, kind = '', id = '', object = '', last = '']: readonly string[], body: object): Answer {
    if (kind === 'scores' && id === '') return [200, { items: scores }];
    if (kind === 'scores' && last === 'history') return [200, { items: scoreHistory }];
    if (kind === 'scores') return [200, scoreDetail(id, object)];
    if (kind === 'issues') return [200, { items: [] }];
    if (kind === 'standardisations' && id === '') return [200, { items: standards }];
    const { account, object: fixed } = body as { account: string; object: string };
    const proposalId = randomUUID();
    // It comes by an event, so it is there a moment later.
    setTimeout(
      () =>
        draft(`Write phones of ${fixed} in the standard way`, `proposal:${proposalId}`, [
          { kind: 'update', record: `${account}:${fixed}:003A`, fields: { Phone: '+493012345678' } },
        ]),
      workMs,
    );
    return [201, { proposalId, state: 'open' }];
  }

  const server = createServer((request, response) => void serve(request, response));
  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const text = Buffer.concat((await request.toArray()) as Buffer[]).toString();
    const [status, body] = await answer(request, text === '' ? {} : (JSON.parse(text) as Record<string, unknown>));
    response.writeHead(status, { 'content-type': status < 400 ? 'application/json' : 'application/problem+json' });
    response.end(JSON.stringify(body));
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    writes,
    verdicts,
    changeSets,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function setBody({ operations, ...set }: StubChangeSet) {
  return {
    ...set,
    version: 1,
    purpose: '',
    accounts: ['sf:00D1'],
    operations: operations.length,
    blocks: [],
    createdAt: '2026-05-04T10:00:00.000Z',
  };
}

function operationBody(set: StubChangeSet, operation: StubOperation, index: number) {
  const isPlanned = set.planHash !== undefined;
  const record = operation.master ?? operation.record ?? '';
  const before = { Phone: '030 / 12345678', Email: 'anna@example.org' };
  return {
    index,
    ...operation,
    status: set.state === 'applied' ? 'applied' : set.state === 'undone' ? 'undone' : isPlanned ? 'planned' : 'draft',
    before: isPlanned ? [{ record, fields: before }] : [],
    after: isPlanned ? [{ record, fields: { ...before, ...operation.fields } }] : [],
    links: operation.kind === 'merge' && isPlanned ? [{ text: 'Case 500A moves by ContactId' }] : [],
    mirrors: [],
    risks: [],
    calls: isPlanned ? 4 : 0,
    ...(isPlanned && { undo: { grade: 'full', losses: ['The e-mail history of the loser'] } }),
  };
}

function problem(status: number, code: string, detail: string) {
  return { type: 'about:blank', title: code, status, code, detail };
}

const connections = [
  {
    id: randomUUID(),
    account: 'sf:00D1',
    system: 'salesforce',
    name: 'Salesforce (simulated)',
    status: 'connected',
    objects: [{ object: 'Contact', recordsRead: 8_400, backfilled: true }],
  },
  {
    id: randomUUID(),
    account: 'hs:77',
    system: 'hubspot',
    name: 'HubSpot (simulated)',
    status: 'failing',
    reason: 'HubSpot refuses the token. Enter a new one.',
    objects: [{ object: 'contacts', recordsRead: 3_100, backfilled: true }],
  },
];

const safety = {
  readOnly: false,
  readOnlyBySetting: false,
  freeze: null,
  connections: connections.map(({ id, account, name }) => ({ id, account, name, locked: true, killSwitch: false })),
};

const standards = [
  {
    id: 'phone-e164',
    description: 'Phone numbers in international form',
    objects: [{ account: 'sf:00D1', object: 'Contact', values: 37 }],
  },
];

const scoreHistory = Array.from({ length: 12 }, (_, index) => ({
  sequence: index + 1,
  measuredAt: new Date(Date.UTC(2026, 4, index + 1)).toISOString(),
  score: 80 + index * 0.9,
  records: 8_400,
  openIssues: 900 - index * 20,
  dimensions: [],
}));
