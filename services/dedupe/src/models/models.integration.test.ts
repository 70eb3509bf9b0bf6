import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { topics } from '@kempt/contracts';
import { type MatchModel, resolve, sealModel } from '@kempt/entity-resolution';
import { type Database, startTestDatabase, type TestDatabase } from '@kempt/postgres';
import {
  amara,
  createDedupeSchema,
  type OpenDedupe,
  openDedupe,
  type Person,
  population,
  ref,
  waitFor,
} from '../dedupe-test-bed.ts';
import { loadKind } from '../matching/match-record-store.ts';
import { inputRecord } from '../matching/record-scorer.ts';
import type { ModelComparison } from './model-comparison.ts';
import { listModels, loadModel, saveModel } from './model-store.ts';
import { loadTask } from './model-task-store.ts';

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
  tenantId = `m${tenant}`;
});

interface ModelsAnswer {
  readonly items: readonly {
    readonly version: string;
    readonly deciding: boolean;
    readonly hasDecided: boolean;
    readonly origin: string;
    readonly requestedBy: string;
    readonly trainedOn: number;
    readonly comparison: ModelComparison | null;
  }[];
  readonly tasks: readonly { readonly task: string; readonly phase: string; readonly outcome: string }[];
}

async function opened(people: ReadonlyMap<string, Person>, settings = {}): Promise<OpenDedupe> {
  const running = await openDedupe(database, tenantId, settings);
  await running.train(people);
  return running;
}

async function models(running: OpenDedupe): Promise<ModelsAnswer> {
  return (await running.request<ModelsAnswer>('GET', '/v1/models')).body;
}

async function taskIsOver(running: OpenDedupe, name: string): Promise<void> {
  await waitFor(async () => (await models(running)).tasks.some((task) => task.task === name && task.phase === 'done'));
}

/** Twins of people that differ in one field, so that how strict a model is decides about them. */
function peopleWithTwins(): Map<string, Person> {
  const people = population();
  for (const [index, id] of ['p000', 'p011', 'p022', 'p033', 'p044', 'p055'].entries()) {
    const person = people.get(id) as Person;
    people.set(`x${index}`, { ...person, phone: '' });
    people.set(`y${index}`, { ...person, email: '' });
    if (index % 2 === 0)
      people.set(`z${index}`, { ...person, email: `${person.family}${index}@home.org`.toLowerCase() });
  }
  return people;
}

async function decidingModel(): Promise<MatchModel> {
  return database.transaction(tenantId, async (tx) => {
    const version = (await listModels(tx)).find((model) => model.deciding && model.entityKind === 'person')?.version;
    return loadModel(tx, 'person', version ?? '');
  });
}

/** A model that joins fewer records, or more. */
async function storeVariant(change: Partial<MatchModel>): Promise<MatchModel> {
  const { version: _, ...model } = await decidingModel();
  const variant = sealModel({ ...model, ...change });
  await database.transaction(tenantId, (tx) =>
    saveModel(tx, 'person', { model: variant, records: 1, origin: 'request', requestedBy: 'tester' }),
  );
  return variant;
}

/** What a batch with the model makes of the records as they are. */
async function batchPartition(model: MatchModel): Promise<string[][]> {
  const records = await database.transaction(tenantId, (tx) => loadKind(tx, 'person', { after: '', limit: 10_000 }));
  const { clusters } = await resolve(records.map(inputRecord), model);
  return clusters
    .map((refs) => refs.map((each) => each.split(':')[3] as string).toSorted())
    .toSorted((left, right) => (left.join() < right.join() ? -1 : 1));
}

