import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { runCli } from '@kempt/cli';
import {
  ChangeSetState,
  decodeEvent,
  type EventRecord,
  idKey,
  MaintenanceOutcome,
  timestampFromDate,
  topics,
  Verdict,
} from '@kempt/contracts';
import { type Database, openDatabase } from '@kempt/postgres';
import { until } from '@kempt/service-runtime/testing';
import { type AuditTestBed, account, daysAgo, startAuditTestBed } from '../audit-test-bed.ts';

let bed: AuditTestBed;
/** The database as somebody sees it who may do everything. */
let owner: Database;
/** Passes on what the command asks, as the gateway does. */
let front: Server;

beforeAll(async () => {
  bed = await startAuditTestBed();
  owner = openDatabase({ url: bed.adminUrl, schema: 'integration_audit', applicationName: 'tampering' });
  front = createServer((request, response) => {
    void bed.call(request.url ?? '').then(async (answer) => {
      response.writeHead(answer.status, { 'content-type': 'application/json' });
      response.end(await answer.text());
    });
  });
  await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve));
});
afterAll(async () => {
  front.closeAllConnections();
  front.close();
  await owner.close();
  await bed.stop();
});
beforeEach(() => bed.nextTenant());

const at = timestampFromDate(new Date('2026-01-02T03:04:05.678Z'));

const changeSet = (id: string, version: number, state: ChangeSetState, journalHash = ''): EventRecord =>
  bed.event(topics.changeSetChanged, {
    key: idKey(bed.tenantId, id),
    sequence: version,
    data: { changeSetId: id, version, state, title: 'Merge two', journalHash, accounts: [account], changedAt: at },
  });

interface Link {
  readonly sequence: number;
  readonly subjectKind: string;
  readonly subjectId: string;
  readonly subjectVersion: number;
  readonly content: string;
  readonly hash: string;
  readonly previousHash: string;
}

const links = async (query = ''): Promise<Link[]> => (await bed.json<{ items: Link[] }>(`/v1/evidence${query}`)).items;

const check = () =>
  bed.json<{ valid: boolean; links: number; brokenSequence?: number; reason?: string }>('/v1/evidence/verify');

async function kempt(...args: string[]): Promise<{ code: number; err: string }> {
  let err = '';
  const code = await runCli({
    args: ['evidence', 'verify', ...args],
    env: { KEMPT_URL: `http://127.0.0.1:${(front.address() as AddressInfo).port}`, KEMPT_API_KEY: 'key' },
    version: '1.2.3',
    out: () => undefined,
    err: (text) => {
      err += text;
    },
    readText: async () => '',
  });
  return { code, err };
}

/** A chain of five change sets that came to an end. */
async function fiveLinks(): Promise<string> {
  await bed.apply(['a', 'b', 'c', 'd', 'e'].map((id) => changeSet(id, 5, ChangeSetState.APPLIED, `journal of ${id}`)));
  await until(async () => (await links()).length === 5);
  return (await links()).at(-1)?.hash ?? '';
}

const tamper = (sql: string): Promise<unknown> =>
  owner.transaction(bed.tenantId, (tx) => tx.execute(sql, [tx.tenantId]));

