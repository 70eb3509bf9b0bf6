import { afterEach, expect, test } from '@jest/globals';
import { prepareRecords, type RecordTable, resolutionOf, resolve, resolveTable, trainModel } from '../index.ts';
import { contactSchema, generateContacts, linkedContactSchema } from '../test-contacts.ts';
import { createCrew, PieceUnreadableError, type ThreadCrew } from './index.ts';
import type { TestPiece } from './test-pieces.ts';

const people = 900;
const seed = 17;
const { records } = generateContacts(people, seed);
const reader = new URL('./test-pieces.ts', import.meta.url);

const crews: ThreadCrew[] = [];
afterEach(async () => {
  await Promise.all(crews.splice(0).map((crew) => crew.end()));
});

function crewOf(workers: number): ThreadCrew {
  const crew = createCrew({ workers });
  crews.push(crew);
  return crew;
}

function piecesOf(size: number): TestPiece[] {
  return Array.from({ length: Math.ceil(records.length / size) }, (_, at) => ({
    people,
    seed,
    from: at * size,
    to: Math.min(records.length, (at + 1) * size),
  }));
}

function contentOf({ ids, sources, arrivals, store }: RecordTable): unknown {
  return ids.map((id, row) => [id, sources[row], arrivals[row], store.valuesOf(row), store.maskOf(row)]);
}

test('model, edges and clusters are the same bit for bit whatever the number of threads', async () => {
  const model = await trainModel(records, linkedContactSchema);
  const alone = await resolve(records, model);
  expect(alone.edges.length).toBeGreaterThan(300);
  for (const workers of [0, 1, 2, 3]) {
    const crew = crewOf(workers);
    const table = await crew.prepare(piecesOf(100), model.schema, { reader, expected: records.length });
    expect(await trainModel(table, table.schema, { crew })).toEqual(model);
    expect(resolutionOf(table, await resolveTable(table, model, { crew }))).toEqual(alone);
  }
});

test('a table that threads prepared is the one that this thread prepares', async () => {
  const alone = contentOf(await prepareRecords(records, contactSchema));
  const crew = crewOf(2);
  for (const size of [1, 7, 250, 10_000])
    expect(contentOf(await crew.prepare(piecesOf(size), contactSchema, { reader, expected: 10 }))).toEqual(alone);
});

test('where few of the records are looked at in training, threads learn the same from them', async () => {
  const alone = await trainModel(records, contactSchema, { sampledRecords: 500 });
  expect(await trainModel(records, contactSchema, { sampledRecords: 500, crew: crewOf(2) })).toEqual(alone);
});

test('a table that threads share can be resolved again, and a crew can take another one', async () => {
  const crew = crewOf(2);
  const table = await prepareRecords(records, contactSchema);
  const model = await trainModel(table, table.schema);
  const alone = await resolveTable(table, model);
  expect(await resolveTable(table, model, { crew })).toEqual(alone);
  expect(await resolveTable(table, model)).toEqual(alone);
  const other = await prepareRecords(records.slice(0, 400), contactSchema);
  expect(await resolveTable(other, model, { crew })).toEqual(await resolveTable(other, model));
  expect(await resolveTable(table, model, { crew })).toEqual(alone);
});

test('an aborted signal ends the work of all threads', async () => {
  const crew = crewOf(2);
  const stop = new AbortController();
  const onProgress = ({ done }: { done: number }): void => {
    if (done > 0) stop.abort(new Error('enough'));
  };
  await expect(
    crew.prepare(piecesOf(50), contactSchema, { reader, expected: 10, signal: stop.signal, onProgress }),
  ).rejects.toThrow('enough');
  const table = await prepareRecords(records, contactSchema);
  await expect(trainModel(table, table.schema, { crew, signal: AbortSignal.abort(new Error('no')) })).rejects.toThrow(
    'no',
  );
});

test.each([1, 2])('a piece that cannot be read is named, %i threads', async (workers) => {
  const pieces = piecesOf(100).map((piece, at) => (at === 3 ? { ...piece, from: piece.to + 1 } : piece));
  const failing = crewOf(workers).prepare(pieces, contactSchema, { reader, expected: 10 });
  await expect(failing).rejects.toMatchObject({ name: 'PieceUnreadableError', piece: 3 });
  await expect(failing).rejects.toBeInstanceOf(PieceUnreadableError);
});

test.each([1, 2])('what a reader throws comes through, %i threads', async (workers) => {
  const pieces = piecesOf(100).map((piece, at) => (at === 5 ? { ...piece, from: piece.to } : piece));
  const failing = crewOf(workers).prepare(pieces, contactSchema, { reader, expected: 10 });
  await expect(failing).rejects.toThrow('an empty piece');
});
