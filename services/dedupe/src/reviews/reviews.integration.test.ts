import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { ClusterChangeKind, ProposalState, topics, Verdict } from '@kempt/contracts';
import { type Database, startTestDatabase, type TestDatabase } from '@kempt/postgres';
import fc from 'fast-check';
import { goldenId } from '../clusters/golden-id.ts';
import {
  amara,
  createDedupeSchema,
  type OpenDedupe,
  openDedupe,
  type Person,
  population,
  ref,
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
  tenantId = `r${tenant}`;
});

interface ReviewAnswer {
  readonly id: string;
  readonly verdict: string;
  readonly version: number;
  readonly revoked: boolean;
  readonly decidedBy: string;
  readonly rightNow: string;
}

interface ProblemAnswer {
  readonly code: string;
  readonly errors: readonly { readonly detail: string }[];
}

async function opened(people: ReadonlyMap<string, Person> = population()): Promise<OpenDedupe> {
  const running = await openDedupe(database, tenantId);
  await running.train(people);
  return running;
}

function review(running: OpenDedupe, left: string, right: string, verdict: string) {
  return running.request<ReviewAnswer & ProblemAnswer>('POST', '/v1/reviews', {
    left: ref(left),
    right: ref(right),
    verdict,
  });
}

describe('reviews', () => {
  test('a cluster that a reviewer splits is told as a split, its proposal is withdrawn, and it stays split', async () => {
    const people = population();
    people.set('q001', amara);
    const running = await opened(people);
    expect(await running.duplicates()).toEqual([['p000', 'q001']]);

    const answer = await review(running, 'q001', 'p000', 'different');
    expect(answer).toMatchObject({ status: 201, body: { version: 1, decidedBy: 'api-key:tester', revoked: false } });
    expect(await running.duplicates()).toEqual([]);

    const changes = (await running.told(topics.clusterChanged)).slice(-2);
    const [kept, left] = [goldenId(tenantId, ref('p000')), goldenId(tenantId, ref('q001'))];
    const kindOf = new Map(changes.map((event) => [event?.goldenId, event?.kind]));
    expect(kindOf).toEqual(
      new Map([
        [kept, ClusterChangeKind.SPLIT],
        [left, ClusterChangeKind.CREATED],
      ]),
    );
    expect(changes.map((event) => event?.members.length)).toEqual([1, 1]);
    expect((await running.told(topics.mergeProposed)).map((event) => event?.state)).toEqual([
      ProposalState.OPEN,
      ProposalState.WITHDRAWN,
    ]);
    expect(await running.told(topics.matchDecided)).toMatchObject([
      { decisionId: answer.body.id, version: 1, verdict: Verdict.DIFFERENT, left: { recordId: 'p000' } },
    ]);

    // Later changes, deletion and return do not bring them together.
    await running.apply(running.personState('q001', 2, { ...amara, phone: '' }));
    await running.apply(running.personState('p000', 2, undefined));
    await running.apply(running.personState('p000', 3, amara));
    expect(await running.duplicates()).toEqual([]);

    const revoked = await running.request<ReviewAnswer>('DELETE', `/v1/reviews/${answer.body.id}`);
    expect(revoked).toMatchObject({ status: 200, body: { version: 2, revoked: true } });
    expect(await running.duplicates()).toEqual([['p000', 'q001']]);
  }, 30_000);

  test('two records that no model would put together are one when a reviewer says so, and their proposal is certain', async () => {
    const running = await opened();
    expect((await review(running, 'p003', 'p040', 'same')).status).toBe(201);
    expect(await running.duplicates()).toEqual([['p003', 'p040']]);
    const [proposal] = await running.told(topics.mergeProposed);
    expect(proposal).toMatchObject({ state: ProposalState.OPEN, probability: 1 });
    const ids = [goldenId(tenantId, ref('p003')), goldenId(tenantId, ref('p040'))].toSorted();
    expect((await running.told(topics.clusterChanged)).at(-1)).toMatchObject({
      goldenId: ids[0],
      kind: ClusterChangeKind.MERGED,
      absorbed: [ids[1]],
    });
    expect((await running.told(topics.idAliased)).at(-1)).toMatchObject({ alias: ids[1], goldenId: ids[0] });
    await running.apply(running.personState('p040', 2, { ...amara, given: 'Zed' }));
    expect(await running.duplicates()).toEqual([['p003', 'p040']]);
  }, 30_000);

  test('the same verdict again changes nothing; another one on the same pair is its next version', async () => {
    const running = await opened();
    await review(running, 'p003', 'p040', 'same');
    expect(await review(running, 'p040', 'p003', 'same')).toMatchObject({ status: 200, body: { version: 1 } });
    expect(await running.told(topics.matchDecided)).toHaveLength(1);
    expect(await review(running, 'p003', 'p040', 'unsure')).toMatchObject({ status: 200, body: { version: 2 } });
    expect(await running.duplicates()).toEqual([]);
    const { body } = await running.request<{ items: ReviewAnswer[] }>('GET', `/v1/reviews?record=${ref('p003')}`);
    expect(body.items).toMatchObject([{ verdict: 'unsure', version: 2 }]);
  }, 30_000);

  test('a verdict that others rule out is refused and the others are named', async () => {
    const running = await opened();
    const first = await review(running, 'p001', 'p002', 'same');
    const second = await review(running, 'p002', 'p003', 'same');
    const refused = await review(running, 'p001', 'p003', 'different');
    expect(refused).toMatchObject({ status: 409, body: { code: 'contradictory_verdict' } });
    const named = refused.body.errors.map((error) => error.detail).join(' ');
    expect(named).toContain(first.body.id);
    expect(named).toContain(second.body.id);
    expect(await running.duplicates()).toEqual([['p001', 'p002', 'p003']]);
  }, 30_000);

  test('a verdict on something unknown or unfit is refused', async () => {
    const running = await opened();
    expect((await review(running, 'p001', 'p001', 'same')).status).toBe(422);
    expect((await review(running, 'p001', 'nobody', 'same')).status).toBe(404);
    expect((await running.request('DELETE', `/v1/reviews/${goldenId('x', 'y')}`)).status).toBe(404);
  }, 30_000);

  test('verdicts given before the first resolution are held by it', async () => {
    const people = population();
    people.set('q001', amara);
    const running = await openDedupe(database, tenantId);
    await running.collect(people);
    await review(running, 'p000', 'q001', 'different');
    await review(running, 'p003', 'p040', 'same');
    await running.train(people);
    expect(await running.duplicates()).toEqual([['p003', 'p040']]);
  }, 30_000);

  test('the verdict on a record that the CRM merges away goes over to its survivor', async () => {
    const running = await opened();
    const { body } = await review(running, 'p003', 'p040', 'same');
    await running.apply(running.personState('p040', 2, undefined, { mergedInto: 'p050' }));
    expect(await running.duplicates()).toEqual([['p003', 'p050']]);
    const shown = await running.request<ReviewAnswer>('GET', `/v1/reviews/${body.id}`);
    expect(shown.body.rightNow).toBe(ref('p050'));
    await running.apply(running.personState('p040', 3, population().get('p040')));
    expect(await running.duplicates()).toEqual([['p003', 'p040']]);
  }, 30_000);

  test('the pairs nearest to the threshold come first, and none on which a verdict stands', async () => {
    const people = population();
    const running = await opened(people);
    const other = people.get('p011') as Person;
    await running.apply(
      running.personState('q001', 1, { ...amara, email: '', phone: '' }),
      running.personState('q002', 1, other),
    );
    type Queue = { items: { left: string; right: string; value: number; weight: number }[] };
    const queue = await running.request<Queue>('GET', '/v1/reviews/queue');
    expect(queue.status).toBe(200);
    const values = queue.body.items.map((item) => item.value);
    expect(values.length).toBeGreaterThan(0);
    expect(values).toEqual(values.toSorted((left, right) => right - left));
    const [best] = queue.body.items;
    await running.request('POST', '/v1/reviews', { left: best?.left, right: best?.right, verdict: 'unsure' });
    const after = await running.request<Queue>('GET', '/v1/reviews/queue');
    const pairs = after.body.items.map((item) => `${item.left} ${item.right}`);
    expect(pairs).not.toContain(`${best?.left} ${best?.right}`);
  }, 30_000);

  test('records and verdicts in whatever order and batches give the same partition, which holds every verdict', async () => {
    const people = population();
    const twins = ['p000', 'p011', 'p022'].flatMap((id, index) => {
      const person = people.get(id) as Person;
      return [
        { id: `x${index}`, person },
        { id: `y${index}`, person: { ...person, phone: '' } },
      ];
    });
    // Two that the model would join are apart, two that it would not are one, and one verdict follows from two others.
    const verdicts = [
      { left: 'p000', right: 'x0', verdict: 'different' },
      { left: 'x1', right: 'p044', verdict: 'same' },
      { left: 'p044', right: 'p055', verdict: 'same' },
      { left: 'y2', right: 'x2', verdict: 'different' },
    ];
    type Step = { readonly id: string; readonly person: Person } | (typeof verdicts)[number];
    const steps: Step[] = [...twins, ...verdicts];
    const outcomes = new Set<string>();
    await fc.assert(
      fc.asyncProperty(
        fc.shuffledSubarray(steps, { minLength: steps.length }),
        fc.integer({ min: 1, max: 4 }),
        async (ordered, batchSize) => {
          tenant += 1;
          tenantId = `r${tenant}`;
          const running = await opened(people);
          const waiting: (typeof verdicts)[number][] = [];
          let batch: ReturnType<OpenDedupe['personState']>[] = [];
          for (const step of ordered) {
            if ('person' in step) batch.push(running.personState(step.id, 1, step.person));
            else waiting.push(step);
            if (batch.length < batchSize) continue;
            await running.apply(...batch);
            batch = [];
            // A verdict on a record that has not come yet is refused; the reviewer says it again.
            for (const [index, each] of [...waiting.entries()].toReversed()) {
              const { status } = await review(running, each.left, each.right, each.verdict);
              if (status === 201) waiting.splice(index, 1);
              else expect(status).toBe(404);
            }
          }
          await running.apply(...batch);
          for (const each of waiting) {
            expect((await review(running, each.left, each.right, each.verdict)).status).toBe(201);
          }
          const partition = await running.partition();
          outcomes.add(JSON.stringify(partition));
          expect(outcomes.size).toBe(1);
          for (const each of verdicts) {
            const together = partition.some((ids) => ids.includes(each.left) && ids.includes(each.right));
            expect(together).toBe(each.verdict === 'same');
          }
          expect(partition.some((ids) => ids.includes('x1') && ids.includes('p055'))).toBe(true);
        },
      ),
      { numRuns: 6 },
    );
  }, 90_000);
});
