import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type MatchModel, resolve, sealModel } from '@kempt/entity-resolution';
import { type Database, startTestDatabase, type TestDatabase } from '@kempt/postgres';
import fc from 'fast-check';
import { createDedupeSchema, type OpenDedupe, openDedupe, type Person, population, ref } from '../dedupe-test-bed.ts';
import { beginCollecting, loadModel, lockFreeState, saveModel, setDeciding } from '../models/model-store.ts';
import { standingVerdicts } from '../reviews/review-store.ts';
import { constraintsOf } from '../reviews/verdict-graph.ts';
import { loadKind } from './match-record-store.ts';
import { inputRecord } from './record-scorer.ts';

let server: TestDatabase;
let database: Database;
let trained: MatchModel;
let tenant = 0;

beforeAll(async () => {
  server = await startTestDatabase();
  database = await createDedupeSchema(server);
  const teacher = await openDedupe(database, 'teacher');
  const taught = population();
  // Links count in a model whose records had some.
  taught.set('hs:7:contacts:1000', { ...(taught.get('p079') as Person), linked: ['p079'] });
  await teacher.train(taught);
  trained = await database.transaction('teacher', async (tx) => {
    const state = await lockFreeState(tx, 'person');
    if (state.phase !== 'streaming') throw new Error('the model was not trained');
    return loadModel(tx, 'person', state.modelVersion);
  });
  await teacher.close();
}, 60_000);

afterAll(async () => {
  await database.close();
  await server.stop();
});

/** dedupe for a new tenant whose records are decided by the model from the first one on. */
async function streaming(model: MatchModel): Promise<OpenDedupe> {
  tenant += 1;
  const running = await openDedupe(database, `t${tenant}`);
  await database.transaction(running.tenantId, async (tx) => {
    await beginCollecting(tx, 'person');
    await beginCollecting(tx, 'organisation');
    await saveModel(tx, 'person', { model, records: 80, origin: 'first', requestedBy: 'test' });
    await setDeciding(tx, 'person', model.version);
  });
  return running;
}

/** What one batch over everything that is there makes of it. */
async function batchPartition(running: OpenDedupe, model: MatchModel): Promise<string[][]> {
  const { records, verdicts } = await database.transaction(running.tenantId, async (tx) => ({
    records: await loadKind(tx, 'person', { after: '', limit: 10_000 }),
    verdicts: await standingVerdicts(tx, 'person'),
  }));
  const { clusters } = await resolve(records.map(inputRecord), model, {
    ...constraintsOf(verdicts, new Set(records.map((record) => record.ref))),
  });
  return clusters
    .map((members) => members.map((member) => member.split(':')[3] as string).toSorted())
    .toSorted((left, right) => (left.join() < right.join() ? -1 : 1));
}

const people = [...population().values()];
/** Few people in many shapes, so that records meet, part, and share keys with too many others. */
const unlinked: fc.Arbitrary<Person> = fc
  .tuple(
    fc.constantFrom(0, 1, 2),
    fc.constantFrom('whole', 'no e-mail', 'no phone', 'other e-mail', 'other given name', 'namesake'),
  )
  .map(([number, how]) => {
    const person = people[number] as Person;
    const other = people[number + 11] as Person;
    if (how === 'no e-mail') return { ...person, email: '' };
    if (how === 'no phone') return { ...person, phone: '' };
    if (how === 'other e-mail') return { ...person, email: `${person.family}@home.org`.toLowerCase() };
    if (how === 'other given name') return { ...person, given: 'Bruno' };
    if (how === 'namesake') return { ...other, given: person.given, family: person.family };
    return person;
  });

/** Links come, go and change as well; some name a record that is not there, or one of HubSpot, which has no id in them. */
const shape: fc.Arbitrary<Person> = fc
  .tuple(unlinked, fc.array(fc.nat({ max: 9 }), { maxLength: 2 }))
  .map(([person, linked]) => (linked.length === 0 ? person : { ...person, linked: linked.map((to) => `r${to}`) }));

type State = { readonly person: Person } | { readonly gone: 'deleted' | 'erased' } | { readonly mergedInto: number };

const recordCount = 9;
/** Records from this one on have verdicts, and are not merged in the CRM: what a reviewer may say depends on what was merged before. */
const firstJudged = 5;

const history = fc.array(
  fc.tuple(
    fc.nat({ max: recordCount - 1 }),
    fc.oneof(
      { weight: 6, arbitrary: shape.map((person): State => ({ person })) },
      { weight: 2, arbitrary: fc.constantFrom<State>({ gone: 'deleted' }, { gone: 'erased' }) },
      { weight: 2, arbitrary: fc.nat({ max: firstJudged - 1 }).map((mergedInto): State => ({ mergedInto })) },
    ),
  ),
  { minLength: 4, maxLength: 26 },
);
const verdicts = fc
  .tuple(
    fc.constantFrom('same' as const, 'different' as const),
    fc.constantFrom('same' as const, 'different' as const),
    fc.subarray([0, 1], { minLength: 0 }),
  )
  .map(([first, second, picked]) =>
    [
      { verdict: first, left: firstJudged, right: firstJudged + 1 },
      { verdict: second, left: firstJudged + 2, right: firstJudged + 3 },
    ].filter((_, index) => picked.includes(index)),
  );