describe('match models', () => {
  test('a candidate is trained on demand and compared with the model that decides; nothing that consumers see changes', async () => {
    const running = await opened(peopleWithTwins());
    await running.request('POST', '/v1/reviews', { left: ref('p000'), right: ref('x0'), verdict: 'same' });
    for (let number = 0; number < 30; number += 1) {
      await running.apply(
        running.personState(`n${number}`, 1, { ...amara, given: `Nia${number}`, family: `Stone${number}`, email: '' }),
      );
    }
    const before = await running.told(topics.clusterChanged);
    const deciding = await decidingModel();

    const asked = await running.request('POST', '/v1/models', { entityKind: 'person' });
    expect(asked).toMatchObject({
      status: 202,
      body: { task: 'training', phase: 'waiting', requestedBy: 'api-key:tester' },
    });
    await running.modelWork.start();
    await taskIsOver(running, 'training');
    await running.modelWork.stop();

    const { items } = await models(running);
    expect(items.find((model) => model.deciding)?.version).toBe(deciding.version);
    const candidate = items.find((model) => !model.deciding);
    expect(candidate).toMatchObject({
      origin: 'request',
      requestedBy: 'api-key:tester',
      trainedOn: peopleWithTwins().size + 30,
      hasDecided: false,
      comparison: {
        comparedWith: deciding.version,
        verdicts: { deciding: { verdicts: 1 }, candidate: { verdicts: 1 } },
      },
    });
    expect(candidate?.comparison?.levels.length).toBeGreaterThan(3);
    expect(await running.told(topics.clusterChanged)).toEqual(before);

    const shown = await running.request<{ diagnostics: { records: number }; columns: unknown[] }>(
      'GET',
      `/v1/models/${candidate?.version}`,
    );
    expect(shown.body.diagnostics.records).toBe(peopleWithTwins().size + 30);
    expect(shown.body.columns.length).toBeGreaterThan(3);
  }, 60_000);

  test('records that did not change give the model that decides, so there is no candidate', async () => {
    const running = await opened(population());
    await running.request('POST', '/v1/models', { entityKind: 'person' });
    await running.modelWork.start();
    await taskIsOver(running, 'training');
    await running.modelWork.stop();
    const { items, tasks } = await models(running);
    expect(items).toHaveLength(1);
    expect(tasks[0]?.outcome).toContain('the model that decides');
  }, 60_000);

  test('a promotion is refused with reasons unless somebody with the scope admin insists', async () => {
    const running = await opened(peopleWithTwins());
    const strict = await storeVariant({ threshold: 0.9999999999 });
    const url = `/v1/models/${strict.version}/promotion`;
    expect(await running.request('POST', url, {})).toMatchObject({ status: 409, body: { code: 'promotion_refused' } });

    await running.request('POST', `/v1/models/${strict.version}/comparison`);
    await running.request('POST', '/v1/reviews', { left: ref('p000'), right: ref('y0'), verdict: 'same' });
    await running.modelWork.start();
    await taskIsOver(running, 'comparison');
    const refused = await running.request<{ errors: { detail: string }[] }>('POST', url, {});
    expect(refused).toMatchObject({ status: 409, body: { code: 'promotion_refused' } });
    const reasons = refused.body.errors.map((error) => error.detail).join(' ');
    expect(reasons).toContain('verdicts');
    expect(await decidingModel()).not.toMatchObject({ version: strict.version });

    expect((await running.request('POST', url, { force: true }, { 'x-without-scope': 'admin' })).status).toBe(403);
    expect((await running.request('POST', url, {}, { 'x-without-scope': 'models:write' })).status).toBe(403);
    const forced = await running.request('POST', url, { force: true, note: 'we know' });
    expect(forced).toMatchObject({ status: 200, body: { promotion: { forced: true, promotedBy: 'api-key:tester' } } });
    expect((await decidingModel()).version).toBe(strict.version);
    await taskIsOver(running, 'rescoring');
    await running.modelWork.stop();
    expect((await running.request('POST', url, {})).body).toEqual({ promotion: null });
    expect((await running.request('POST', '/v1/models/unknown/promotion', {})).status).toBe(404);
  }, 60_000);

  test('after a promotion the clusters are those of a batch with the new model, and consumers see just what changed', async () => {
    const running = await opened(peopleWithTwins(), { rescoringStepRecords: 7, rescoringPauseMs: 0 });
    const first = await decidingModel();
    const partitionBefore = await running.partition();
    const told = (await running.told(topics.clusterChanged)).length;
    const strict = await storeVariant({ threshold: 0.9999999999 });
    await running.request('POST', `/v1/models/${strict.version}/promotion`, { force: true });
    await running.modelWork.start();
    await taskIsOver(running, 'rescoring');
    const partition = await running.partition();
    expect(partition).toEqual(await batchPartition(strict));
    expect(partition).not.toEqual(partitionBefore);

    const events = (await running.told(topics.clusterChanged)).slice(told);
    expect(events.every((event) => event?.modelVersion === strict.version)).toBe(true);
    const had = new Set(partitionBefore.map((ids) => ids.join()));
    for (const event of events) {
      expect(had).not.toContain((event?.members ?? []).map((member) => member.record?.recordId).join());
    }

    // Back to the first one: it decided before, so nothing speaks against it.
    const back = await running.request('POST', `/v1/models/${first.version}/promotion`, { note: 'too strict' });
    expect(back).toMatchObject({ status: 200, body: { promotion: { forced: false, previous: strict.version } } });
    await waitFor(async () => {
      const task = await database.transaction(tenantId, (tx) => loadTask(tx, 'person', 'rescoring'));
      return task?.version === first.version && task.phase === 'done';
    });
    await running.modelWork.stop();
    expect(await running.partition()).toEqual(partitionBefore);
    const { body } = await running.request<{ items: { version: string }[] }>('GET', '/v1/models/promotions');
    expect(body.items.map((promotion) => promotion.version)).toEqual([first.version, strict.version, first.version]);
  }, 60_000);

  test('a rescoring that a crash interrupted goes on where it was, while records change', async () => {
    const people = peopleWithTwins();
    const running = await opened(people, { rescoringStepRecords: 5, rescoringPauseMs: 20 });
    const loose = await storeVariant({ threshold: 0.9999999999 });
    await running.request('POST', `/v1/models/${loose.version}/promotion`, { force: true });
    const progress = () => database.transaction(tenantId, (tx) => loadTask(tx, 'person', 'rescoring'));
    await running.modelWork.start();
    await waitFor(async () => ((await progress())?.recordsDone ?? 0) >= 10);
    await running.modelWork.stop();
    const interrupted = await progress();
    expect(interrupted?.phase).toBe('edges');
    expect(interrupted?.recordsDone).toBeLessThan(people.size);

    // Changes before and behind the place that the rescoring has reached.
    await running.apply(running.personState('p001', 2, { ...amara, phone: '' }));
    await running.apply(running.personState('p079', 2, undefined), running.personState('zz', 1, people.get('p033')));

    const next = await openDedupe(database, tenantId, { rescoringStepRecords: 5, rescoringPauseMs: 0 });
    await next.modelWork.start();
    await taskIsOver(next, 'rescoring');
    await next.modelWork.stop();
    expect((await progress())?.recordsDone).toBeGreaterThanOrEqual(people.size);
    expect(await next.partition()).toEqual(await batchPartition(loose));
  }, 60_000);

  test('a candidate is trained by itself when the records have grown out of the model', async () => {
    const running = await opened(population(), { modelGrowthMax: 0.1 });
    const twins = [...peopleWithTwins()].filter(([id]) => !id.startsWith('p'));
    await running.apply(...twins.map(([id, person]) => running.personState(id, 1, person)));
    await running.modelWork.start();
    await taskIsOver(running, 'training');
    await running.modelWork.stop();
    expect((await models(running)).items.find((model) => !model.deciding)).toMatchObject({ origin: 'growth' });
  }, 60_000);
});
