import { describe, expect, test } from '@jest/globals';
import { prepareRecords, resolve, resolveTable, trainModel } from './index.ts';
import { createRandom } from './random.ts';
import { contactSchema, generateContacts, pairScores } from './test-contacts.ts';

const { records, truth } = generateContacts(500, 3);
const shuffled = (seed: number): typeof records => {
  const random = createRandom(seed);
  return records
    .map((item) => ({ item, at: random.next() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
};

describe('a table of records', () => {
  test('gives the model and the clusters that the records themselves give', async () => {
    const model = await trainModel(records, contactSchema);
    const table = await prepareRecords(records, model.schema);
    const again = await trainModel(table, table.schema);
    expect(again.version).toBe(model.version);
    const { clusters, edges } = await resolve(records, model);
    for (const used of [again, model]) {
      const found = await resolveTable(table, used);
      const byOwner = Map.groupBy(table.ids, (_, row) => found.clusterOf[row]);
      expect([...byOwner.values()]).toEqual(clusters);
      expect(Array.from(found.edges.weights)).toEqual(edges.map(({ weight }) => weight));
    }
  });

  test('knows which record came when', async () => {
    const mixed = shuffled(9);
    const table = await prepareRecords(mixed, contactSchema);
    expect(table.ids.map((_, row) => mixed[table.arrivals[row] as number]?.id)).toEqual(table.ids);
    expect(table.ids).toEqual([...table.ids].sort());
  });

  test('takes records as they arrive, and stops with the reason of the signal', async () => {
    const slowly = async function* (): AsyncGenerator<(typeof records)[number]> {
      for (const record of records) {
        await new Promise<void>((resume) => setImmediate(resume));
        yield record;
      }
    };
    expect((await prepareRecords(slowly(), contactSchema)).ids).toHaveLength(records.length);
    const enough = AbortSignal.abort(new Error('enough'));
    const many = async function* (): AsyncGenerator<(typeof records)[number]> {
      for (let at = 0; ; at += 1) {
        if (at % 1000 === 0) await new Promise((resume) => setTimeout(resume, 30));
        yield { ...(records[at % records.length] as (typeof records)[number]), id: String(at) };
      }
    };
    await expect(prepareRecords(many(), contactSchema, { signal: enough })).rejects.toThrow('enough');
  });
});

describe('learning from a sample', () => {
  test('gives an equal model in whatever order the records come, and one that is nearly as good', async () => {
    const model = await trainModel(records, contactSchema, { sampledRecords: 300 });
    expect((await trainModel(shuffled(5), contactSchema, { sampledRecords: 300 })).version).toBe(model.version);
    const whole = await trainModel(records, contactSchema);
    expect(model.version).not.toBe(whole.version);
    const scores = async (used: typeof model): Promise<number> => {
      const { precision, recall } = pairScores((await resolve(records, used)).clusters, truth);
      return Math.min(precision, recall);
    };
    expect(await scores(model)).toBeGreaterThan((await scores(whole)) - 0.02);
  });
});
