import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  createTestSchema,
  type Database,
  startTestDatabase,
  type TestDatabase,
  type Transaction,
} from '@kempt/postgres';
import { migrationFolders, type OpenDedupe, openDedupe, type Person, population, ref } from '../dedupe-test-bed.ts';

/** Full strength: KEMPT_INTERLEAVINGS=10000. */
const interleavings = Number(process.env['KEMPT_INTERLEAVINGS'] ?? 200);

let server: TestDatabase;
const databases: Database[] = [];

beforeAll(async () => {
  server = await startTestDatabase();
});

afterAll(async () => {
  for (const database of databases) await database.close();
  await server.stop();
});

/** A pod is a pool of its own with caches of its own. Before each statement it stands aside for a random while. */
interface Pod {
  readonly dedupe: OpenDedupe;
  close(): Promise<void>;
}

/** A source of randomness whose sequence follows from the seed alone. */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

function standingAside(database: Database, random: () => number, rewrite: (sql: string) => string): Database {
  const pause = async () => {
    for (let turns = Math.floor(random() * 6); turns > 0; turns -= 1) await new Promise(setImmediate);
  };
  const wrap = (tx: Transaction): Transaction => {
    let last = Promise.resolve();
    /** What is sent together stays in its order. */
    const stepAside = (): Promise<void> => {
      last = last.then(pause);
      return last;
    };
    return {
      tenantId: tx.tenantId,
      query: async <Row extends object>(sql: string, parameters?: readonly unknown[]) => {
        await stepAside();
        return tx.query<Row>(rewrite(sql), parameters);
      },
      execute: async (sql, parameters) => {
        await stepAside();
        return tx.execute(rewrite(sql), parameters);
      },
    };
  };
  return {
    ...database,
    transaction: (tenantId, work, options) => database.transaction(tenantId, (tx) => work(wrap(tx)), options),
  };
}

async function twoPods(schema: string, rewrite: (sql: string) => string) {
  const opened = await createTestSchema({
    adminUrl: server.adminUrl,
    schema,
    folders: migrationFolders,
    maxConnections: 8,
  });
  const { database } = opened;
  databases.push(database);
  const teacher = await openDedupe(database, 'race');
  await teacher.train(population());
  await teacher.close();
  const pod = async (seed: number): Promise<Pod> => {
    const dedupe = await openDedupe(standingAside(database, randomFrom(seed), rewrite), 'race');
    return { dedupe, close: () => dedupe.close() };
  };
  return { database, pods: [await pod(1), await pod(2)] as const };
}

/** Somebody with an e-mail address and a phone number that nobody else has. */
function stranger(number: number): Person {
  const word = (salt: number) =>
    [...(Math.imul(number + 1, salt) >>> 0).toString(26)].map((digit) => letters[Number.parseInt(digit, 26)]).join('');
  return {
    given: `Q${word(2_654_435_761)}`,
    family: `X${word(2_246_822_519)}`,
    email: `${word(3_266_489_917)}${number}@${word(668_265_263)}.org`,
    phone: `+4477${String(9_000_000 + number * 7)}`,
  };
}
const letters = 'abcdefghijklmnopqrstuvwxyz';

/** Both pods take one of two records that match, at the same moment. @returns how many of the pairs have no edge afterwards */
async function race(database: Database, pods: readonly [Pod, Pod], rounds: number): Promise<number> {
  const [left, right] = pods;
  for (let number = 0; number < rounds; number += 1) {
    const person = stranger(number);
    // Now and then a record of the round before changes as well, so that transactions meet in more than one place.
    const also = number % 3 === 0 && number > 0;
    await Promise.all([
      left.dedupe.apply(left.dedupe.personState(`l${number}`, 1, person)),
      right.dedupe.apply(
        right.dedupe.personState(`m${number}`, 1, { ...person, phone: '' }),
        ...(also ? [right.dedupe.personState(`m${number - 1}`, 2, stranger(number - 1))] : []),
      ),
    ]);
  }
  const edges = await database.transaction(left.dedupe.tenantId, (tx) =>
    tx.query<{ left_ref: string; right_ref: string }>(`select left_ref, right_ref from edge where tenant_id = $1`, [
      tx.tenantId,
    ]),
  );
  const found = new Set(edges.map((edge) => `${edge.left_ref} ${edge.right_ref}`));
  return Array.from({ length: rounds }, (_, number) => `${ref(`l${number}`)} ${ref(`m${number}`)}`).filter(
    (pair) => !found.has(pair),
  ).length;
}

describe('two pods', () => {
  test(`that insert matching records at the same moment miss no edge in ${interleavings} interleavings`, async () => {
    const { database, pods } = await twoPods('dedupe', (sql) => sql);
    expect(await race(database, pods, interleavings)).toBe(0);
    for (const pod of pods) await pod.close();
  }, 1_200_000);

  test('would miss edges without the lock of the kind: the interleavings are real', async () => {
    const { database, pods } = await twoPods('dedupe_unlocked', (sql) =>
      sql.includes('from resolution_state') ? sql.replace(/for (update|share)\s*$/, '') : sql,
    );
    // Both give the same number to their records then, and the second one fails.
    const missed = await race(database, pods, 40).catch(() => 40);
    expect(missed).toBeGreaterThan(0);
    for (const pod of pods) await pod.close();
  }, 120_000);
});
