import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type Database, startTestDatabase, type TestDatabase, type Transaction } from '@kempt/postgres';
import { createDedupeSchema, type OpenDedupe, openDedupe, type Person, population } from '../dedupe-test-bed.ts';

let server: TestDatabase;
let database: Database;
const people = population();
const edited = (id: string, given: string): Person => ({ ...(people.get(id) as Person), given });

beforeAll(async () => {
  server = await startTestDatabase();
  database = await createDedupeSchema(server);
  await (await openDedupe(database, 'tenant')).train(people);
});

afterAll(async () => {
  await database.close();
  await server.stop();
});

interface Instance {
  readonly dedupe: OpenDedupe;
  /** Pages and candidates that it asked for since this was called last. */
  asked(): { readonly pages: number; readonly candidates: number };
  failNext(): void;
}

async function instance(): Promise<Instance> {
  const counts = { pages: 0, candidates: 0 };
  let failing = false;
  const count = (sql: string, parameters: readonly unknown[] = []): void => {
    const numbers = (parameters[2] as readonly number[] | undefined)?.length ?? 0;
    if (sql.includes('from block_page')) counts.pages += numbers;
    if (sql.includes('as wanted (number, known)')) counts.candidates += numbers;
  };
  const wrap = (tx: Transaction): Transaction => ({
    tenantId: tx.tenantId,
    query: async <Row extends object>(sql: string, parameters?: readonly unknown[]) => {
      count(sql, parameters);
      return tx.query<Row>(sql, parameters);
    },
    execute: async (sql, parameters) => tx.execute(sql, parameters),
  });
  const dedupe = await openDedupe(
    {
      ...database,
      transaction: (tenantId, work, options) =>
        database.transaction(
          tenantId,
          async (tx) => {
            const result = await work(wrap(tx));
            if (!failing) return result;
            failing = false;
            throw new Error('the transaction fails at its end');
          },
          options,
        ),
    },
    'tenant',
  );
  return {
    dedupe,
    asked() {
      const asked = { ...counts };
      Object.assign(counts, { pages: 0, candidates: 0 });
      return asked;
    },
    failNext() {
      failing = true;
    },
  };
}

const nothing = { pages: 0, candidates: 0 };

test('an instance asks for what it remembers only where another one changed it, or where its own change failed', async () => {
  const [one, other] = [await instance(), await instance()];
  const [first, second] = [...people.keys()] as [string, string];
  let version = 1;
  const change = async ({ dedupe }: Instance, id: string, given: string): Promise<void> => {
    version += 1;
    await dedupe.apply(dedupe.personState(id, version, edited(id, given)));
  };

  await change(one, first, 'Zoe');
  const whole = one.asked();
  expect(whole.pages).toBeGreaterThan(0);
  await change(one, first, 'Ann');
  one.asked();
  await change(one, first, 'Zoe');
  expect(one.asked()).toEqual(nothing);

  await change(other, first, 'Ann');
  await change(one, first, 'Zoe');
  const again = one.asked();
  expect(again.pages).toBeGreaterThan(0);
  expect(again.pages).toBeLessThan(whole.pages);

  one.failNext();
  await expect(change(one, first, 'Ann')).rejects.toThrow('fails at its end');
  one.asked();
  await change(one, first, 'Ann');
  expect(one.asked().pages).toBeGreaterThan(0);

  await change(one, second, 'Kim');
  await change(other, second, 'Eve');
  const fresh = await openDedupe(database, 'tenant');
  const before = await one.dedupe.partition();
  await fresh.apply(fresh.personState(second, (version += 1), edited(second, 'Eve ')));
  expect(await fresh.partition()).toEqual(before);
});

test('what an instance of an earlier release changed, which leaves no mark, is noticed', async () => {
  const one = await instance();
  const [id] = [...people.keys()].slice(3) as [string];
  for (const version of [20, 21])
    await one.dedupe.apply(one.dedupe.personState(id, version, edited(id, `V${version}`)));
  one.asked();
  await database.transaction('tenant', (tx) =>
    tx.execute(
      `update resolution_state set key_pages = key_pages, key_entries = key_entries, records_numbered = records_numbered
       where tenant_id = $1 and entity_kind = 'person'`,
      [tx.tenantId],
    ),
  );
  await one.dedupe.apply(one.dedupe.personState(id, 22, edited(id, 'V20')));
  expect(one.asked().pages).toBeGreaterThan(0);
});

test('an instance that was made ready asks for nothing with its first change', async () => {
  const ready = await instance();
  await ready.dedupe.warming.start();
  ready.dedupe.warming.wake();
  const deadline = performance.now() + 20_000;
  for (;;) {
    const text = await ready.dedupe.metrics.registry.metrics();
    if (text.match(new RegExp(`^kempt_dedupe_prepared_records\\S* ${people.size}$`, 'm')) !== null) break;
    if (performance.now() > deadline) throw new Error('the records were not ready within 20 s');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await ready.dedupe.warming.stop();
  ready.asked();
  const [id] = [...people.keys()].slice(-1) as [string];
  await ready.dedupe.apply(ready.dedupe.personState(id, 50, { ...(people.get(id) as Person), phone: '' }));
  expect(ready.asked()).toEqual(nothing);
});
