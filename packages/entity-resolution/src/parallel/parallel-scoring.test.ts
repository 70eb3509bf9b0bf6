import { expect, test } from '@jest/globals';
import { prepareRecords, resolve, resolveTable, trainModel } from '../index.ts';
import { contactSchema, generateContacts } from '../test-contacts.ts';
import { createParallelScoring } from './index.ts';

const { records } = generateContacts(900, 17);

test('the result is the same bit for bit whatever the number of threads', async () => {
  const model = await trainModel(records, contactSchema);
  const alone = await resolve(records, model);
  expect(alone.edges.length).toBeGreaterThan(300);
  for (const workers of [0, 1, 2, 3]) {
    const scoring = createParallelScoring({ workers, rowsPerWorker: 100 });
    expect(await resolve(records, model, { scoring })).toEqual(alone);
  }
});

test('a table whose values threads share can be resolved again', async () => {
  const table = await prepareRecords(records, contactSchema);
  const model = await trainModel(table, table.schema);
  const alone = await resolveTable(table, model);
  const scoring = createParallelScoring({ workers: 2, rowsPerWorker: 100 });
  expect(await resolveTable(table, model, { scoring })).toEqual(alone);
  expect(await resolveTable(table, model)).toEqual(alone);
});

test('a small table and one thread leave the work where it is', async () => {
  const table = await prepareRecords(records, contactSchema);
  const model = await trainModel(table, table.schema);
  const { index } = table.blocks as NonNullable<typeof table.blocks>;
  const pace = { due: () => false, pause: async () => undefined };
  const work = { table, model, index, floor: 0, pace };
  expect(await createParallelScoring()(work)).toBeNull();
  expect(await createParallelScoring({ workers: 1, rowsPerWorker: 1 })(work)).toBeNull();
});

test('an aborted signal ends the threads', async () => {
  const model = await trainModel(records, contactSchema);
  const stop = new AbortController();
  const onProgress = ({ phase }: { phase: string }): void => {
    if (phase === 'score') stop.abort(new Error('enough'));
  };
  const table = await prepareRecords(records, contactSchema);
  const scoring: ReturnType<typeof createParallelScoring> = async (work) =>
    createParallelScoring({ workers: 2, rowsPerWorker: 100 })({ ...work, pace: { ...work.pace, due: () => true } });
  await expect(resolveTable(table, model, { scoring, signal: stop.signal, onProgress })).rejects.toThrow('enough');
});
