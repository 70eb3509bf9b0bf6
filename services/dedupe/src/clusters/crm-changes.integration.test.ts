import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { ClusterChangeKind, ProposalState, topics } from '@kempt/contracts';
import { type Database, startTestDatabase, type TestDatabase } from '@kempt/postgres';
import {
  amara,
  createDedupeSchema,
  type OpenDedupe,
  openDedupe,
  type Person,
  population,
  ref,
} from '../dedupe-test-bed.ts';
import { goldenId } from './golden-id.ts';

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

async function opened(people: ReadonlyMap<string, Person> = population()): Promise<OpenDedupe> {
  const running = await openDedupe(database, tenantId);
  await running.train(people);
  return running;
}

async function meaning(running: OpenDedupe, identity: string) {
  const { body } = await running.request<{ goldenId: string; members: string[] }>('GET', `/v1/ids/${identity}`);
  return { goldenId: body.goldenId, members: body.members };
}

const id = (founder: string) => goldenId(tenantId, ref(founder));

describe('what the topics say of changes in the CRM', () => {
  test('a merge of two records of one cluster: the loser leaves, the golden ID stays, the proposal is withdrawn', async () => {
    const people = population();
    people.set('q001', amara);
    const running = await opened(people);
    await running.apply(running.personState('q001', 2, undefined, { mergedInto: 'p000' }));
    const change = (await running.told(topics.clusterChanged)).at(-1);
    expect(change).toMatchObject({ goldenId: id('p000'), kind: ClusterChangeKind.MEMBERS_CHANGED, version: 2 });
    expect(change?.members.map((member) => member.record?.recordId)).toEqual(['p000']);
    const proposal = (await running.told(topics.mergeProposed)).at(-1);
    expect(proposal).toMatchObject({ state: ProposalState.WITHDRAWN, reason: 'the records were merged in the CRM' });
    expect(await meaning(running, ref('q001'))).toEqual({ goldenId: id('p000'), members: [ref('p000')] });
  }, 30_000);

  test('a merge of two records of three: the proposal is told again with those that are left, and the merge undone, with all', async () => {
    const people = population();
    people.set('q001', amara);
    people.set('q002', amara);
    const running = await opened(people);
    await running.apply(running.personState('q001', 2, undefined, { mergedInto: 'p000' }));
    await running.apply(running.personState('q001', 3, amara));
    const told = await running.told(topics.mergeProposed);
    expect(told.map((event) => [event?.version, event?.losers.map((loser) => loser.recordId)])).toEqual([
      [1, ['q001', 'q002']],
      [2, ['q002']],
      [3, ['q001', 'q002']],
    ]);
    expect((await running.told(topics.clusterChanged)).at(-1)?.kind).toBe(ClusterChangeKind.MEMBERS_CHANGED);
  }, 30_000);

  test('a merge of two clusters: the golden ID of the loser is an alias of that of the survivor, until the merge is undone', async () => {
    const running = await opened();
    // p020 is lower than p070 or the other way round; the survivor keeps its id either way.
    for (const [survivor, loser] of [
      ['p020', 'p070'],
      ['p071', 'p021'],
    ] as const) {
      await running.apply(running.personState(loser, 2, undefined, { mergedInto: survivor }));
      const change = (await running.told(topics.clusterChanged)).at(-1);
      expect(change).toMatchObject({ goldenId: id(survivor), kind: ClusterChangeKind.MERGED, absorbed: [id(loser)] });
      expect((await running.told(topics.idAliased)).at(-1)).toMatchObject({
        alias: id(loser),
        goldenId: id(survivor),
      });
      expect(await meaning(running, id(loser))).toEqual({ goldenId: id(survivor), members: [ref(survivor)] });

      await running.apply(running.personState(loser, 3, population().get(loser)));
      expect(await meaning(running, id(loser))).toEqual({ goldenId: id(loser), members: [ref(loser)] });
      const again = (await running.told(topics.clusterChanged)).at(-1);
      expect(again).toMatchObject({ goldenId: id(loser), kind: ClusterChangeKind.CREATED });
      // The alias is taken out of the compacted topic.
      expect((await running.told(topics.idAliased)).at(-1)).toBeNull();
    }
  }, 30_000);

  test.each(['the survivor', 'the losers'])(
    'a merge into a third record: the golden ID goes over to it, when %s come first',
    async (first) => {
      const people = population();
      people.set('q001', amara);
      const running = await opened(people);
      const survivor = running.personState('z999', 1, amara);
      const losers = [
        running.personState('p000', 2, undefined, { mergedInto: 'z999' }),
        running.personState('q001', 2, undefined, { mergedInto: 'z999' }),
      ];
      for (const event of first === 'the survivor' ? [survivor, ...losers] : [...losers, survivor]) {
        await running.apply(event);
      }
      for (const identity of [id('p000'), ref('p000'), ref('q001'), ref('z999')]) {
        expect(await meaning(running, identity)).toEqual({ goldenId: id('p000'), members: [ref('z999')] });
      }
      const { MEMBERS_CHANGED, DISSOLVED } = ClusterChangeKind;
      const told = (await running.told(topics.clusterChanged)).filter((event) => event?.goldenId === id('p000'));
      expect(told.slice(1).map((event) => event?.kind)).toEqual(
        first === 'the survivor'
          ? [MEMBERS_CHANGED, MEMBERS_CHANGED, MEMBERS_CHANGED]
          : [MEMBERS_CHANGED, DISSOLVED, MEMBERS_CHANGED],
      );
      expect((await running.told(topics.mergeProposed)).at(-1)?.state).toBe(ProposalState.WITHDRAWN);
    },
    30_000,
  );

  test('a deletion: the record leaves; a cluster of which none is left is dissolved, and comes back with the record', async () => {
    const running = await opened();
    await running.apply(running.personState('p030', 2, undefined));
    const dissolved = (await running.told(topics.clusterChanged)).at(-1);
    expect(dissolved).toMatchObject({ goldenId: id('p030'), kind: ClusterChangeKind.DISSOLVED, members: [] });
    await running.apply(running.personState('p030', 3, population().get('p030')));
    const back = (await running.told(topics.clusterChanged)).at(-1);
    expect(back).toMatchObject({ goldenId: id('p030'), kind: ClusterChangeKind.CREATED, version: 3 });
  }, 30_000);

  test('an erasure: the cluster changes, and nothing of the record is left but its reference, its version and the verdicts on it', async () => {
    const people = population();
    people.set('q001', { ...amara, given: 'Amarantha' });
    const running = await opened(people);
    await running.request('POST', '/v1/reviews', {
      left: ref('q001'),
      right: ref('p044'),
      verdict: 'different',
      note: 'Amarantha told me',
    });
    expect(await running.duplicates()).toEqual([['p000', 'q001']]);
    await running.apply(running.tombstone('q001', 2));
    expect(await running.duplicates()).toEqual([]);
    const tables = await database.transaction(tenantId, (tx) =>
      tx.query<{ rows: string }>(
        `select (select coalesce(string_agg(concat(r.fields, r.golden_id, r.merged_into), ''), '') from match_record r where ref like '%q001')
             || (select coalesce(string_agg(v::text, ''), '') from vendor_record v where ref like '%q001')
             || (select coalesce(nullif(length(r.keys), 0)::text, '') from match_record r where ref like '%q001')
             || (select case when (select sum(length(b.entries)) / 10 from block_page b)
                                  = (select sum(length(r.keys)) / 6 from match_record r) then '' else 'keys are left' end)
             || (select coalesce(string_agg(e::text, ''), '') from edge e where left_ref like '%q001' or right_ref like '%q001')
             || (select coalesce(string_agg(p.choices::text, ''), '') from merge_proposal p)
             || (select coalesce(string_agg(w.note, ''), '') from review w) as rows`,
      ),
    );
    expect(tables[0]?.rows).toBe('[]');
    await running.apply(running.personState('q001', 3, amara));
    expect(await running.duplicates()).toEqual([['p000', 'q001']]);
  }, 30_000);
});
