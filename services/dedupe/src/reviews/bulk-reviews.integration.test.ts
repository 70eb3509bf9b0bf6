import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { topics } from '@kempt/contracts';
import { type Database, startTestDatabase, type TestDatabase } from '@kempt/postgres';
import { createDedupeSchema, type OpenDedupe, openDedupe, type Person, population, ref } from '../dedupe-test-bed.ts';

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
  tenantId = `b${tenant}`;
});

interface Outcome {
  readonly matched: number;
  readonly accepted: number;
  readonly skipped: readonly { readonly left: string; readonly right: string; readonly reason: string }[];
  readonly more: boolean;
  readonly samples: readonly {
    readonly left: string;
    readonly right: string;
    readonly probability: number;
    readonly rows: readonly { readonly column: string; readonly level: string }[];
  }[];
  readonly errors: readonly { readonly pointer: string; readonly detail: string }[];
}

/** Ten people twice, and of five of them a record without a phone. */
async function opened(): Promise<OpenDedupe> {
  const people = population();
  const first = [...people].slice(0, 10);
  for (const [id, person] of first) people.set(`t${id}`, { ...person });
  for (const [id, person] of first.slice(0, 5)) people.set(`u${id}`, { ...(person as Person), phone: '' });
  const running = await openDedupe(database, tenantId);
  await running.train(people);
  return running;
}

function bulk(running: OpenDedupe, body: object) {
  return running.request<Outcome>('POST', '/v1/reviews/bulk', body);
}

const person = { entityKind: 'person', minProbability: 0.5 };

describe('verdicts in bulk', () => {
  test('a dry run, which is the default, counts and shows samples and gives none', async () => {
    const running = await opened();
    const { status, body } = await bulk(running, { filter: person });
    expect(status).toBe(200);
    expect(body).toMatchObject({ accepted: 0, more: false });
    expect(body.matched).toBeGreaterThanOrEqual(20);
    expect(body.samples).toHaveLength(5);
    const probabilities = body.samples.map((sample) => sample.probability);
    expect(probabilities).toEqual(probabilities.toSorted((left, right) => right - left));
    expect(await running.told(topics.matchDecided)).toEqual([]);
  }, 60_000);

  test('takes the pairs of a pattern only, each with a verdict of its own by whoever asked', async () => {
    const running = await opened();
    const shown = await bulk(running, { filter: person, limit: 500 });
    const levels = shown.body.samples.map(({ rows }) => rows.find((row) => row.column === 'phone')?.level);
    expect(new Set(levels).size).toBeGreaterThan(1);
    const pattern = { phone: 'no evidence' };
    const dry = await bulk(running, { filter: { ...person, pattern } });
    expect(dry.body.matched).toBe(10);
    const done = await bulk(running, {
      filter: { ...person, pattern },
      dryRun: false,
      note: 'no phone, all else equal',
    });
    expect(done.body).toMatchObject({ matched: 10, accepted: 10, skipped: [] });
    const { body } = await running.request<{
      items: { left: string; right: string; origin: string; decidedBy: string; note: string }[];
    }>('GET', '/v1/reviews?limit=200');
    expect(body.items).toHaveLength(10);
    for (const review of body.items) {
      expect(review).toMatchObject({ origin: 'bulk', decidedBy: 'api-key:tester', note: 'no phone, all else equal' });
      expect(`${review.left} ${review.right}`).toMatch(/:u/);
    }
    expect((await bulk(running, { filter: { ...person, pattern } })).body.matched).toBe(0);
    // Nobody looked at these pairs, so they open no gate.
    const gate = await running.request<{ items: { verdicts: object }[] }>('GET', '/v1/proposals/gate');
    expect(gate.body.items[0]?.verdicts).toEqual({ same: 0, different: 0, unsure: 0 });
  }, 60_000);

  test('never gives more verdicts than asked for, and leaves those that stand', async () => {
    const running = await opened();
    await running.request('POST', '/v1/reviews', { left: ref('p000'), right: ref('tp000'), verdict: 'different' });
    const done = await bulk(running, { filter: person, limit: 3, dryRun: false });
    expect(done.body).toMatchObject({ matched: 3, accepted: 3, more: true });
    const all = await bulk(running, { filter: person, limit: 500, dryRun: false });
    // p000 and tp000 were told apart, so their third record can be the same as one of them only.
    expect(all.body.skipped).toHaveLength(1);
    expect(all.body.skipped[0]?.reason).toContain('Other verdicts');
    const stands = await running.request<{ items: { verdict: string }[] }>('GET', '/v1/reviews?verdict=different');
    expect(stands.body.items).toHaveLength(1);
  }, 60_000);

  test('the patterns that there are come with their counts, and each of them takes just its pairs', async () => {
    const running = await opened();
    type Patterns = {
      patterns: { pattern: Record<string, string>; pairs: number; maxProbability: number }[];
      scanned: number;
    };
    const { body } = await running.request<Patterns>('GET', '/v1/reviews/patterns?entityKind=person');
    const counts = body.patterns.map(({ pairs }) => pairs);
    expect(counts.length).toBeGreaterThan(1);
    expect(counts).toEqual(counts.toSorted((left, right) => right - left));
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(body.scanned);
    for (const { pattern, pairs } of body.patterns) {
      expect((await bulk(running, { filter: { ...person, pattern }, limit: 500 })).body.matched).toBe(pairs);
    }
  }, 60_000);

  test('is asked for by account and object, too', async () => {
    const running = await opened();
    expect((await bulk(running, { filter: { ...person, object: 'Lead' } })).body.matched).toBe(0);
    expect((await bulk(running, { filter: { ...person, account: 'sf:00D' } })).body.matched).toBe(0);
    const { body } = await bulk(running, {
      filter: { ...person, object: 'Contact', account: 'sf:00D000000000001AAA' },
    });
    expect(body.matched).toBeGreaterThanOrEqual(20);
  }, 60_000);

  test('refuses columns and levels that the model does not have, and names those that it has', async () => {
    const running = await opened();
    const column = await bulk(running, { filter: { ...person, pattern: { shoe: 'equal' } } });
    expect(column).toMatchObject({ status: 422, body: { code: 'unfit_pattern' } });
    const level = await bulk(running, { filter: { ...person, pattern: { phone: 'green' } } });
    expect(level.status).toBe(422);
    expect(level.body.errors[0]?.detail).toContain('"no evidence"');
    expect((await bulk(running, { filter: { entityKind: 'organisation' } })).status).toBe(409);
  }, 60_000);
});