describe('the evidence chain', () => {
  test('attests approvals and ends of change sets, reviews and maintenance, each once, and tells of it', async () => {
    const applied = changeSet('c1', 5, ChangeSetState.APPLIED, 'f'.repeat(64));
    await bed.apply([
      changeSet('c1', 1, ChangeSetState.DRAFT),
      changeSet('c1', 2, ChangeSetState.PLANNED),
      changeSet('c1', 3, ChangeSetState.APPROVED),
      changeSet('c1', 4, ChangeSetState.APPLYING),
      applied,
      applied,
    ]);
    await bed.apply([
      bed.event(topics.matchDecided, {
        key: idKey(bed.tenantId, 'd1'),
        sequence: 2,
        data: {
          decisionId: 'd1',
          version: 2,
          left: { account, object: 'Contact', recordId: '1' },
          right: { account, object: 'Contact', recordId: '2' },
          verdict: Verdict.DIFFERENT,
          note: 'Father and son',
          decidedBy: 'key_1',
          decidedAt: at,
        },
      }),
    ]);
    await bed.apply([
      bed.event(topics.maintenanceTaskFinished, {
        key: idKey(bed.tenantId, 'completeness-check'),
        sequence: 8,
        data: {
          runId: 'r1',
          task: 'completeness-check',
          outcome: MaintenanceOutcome.SUCCEEDED,
          finishedAt: at,
          evidence: { b: '2', a: '1' },
        },
      }),
    ]);
    const chain = await links();
    expect(chain).toMatchObject([
      { sequence: 1, subjectKind: 'change-set', subjectId: 'c1', subjectVersion: 3, previousHash: '0'.repeat(64) },
      { sequence: 2, subjectKind: 'change-set', subjectId: 'c1', subjectVersion: 5, previousHash: chain[0]?.hash },
      { sequence: 3, subjectKind: 'review', subjectId: 'd1', subjectVersion: 2, previousHash: chain[1]?.hash },
      { sequence: 4, subjectKind: 'maintenance-task', subjectId: 'r1', previousHash: chain[2]?.hash },
    ]);
    expect(JSON.parse(chain[1]?.content ?? '')).toMatchObject({
      occurredAt: '2026-01-02T03:04:05.678Z',
      attested: { state: 'applied', title: 'Merge two', journalHash: 'f'.repeat(64) },
    });
    expect(chain[3]?.content).toContain('"evidence":{"a":"1","b":"2"}');
    expect(await links('?subjectId=c1&afterSequence=1')).toHaveLength(1);
    const told = () =>
      bed.bus.broker
        .records(topics.evidenceRecorded.name)
        .map((record) => decodeEvent(topics.evidenceRecorded, record))
        .filter(({ tenantId }) => tenantId === bed.tenantId)
        .map(({ data }) => [data?.sequence, data?.hash]);
    await until(() => told().length === 4);
    expect(told()).toEqual(chain.map(({ sequence, hash }) => [BigInt(sequence), hash]));
    const text = await (await fetch(`${bed.url}/metrics`)).text();
    expect(text).toMatch(/kempt_evidence_links_total\{subject_kind="change-set",.*\} [2-9]/);
  });

  test('attests that a risk was accepted, with the reason and what it rested on', async () => {
    await bed.apply([bed.user({ id: 'u1', lastLogin: daysAgo(100) })]);
    const findings = async () => (await bed.json<{ items: { findingId: string }[] }>('/v1/findings')).items;
    await until(async () => (await findings()).length === 1);
    const id = (await findings())[0]?.findingId;
    await bed.json(`/v1/findings/${id}/accept`, { method: 'POST', body: { note: 'On leave' } });
    const [link] = await links();
    expect(link).toMatchObject({ subjectKind: 'finding', subjectId: id, subjectVersion: 2 });
    expect(JSON.parse(link?.content ?? '')).toMatchObject({
      attested: { state: 'accepted', ruleId: 'user-dormant', acceptedBy: 'test', note: 'On leave' },
    });
  });

  test('has no gaps however many links come at once, and is given page by page', async () => {
    await bed.apply(
      Array.from({ length: 60 }, (_, at) => changeSet(`c${at}`, 5, ChangeSetState.APPLIED)).flatMap((event, at) => [
        event,
        changeSet(`c${at}`, 7, ChangeSetState.UNDONE),
      ]),
    );
    expect(await check()).toMatchObject({ valid: true, links: 120 });
    const first = await bed.json<{ items: Link[]; nextAfterSequence: number }>('/v1/evidence?limit=100');
    expect(first.nextAfterSequence).toBe(100);
    expect(await links('?limit=100&afterSequence=100')).toHaveLength(20);
    expect(await kempt()).toEqual({ code: 0, err: '' });
  });

  test('cannot be changed by the service itself', async () => {
    await fiveLinks();
    const grants = await owner.systemTransaction((tx) =>
      tx.query<{ privilege_type: string }>(
        `select privilege_type from information_schema.role_table_grants
          where table_schema = 'integration_audit' and table_name = 'evidence' and grantee <> current_user
          order by 1`,
      ),
    );
    expect(grants.map(({ privilege_type }) => privilege_type)).toEqual(['INSERT', 'SELECT']);
  });

  test('of one tenant is not that of another', async () => {
    await fiveLinks();
    bed.nextTenant();
    expect(await links()).toEqual([]);
    expect(await check()).toMatchObject({ valid: true, links: 0 });
    expect((await bed.call('/v1/evidence', { scopes: ['quality:read'] })).status).toBe(403);
  });
});

describe('somebody with all rights on the database', () => {
  test.each([
    [
      'who changes a link',
      [`update evidence set content = replace(content, 'Merge two', 'Merge 2') where tenant_id = $1 and sequence = 3`],
      3,
      'its content was changed',
    ],
    ['who removes a link', ['delete from evidence where tenant_id = $1 and sequence = 2'], 2, 'link 2 is missing'],
    [
      'who puts links in another order',
      [
        'update evidence set sequence = 99 where tenant_id = $1 and sequence = 3',
        'update evidence set sequence = 3 where tenant_id = $1 and sequence = 4',
        'update evidence set sequence = 4 where tenant_id = $1 and sequence = 99',
      ],
      3,
      'it does not follow from the link before',
    ],
  ])('%s is found, by the server and by the command', async (_, sql, sequence, reason) => {
    await fiveLinks();
    for (const step of sql) await tamper(step);
    expect(await check()).toMatchObject({ valid: false, brokenSequence: sequence, reason });
    expect(await kempt()).toEqual({
      code: 7,
      err: `kempt: The evidence does not hold. Link ${sequence}: ${reason}.\n`,
    });
  });

  test('who cuts the end off is found by the noted end, and by a hash that was noted elsewhere', async () => {
    const head = await fiveLinks();
    await tamper('delete from evidence where tenant_id = $1 and sequence > 3');
    expect(await check()).toMatchObject({ valid: false, links: 3, brokenSequence: 4 });
    expect(await kempt()).toMatchObject({ code: 7, err: expect.stringContaining('Link 4') });
    await tamper(
      `update evidence_chain set sequence = 3,
         hash = (select hash from evidence e where e.tenant_id = $1 and e.sequence = 3) where tenant_id = $1`,
    );
    expect(await check()).toMatchObject({ valid: true, links: 3 });
    expect(await kempt()).toMatchObject({ code: 0 });
    expect(await kempt('--head', head)).toMatchObject({ code: 7, err: expect.stringContaining('cut off') });
  });
});
