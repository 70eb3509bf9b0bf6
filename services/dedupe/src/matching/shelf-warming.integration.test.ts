import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type Database, startTestDatabase, type TestDatabase } from '@kempt/postgres';
import { createDedupeSchema, openDedupe, type Person, population } from '../dedupe-test-bed.ts';

let server: TestDatabase;
let database: Database;
const people = population();

beforeAll(async () => {
  server = await startTestDatabase();
  database = await createDedupeSchema(server);
  await (await openDedupe(database, 'warm')).train(people);
});

afterAll(async () => {
  await database.close();
  await server.stop();
});

async function prepared(dedupe: Awaited<ReturnType<typeof openDedupe>>): Promise<number> {
  const line = (await dedupe.metrics.registry.metrics())
    .split('\n')
    .find((each) => each.startsWith('kempt_dedupe_prepared_records'));
  return Number(line?.split(' ').at(-1));
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 20_000;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error('it did not come to be within 20 s');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

test('after a start the records of every kind that streams stand ready, without any change', async () => {
  const dedupe = await openDedupe(database, 'warm');
  expect(await prepared(dedupe)).toBe(0);
  await dedupe.warming.start();
  dedupe.warming.wake();
  await until(async () => (await prepared(dedupe)) === people.size);
  await dedupe.warming.stop();
});

test('changes that come while records are made ready lead to the partition that a fresh instance comes to', async () => {
  const warm = await openDedupe(database, 'warm');
  const edited = [...people].slice(0, 30).map(([id, person]): [string, Person] => [id, { ...person, given: 'Zoe' }]);
  await warm.warming.start();
  warm.warming.wake();
  await Promise.all(edited.map(([id, person]) => warm.apply(warm.personState(id, 2, person))));
  await warm.warming.stop();
  const partition = await warm.partition();
  const fresh = await openDedupe(database, 'warm');
  await fresh.apply(...edited.map(([id, person]) => fresh.personState(id, 3, { ...person, given: 'Zoe ' })));
  expect(await fresh.partition()).toEqual(partition);
});
