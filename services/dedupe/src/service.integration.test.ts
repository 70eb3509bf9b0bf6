import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { ClusterChangeKind, topics } from '@kempt/contracts';
import { type Database, startTestDatabase, type TestDatabase } from '@kempt/postgres';
import fc from 'fast-check';
import { resolveAlias } from './clusters/cluster-store.ts';
import { goldenId } from './clusters/golden-id.ts';
import {
  amara,
  createDedupeSchema,
  type OpenDedupe,
  openDedupe,
  type Person,
  population,
  ref,
} from './dedupe-test-bed.ts';

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
  tenantId = `t${tenant}`;
});

async function trained(people: ReadonlyMap<string, Person>): Promise<OpenDedupe> {
  const running = await openDedupe(database, tenantId);
  await running.train(people);
  return running;
}

describe('dedupe', () => {
  test('the first resolution publishes one event for each cluster, with version 1', async () => {
    const people = population();
    people.set('q001', amara);
    const running = await trained(people);
    const events = await running.told(topics.clusterChanged);
    expect(events.length).toBe(80);
    expect(events.every((event) => event?.version === 1 && event.kind === ClusterChangeKind.CREATED)).toBe(true);
    expect(await running.duplicates()).toEqual([['p000', 'q001']]);
  }, 30_000);

  test('nothing is resolved before every record of the backfill has arrived', async () => {
    const running = await openDedupe(database, tenantId);
    await running.collect([['p000', amara]]);
    expect(await running.partition()).toEqual([]);
  });

  test('a record that comes later joins its cluster, and leaves it when it is deleted', async () => {
    const running = await trained(population());
    await running.apply(running.personState('q001', 1, amara));
    expect(await running.duplicates()).toEqual([['p000', 'q001']]);
    await running.apply(running.personState('q001', 2, undefined));
    expect(await running.duplicates()).toEqual([]);
    const versions = (await running.told(topics.clusterChanged))
      .filter((event) => event?.goldenId === goldenId(tenantId, ref('p000')))
      .map((event) => event?.version);
    expect(versions).toEqual([1, 2, 3]);
  }, 30_000);

  test('a tombstone takes a record out of its cluster; what it was does not come back, what it becomes later does', async () => {
    const running = await trained(population());
    await running.apply(running.personState('q001', 1, amara));
    await running.apply(running.tombstone('q001', 2));
    expect(await running.duplicates()).toEqual([]);
    const kept = await database.transaction(tenantId, (tx) =>
      tx.query('select fields, deleted, golden_id from match_record where tenant_id = $1 and ref = $2', [
        tenantId,
        ref('q001'),
      ]),
    );
    expect(kept).toEqual([{ fields: null, deleted: true, golden_id: null }]);
    await running.apply(running.personState('q001', 1, amara));
    expect(await running.duplicates()).toEqual([]);
    await running.apply(running.personState('q001', 3, amara));
    expect(await running.duplicates()).toEqual([['p000', 'q001']]);
  }, 30_000);

  test('an event that comes twice, or after a newer one, changes nothing', async () => {
    const running = await trained(population());
    await running.apply(running.personState('q001', 2, amara));
    const before = await running.told(topics.clusterChanged);
    await running.apply(running.personState('q001', 2, amara));
    await running.apply(running.personState('q001', 1, { ...amara, given: 'Nora', email: 'nora@else.com' }));
    expect(await running.told(topics.clusterChanged)).toEqual(before);
  }, 30_000);

  test('two clusters that a record ties together become one, and the id that went is an alias', async () => {
    const people = population();
    const running = await trained(people);
    const nora = people.get('p005') as Person;
    // p005 turns out to be Amara under a new address: the record takes over everything of hers.
    await running.apply(running.personState('p005', 2, { ...amara }));
    expect(await running.duplicates()).toEqual([['p000', 'p005']]);
    const ids = [goldenId(tenantId, ref('p000')), goldenId(tenantId, ref('p005'))].toSorted();
    const meant = () =>
      database.transaction(tenantId, async (tx) => [
        await resolveAlias(tx, ids[0] as string),
        await resolveAlias(tx, ids[1] as string),
      ]);
    // Both held one record, so the lower id stays.
    expect(await meant()).toEqual([ids[0], ids[0]]);
    await running.apply(running.personState('p005', 3, nora));
    expect(await meant()).toEqual(ids);
    expect(await running.duplicates()).toEqual([]);
  }, 30_000);

  test('the partition does not depend on the order or the batches in which changes come', async () => {
    const people = population();
    const additions = ['p000', 'p011', 'p022', 'p033', 'p044'].flatMap((id, index) => {
      const person = people.get(id) as Person;
      return [
        [`x${index}`, person] as const,
        [`y${index}`, { ...person, phone: '' }] as const,
        [`z${index}`, { ...person, email: '' }] as const,
      ];
    });
    const events = additions.map(([id, person]) => ({ id, person }));
    const outcomes = new Set<string>();
    await fc.assert(
      fc.asyncProperty(
        fc.shuffledSubarray(events, { minLength: events.length }),
        fc.integer({ min: 1, max: 6 }),
        async (ordered, batch) => {
          tenant += 1;
          tenantId = `t${tenant}`;
          const running = await trained(people);
          for (let start = 0; start < ordered.length; start += batch) {
            await running.apply(
              ...ordered.slice(start, start + batch).map(({ id, person }) => running.personState(id, 1, person)),
            );
          }
          outcomes.add(JSON.stringify(await running.partition()));
          expect(outcomes.size).toBe(1);
        },
      ),
      { numRuns: 6 },
    );
  }, 60_000);

  test('tenants never share a cluster, however equal their records', async () => {
    const first = await trained(population());
    tenant += 1;
    tenantId = `t${tenant}`;
    const second = await trained(population());
    expect(await second.duplicates()).toEqual([]);
    const ids = (await second.told(topics.clusterChanged)).map((event) => event?.goldenId);
    const others = new Set((await first.told(topics.clusterChanged)).map((event) => event?.goldenId));
    expect(ids.some((id) => others.has(id))).toBe(false);
  }, 30_000);
});
