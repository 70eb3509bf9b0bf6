import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  createTestSchema,
  type Database,
  startTestDatabase,
  type TestDatabase,
  type Transaction,
} from '@kempt/postgres';
import { migrationFolders, type OpenDedupe, openDedupe, type Person, population } from '../dedupe-test-bed.ts';

/** Full strength: KEMPT_INTERLEAVINGS=10000. */
const interleavings = Number(process.env['KEMPT_INTERLEAVINGS'] ?? 300);

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
  const wrap = (tx: Transaction): Transaction => ({
    tenantId: tx.tenantId,
    query: async <Row extends object>(sql: string, parameters?: readonly unknown[]) => {
      await pause();
      return tx.query<Row>(rewrite(sql), parameters);
    },
    execute: async (sql, parameters) => {
      await pause();
      return tx.execute(rewrite(sql), parameters);
    },
  });
  return {
    ...database,
    transaction: (tenantId, work, options) => database.transaction(tenantId, (tx) => work(wrap(tx)), options),
  };
}

async function twoPods(
  schema: string,
  tenantId: string,
  rewrite: (sql: string) => string,
): Promise<readonly [Pod, Pod]> {
  const opened = await createTestSchema({
    adminUrl: server.adminUrl,
    schema,
    folders: migrationFolders,
    maxConnections: 8,
  });
  databases.push(opened.database);
  const teacher = await openDedupe(opened.database, tenantId);
  await teacher.train(population());
  await teacher.close();
  const pod = async (seed: number): Promise<Pod> => {
    const dedupe = await openDedupe(standingAside(opened.database, randomFrom(seed), rewrite), tenantId);
    return { dedupe, close: () => dedupe.close() };
  };
  return [await pod(1), await pod(2)];
}

/** Somebody who resembles nobody else, by number. */
function stranger(number: number): Person {
  const letters = [...number.toString(26).padStart(4, '0')].map((digit) =>
    String.fromCharCode(97 + Number.parseInt(digit, 26)),
  );
  const name = letters.map((letter, at) => `${letter}${'aeiou'[(number + at) % 5]}`).join('');
  return {
    given: `Q${name}`,
    family: `X${[...name].toReversed().join('')}ov`,
    email: `${name}.${number}@only${number}.org`,
    phone: `+4477009${String(10_000 + number).slice(-5)}`,
  };
}

/** Both pods take one of two records that match, at the same moment. @returns how many of the pairs ended in one cluster */
async function race(pods: readonly [Pod, Pod], rounds: number): Promise<number> {
  for (let number = 0; number < rounds; number += 1) {
    const person = stranger(number);
    const [left, right] = pods;
    // Now and then both write a record of another round as well, so that transactions overlap in more than one place.
    const also = number % 3 === 0 && number > 0 ? stranger(number - 1) : undefined;
    await Promise.all([
      left.dedupe.apply(left.dedupe.personState(`l${number}`, 1, person)),
      right.dedupe.apply(
        right.dedupe.personState(`m${number}`, 1, { ...person, phone: '' }),
        ...(also === undefined
          ? []
          : [right.dedupe.personState(`m${number - 1}`, 2, { ...also, phone: '+447700900000' })]),
      ),
    ]);
  }
  const together = (await pods[0].dedupe.duplicates()).filter(
    (ids) => ids.length === 2 && ids[0]?.slice(1) === ids[1]?.slice(1),
  );
  return together.length;
}

describe('two pods', () => {
  test(`that insert matching records at the same moment miss no edge in ${interleavings} interleavings`, async () => {
    const pods = await twoPods('dedupe', 'race', (sql) => sql);
    expect(await race(pods, interleavings)).toBe(interleavings);
    for (const pod of pods) await pod.close();
  }, 1_200_000);

  test('would miss edges without the lock of the kind: the interleavings are real', async () => {
    const pods = await twoPods('dedupe_unlocked', 'race', (sql) =>
      sql.includes('from resolution_state') ? sql.replace(/for (update|share)\s*$/, '') : sql,
    );
    const missed = await race(pods, 60).then(
      (found) => 60 - found,
      // Or one of the two fails outright, since both gave the same number to a record.
      () => 60,
    );
    expect(missed).toBeGreaterThan(0);
    for (const pod of pods) await pod.close();
  }, 120_000);
});