/** All but the e-mail address and the phone number. */
const weakKinds = 'd dg df dy dx dm l lp n k s g h z x y q o c t u a b r s& h& n& lp& z& x&'.split(' ');

/** Some of the records are of HubSpot; only they keep links. */
const isOfHubSpot = (number: number): boolean => number % 3 === 2;
const nameOf = (number: number): string => (isOfHubSpot(number) ? `hs:7:contacts:r${number}` : `r${number}`);

describe('the partition', () => {
  test.each([
    ['as blocks are', {}, 12],
    ['when keys are too common for their blocks again and again', { largestBlock: 3 }, 16],
    ['when most keys are too little alone', { weakKinds }, 12],
    ['when keys that are too little alone are too common again and again', { largestBlock: 3, weakKinds }, 16],
  ])(
    'does not depend on order or batches, and equals that of a batch, %s',
    async (_, changed: Partial<MatchModel['blocking']>, runs) => {
      const model = sealModel({ ...trained, blocking: { ...trained.blocking, ...changed } });
      await fc.assert(
        fc.asyncProperty(
          history,
          verdicts,
          fc.array(fc.nat(), { minLength: 40, maxLength: 40 }),
          fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 5 }),
          async (states, judged, order, sizes) => {
            const events = eventsOf(states);
            const inOrder = await run(model, { first: events.first, rest: events.rest, sizes: [1] }, judged);
            const shuffled = events.rest
              .map((event, index) => ({ event, at: order[index % order.length] ?? 0 }))
              .toSorted((left, right) => left.at - right.at)
              .map(({ event }) => event);
            const otherwise = await run(model, { first: events.first.toReversed(), rest: shuffled, sizes }, judged);
            expect(otherwise).toEqual(inOrder);
          },
        ),
        { numRuns: Number(process.env['KEMPT_PROPERTY_RUNS'] ?? runs) },
      );
    },
    600_000,
  );
});

interface PlannedEvent {
  readonly record: number;
  readonly version: number;
  readonly state: State;
}

/** The first version of every record, and what becomes of them, with versions. */
function eventsOf(states: readonly (readonly [number, State])[]): { first: PlannedEvent[]; rest: PlannedEvent[] } {
  const versions = new Map<number, number>();
  const first = Array.from({ length: recordCount }, (_, record) => ({
    record,
    version: 1,
    state: { person: people[record % 3] as Person },
  }));
  const rest = states.flatMap(([record, state]): PlannedEvent[] => {
    if ('mergedInto' in state) {
      const into = state.mergedInto;
      if (record >= firstJudged || into === record || isOfHubSpot(into) !== isOfHubSpot(record)) return [];
    }
    const version = (versions.get(record) ?? 1) + 1;
    versions.set(record, version);
    return [{ record, version, state }];
  });
  return { first, rest };
}

/** Applies events in chunks with verdicts in between. @returns the partition, which is also that of a batch */
async function run(
  model: MatchModel,
  plan: {
    readonly first: readonly PlannedEvent[];
    readonly rest: readonly PlannedEvent[];
    readonly sizes: readonly number[];
  },
  judged: readonly { readonly verdict: string; readonly left: number; readonly right: number }[],
): Promise<string[][]> {
  const running = await streaming(model);
  const apply = (events: readonly PlannedEvent[]) =>
    running.apply(
      ...events.map(({ record, version, state }) => {
        if ('person' in state) {
          const { linked = [], ...person } = state.person;
          return running.personState(nameOf(record), version, isOfHubSpot(record) ? { ...person, linked } : person);
        }
        if ('mergedInto' in state) {
          return running.personState(nameOf(record), version, undefined, { mergedInto: nameOf(state.mergedInto) });
        }
        return state.gone === 'erased'
          ? running.tombstone(nameOf(record), version)
          : running.personState(nameOf(record), version, undefined);
      }),
    );
  try {
    await apply(plan.first);
    let at = 0;
    let chunk = 0;
    const waiting = [...judged];
    while (at < plan.rest.length || waiting.length > 0) {
      const size = plan.sizes[chunk % plan.sizes.length] as number;
      await apply(plan.rest.slice(at, at + size));
      at += size;
      chunk += 1;
      const next = waiting.shift();
      if (next === undefined) continue;
      const { verdict, left, right } = next;
      const answer = await running.request('POST', '/v1/reviews', {
        verdict,
        left: ref(nameOf(left)),
        right: ref(nameOf(right)),
      });
      expect(answer.status).toBeLessThan(300);
    }
    const partition = await running.partition();
    expect(partition).toEqual(await batchPartition(running, model));
    return partition;
  } finally {
    await running.close();
  }
}
