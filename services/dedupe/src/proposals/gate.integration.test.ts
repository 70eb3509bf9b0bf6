import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { topics } from '@kempt/contracts';
import { type Database, startTestDatabase, type TestDatabase } from '@kempt/postgres';
import {
  amara,
  createDedupeSchema,
  type OpenDedupe,
  openDedupe,
  population,
  ref,
  waitFor,
} from '../dedupe-test-bed.ts';

let server: TestDatabase;
let database: Database;
let tenant = 0;
let tenantId: string;

beforeAll(async () => {
  server = await startTestDatabase();
  database = await createDedupeSchema(server);
});

afterAll(async () => {
  await database.close();
  await server.stop();
});

beforeEach(() => {
  tenant += 1;
  tenantId = `g${tenant}`;
});

interface GateAnswer {
  readonly items: readonly {
    readonly entityKind: string;
    readonly open: boolean;
    readonly reason: string;
    readonly verdicts: { readonly same: number; readonly different: number; readonly unsure: number };
    readonly lowerBound: number;
    readonly verdictsMissing: number;
    readonly automaticProposals: number;
  }[];
}

/** Ten people twice. Two verdicts that agree open the gate: 0.05 ** (1 / 2) is 0.22. */
async function opened(): Promise<OpenDedupe> {
  const people = population();
  for (const id of [...people.keys()].slice(0, 10)) people.set(`t${id}`, { ...(people.get(id) ?? amara) });
  const running = await openDedupe(database, tenantId, { automaticPrecisionTarget: 0.2, automaticProbabilityMin: 0.9 });
  await running.train(people);
  return running;
}

async function gateOf(running: OpenDedupe) {
  const { body } = await running.request<GateAnswer>('GET', '/v1/proposals/gate');
  const [person] = body.items;
  if (person === undefined) throw new Error('no gate');
  return person;
}

function review(running: OpenDedupe, left: string, right: string, verdict: string) {
  return running.request<{ id: string }>('POST', '/v1/reviews', { left: ref(left), right: ref(right), verdict });
}

async function automatic(running: OpenDedupe): Promise<number> {
  const told = await running.told(topics.mergeProposed);
  const newest = new Map(told.map((event) => [event?.proposalId, event]));
  return [...newest.values()].filter((event) => event?.automatic).length;
}

describe('automatic merges', () => {
  test('are proposed only while verdicts show that they are right often enough', async () => {
    const running = await opened();
    expect(await gateOf(running)).toMatchObject({ entityKind: 'person', open: false, verdictsMissing: 2 });
    expect(await automatic(running)).toBe(0);
    const { body } = await running.request<{ items: { automatic: boolean; hindrance?: string }[] }>(
      'GET',
      '/v1/proposals',
    );
    expect(body.items[0]).toMatchObject({ automatic: false, hindrance: 'gate' });

    await running.modelWork.start();
    await review(running, 'p000', 'tp000', 'same');
    expect((await gateOf(running)).open).toBe(false);
    await review(running, 'p001', 'tp001', 'same');
    expect(await gateOf(running)).toMatchObject({ open: true, verdicts: { same: 2, different: 0, unsure: 0 } });
    await waitFor(async () => (await automatic(running)) === 10);
    expect((await gateOf(running)).automaticProposals).toBe(10);

    // One that turns out to be wrong closes it, and every proposal is told again as one that needs a look.
    await review(running, 'p002', 'tp002', 'different');
    expect(await gateOf(running)).toMatchObject({ open: false, verdicts: { different: 1 } });
    await waitFor(async () => (await automatic(running)) === 0);
    await running.modelWork.stop();
  }, 60_000);

  test('a verdict that is taken back no longer counts, and one on records that were merged meanwhile still does', async () => {
    const running = await opened();
    await review(running, 'p000', 'tp000', 'same');
    const { body } = await review(running, 'p001', 'tp001', 'same');
    await running.apply(running.personState('tp000', 2, undefined, { mergedInto: 'p000' }));
    expect((await gateOf(running)).verdicts.same).toBe(2);
    await running.request('DELETE', `/v1/reviews/${body.id}`);
    expect(await gateOf(running)).toMatchObject({ open: false, verdicts: { same: 1 } });
  }, 60_000);

  test('verdicts on pairs that no automatic merge would hold do not count', async () => {
    const running = await opened();
    await review(running, 'p000', 'p001', 'different');
    await review(running, 'p030', 'p041', 'same');
    expect((await gateOf(running)).verdicts).toEqual({ same: 0, different: 0, unsure: 0 });
  }, 60_000);

  test('a merge of records with different owners is never automatic', async () => {
    const running = await opened();
    const vendor = (owner: string) => ({ vendor: { FirstName: 'Amara', LastName: 'Okafor', OwnerId: owner } });
    await running.apply(
      running.personState('p000', 2, amara, vendor('005A')),
      running.personState('tp000', 2, amara, vendor('005B')),
    );
    await running.modelWork.start();
    await review(running, 'p000', 'tp000', 'same');
    await review(running, 'p001', 'tp001', 'same');
    await waitFor(async () => (await automatic(running)) === 9);
    await running.modelWork.stop();
    const { body } = await running.request<{ items: { hindrance?: string }[] }>('GET', '/v1/proposals?state=open');
    expect(body.items.flatMap((item) => item.hindrance ?? [])).toEqual(['owners']);
  }, 60_000);

  test('the pairs to look at for the gate are any of those that count, none of them twice', async () => {
    const running = await opened();
    type Queue = { items: { left: string; right: string; probability: number }[] };
    const { body } = await running.request<Queue>('GET', '/v1/reviews/queue?purpose=gate&limit=50');
    expect(body.items).toHaveLength(10);
    expect(body.items.every((item) => item.probability >= 0.9)).toBe(true);
    const [first] = body.items;
    await running.request('POST', '/v1/reviews', { left: first?.left, right: first?.right, verdict: 'unsure' });
    const after = await running.request<Queue>('GET', '/v1/reviews/queue?purpose=gate&limit=50');
    expect(after.body.items).toHaveLength(9);
    expect(after.body.items.map((item) => item.left)).not.toContain(first?.left);
  }, 60_000);
});
