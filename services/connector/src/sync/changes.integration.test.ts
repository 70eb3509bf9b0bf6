import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { ChangeKind, ChangeOrigin, type RecordChanged, SyncRunKind, topics } from '@kempt/contracts';
import { type Database, startTestDatabase, type TestDatabase } from '@kempt/postgres';
import {
  buildTestConnector,
  clearSchedule,
  connected,
  createConnectorSchema,
  eventually,
  outboxEvents,
  type RunningConnector,
} from '../connector-test-bed.ts';
import {
  asText,
  hubspotConnection,
  hubspotSnapshot,
  mirrorOf,
  type SimulatedCrms,
  salesforceConnection,
  salesforceSnapshot,
  startCrms,
} from '../crm-test-bed.ts';

let server: TestDatabase;
let database: Database;
let crms: SimulatedCrms;
let connector: RunningConnector;
let tenant = 0;
let tenantId = '';

beforeAll(async () => {
  server = await startTestDatabase();
  database = await createConnectorSchema(server);
});

afterAll(async () => {
  await database.close();
  await server.stop();
});

beforeEach(async () => {
  tenant += 1;
  tenantId = `t${tenant}`;
  crms = await startCrms();
});

afterEach(async () => {
  await connector.stop();
  await clearSchedule(database);
  await crms.stop();
});

async function start(settings: { pageRecords?: number } = {}): Promise<void> {
  connector = await buildTestConnector({
    database,
    connections: [
      { ...salesforceConnection(crms, ['Account', 'Contact']), tenant: tenantId },
      { ...hubspotConnection(crms, ['companies', 'contacts']), tenant: tenantId },
    ],
    settings,
  });
  await connector.start();
}

const shown = async (object: string, id: string) => (await mirrorOf(connector, object, tenantId)).get(id);

/** What was told of a record, oldest first. */
async function told(id: string): Promise<RecordChanged[]> {
  const events = await outboxEvents(database, tenantId);
  return events
    .filter(({ topic, key }) => topic === topics.recordChanged && key.endsWith(`:${id}`))
    .map(({ data }) => data as unknown as RecordChanged);
}

const kindsOf = async (id: string) => (await told(id)).map(({ kind }) => kind);

describe('changes in Salesforce', () => {
  test('are found: created, updated, deleted and taken back from the recycle bin', async () => {
    const { records } = crms.salesforce;
    const id = records.create('Contact', { LastName: 'Lee', Email: 'ann@acme.example' });
    await start();
    await connected(connector, tenantId);

    records.update('Contact', id, { LastName: 'Lee-Smith', Email: '' });
    await eventually('the update', async () => (await shown('Contact', id))?.version === 2);
    records.delete('Contact', id);
    await eventually('the deletion', async () => (await shown('Contact', id))?.deleted);
    records.undelete('Contact', id);
    await eventually('the restoration', async () => (await shown('Contact', id))?.deleted === false);
    const young = records.create('Contact', { LastName: 'New' });
    await eventually('the new record', async () => (await shown('Contact', young))?.version === 1);

    expect(await kindsOf(id)).toEqual([
      ChangeKind.CREATED,
      ChangeKind.UPDATED,
      ChangeKind.DELETED,
      ChangeKind.RESTORED,
    ]);
    const [, updated, deleted] = await told(id);
    expect(updated?.origin).toBe(ChangeOrigin.INCREMENTAL);
    expect(updated?.changedFields).toEqual(expect.arrayContaining(['Email', 'LastName', 'Name']));
    expect(updated?.fields.Email?.kind).toEqual({ case: 'null', value: 0 });
    expect(deleted?.fields).toEqual({});
    const events = await outboxEvents(database, tenantId);
    const live = events.filter(
      ({ topic, key, sequence }) => topic === topics.recordChanged && key.endsWith(`:${id}`) && sequence > 1,
    );
    expect(live.every(({ lane }) => lane === 'live')).toBe(true);
    expect(
      events.some(
        ({ topic, data }) =>
          topic === topics.syncRunFinished &&
          (data as unknown as { kind: SyncRunKind }).kind === SyncRunKind.INCREMENTAL,
      ),
    ).toBe(true);
  });

  test('of a merge name the winner on the losers', async () => {
    const { records } = crms.salesforce;
    const [winner = '', first = '', second = ''] = ['A', 'B', 'C'].map((name) =>
      records.create('Contact', { LastName: name, Description: name }),
    );
    await start();
    await connected(connector, tenantId);
    records.merge('Contact', winner, [first, second]);
    for (const loser of [first, second]) {
      const record = await eventually('the merge', async () => {
        const found = await shown('Contact', loser);
        return found?.mergedInto === undefined ? undefined : found;
      });
      expect(record).toMatchObject({ deleted: true });
      expect(record.mergedInto).toMatch(new RegExp(`:Contact:${winner}$`));
      expect(await kindsOf(loser)).toEqual([ChangeKind.CREATED, ChangeKind.MERGED]);
    }
    expect((await shown('Contact', winner))?.deleted).toBe(false);
  });

  test('are found one and all when many share a stamp at the edges of pages', async () => {
    const { records, store } = crms.salesforce;
    const ids = Array.from({ length: 25 }, (_, index) => records.create('Contact', { LastName: `Lee ${index}` }));
    await start({ pageRecords: 4 });
    await connected(connector, tenantId);
    // One statement changes them all: the same stamp for each, and pages end in the middle of it.
    for (const id of ids) records.update('Contact', id, { Title: 'Chief' });
    const stamps = new Set(ids.map((id) => store.find(id)?.record.modifiedAt));
    expect(stamps.size).toBeLessThan(5);
    await eventually('every change', async () => {
      const mirror = await mirrorOf(connector, 'Contact', tenantId);
      return ids.every((id) => mirror.get(id)?.fields.Title === 'Chief');
    });
    for (const id of ids) expect(await kindsOf(id)).toEqual([ChangeKind.CREATED, ChangeKind.UPDATED]);
  });

  test('that happen while the first reading goes on are not lost', async () => {
    const { records, faults } = crms.salesforce;
    const ids = Array.from({ length: 30 }, (_, index) => records.create('Contact', { LastName: `Lee ${index}` }));
    // Later pages come late, so that there is time to change what the earlier ones held.
    faults.inject({ path: 'Id%20%3E.*LIMIT', skip: 2, times: 1, effect: { kind: 'delay', delayMs: 700 } });
    await start({ pageRecords: 5 });
    await eventually('the first page', async () => (await shown('Contact', ids[0] ?? ''))?.version === 1);
    records.update('Contact', ids[0] ?? '', { Title: 'Changed behind the reading' });
    records.update('Contact', ids[29] ?? '', { Title: 'Changed before the reading' });
    records.delete('Contact', ids[1] ?? '');
    const late = records.create('Contact', { LastName: 'Late' });
    await connected(connector, tenantId);
    await eventually('every change', async () => {
      const mirror = await mirrorOf(connector, 'Contact', tenantId);
      const { fields } = mirror.get(ids[0] ?? '') ?? {};
      return fields?.Title !== undefined && mirror.get(ids[1] ?? '')?.deleted === true && mirror.has(late);
    });
    const snapshot = await salesforceSnapshot(crms.salesforce, 'Contact');
    const mirror = await mirrorOf(connector, 'Contact', tenantId);
    for (const [id, fields] of snapshot)
      if (mirror.get(id)?.deleted === false) expect(mirror.get(id)?.fields).toEqual(fields);
    expect([...mirror.keys()].sort()).toEqual([...snapshot.keys()].sort());
  });
});

describe('changes in HubSpot', () => {
  test('are found: created, updated, archived and restored', async () => {
    const { records } = crms.hubspot;
    const id = records.create('contacts', { lastname: 'Lee', email: 'ann@acme.example' });
    await start();
    await connected(connector, tenantId);

    records.update('contacts', id, { lastname: 'Lee-Smith', email: '' });
    await eventually('the update', async () => (await shown('contacts', id))?.version === 2);
    records.archive('contacts', id);
    await eventually('the archiving', async () => (await shown('contacts', id))?.deleted);
    records.restore('contacts', id);
    await eventually('the restoration', async () => (await shown('contacts', id))?.deleted === false);
    const young = records.create('contacts', { lastname: 'New' });
    await eventually('the new record', async () => (await shown('contacts', young))?.version === 1);
    expect(await kindsOf(id)).toEqual([
      ChangeKind.CREATED,
      ChangeKind.UPDATED,
      ChangeKind.DELETED,
      ChangeKind.RESTORED,
    ]);
  });

  test('of one that was archived and then purged leave it deleted, and it is not looked up again', async () => {
    const { records, store } = crms.hubspot;
    const id = records.create('contacts', { lastname: 'Lee' });
    await start();
    await connected(connector, tenantId);
    records.archive('contacts', id);
    const archivedAtMs = Date.now();
    await eventually('the archiving', async () => (await shown('contacts', id))?.deleted);
    // Until then the search index may still show it, which is a reason to look for it.
    await eventually('the index to catch up', async () => Date.now() > archivedAtMs + 600);
    const object = store.object('contacts');
    const record = store.resolve(object, id);
    if (record !== undefined) store.table(object).remove(record);
    const looks = crms.hubspot.faults.inject({
      path: 'contacts/batch/read',
      body: id,
      times: -1,
      effect: { kind: 'delay', delayMs: 0 },
    });
    const hits = () => crms.hubspot.faults.list().find((fault) => fault.id === looks)?.hits ?? 0;
    await eventually('one look for it', async () => hits() > 0);
    const requests = crms.hubspot.requestCount();
    await eventually('some more rounds', async () => crms.hubspot.requestCount() > requests + 12);
    expect(hits()).toBe(1);
    expect(await kindsOf(id)).toEqual([ChangeKind.CREATED, ChangeKind.DELETED]);
  });

  test('of associations reach the record they belong to', async () => {
    const { records } = crms.hubspot;
    const company = records.create('companies', { name: 'Acme' });
    const id = records.create('contacts', { lastname: 'Lee' });
    await start();
    await connected(connector, tenantId);
    records.associate('contacts', id, { object: 'companies', id: company });
    const record = await eventually('the association', async () => {
      const found = await shown('contacts', id);
      return found?.fields['associations.companies'] === undefined ? undefined : found;
    });
    expect(record.fields['associations.companies']).toEqual([company]);
    expect(record.canonical).toMatchObject({ person: { organisation: { object: 'companies', recordId: company } } });
  });

  test('of a merge make a third record, and name it on both that are gone; a second merge leaves the first as it was', async () => {
    const { records } = crms.hubspot;
    const [a = '', b = '', c = ''] = ['A', 'B', 'C'].map((name) => records.create('contacts', { lastname: name }));
    await start();
    await connected(connector, tenantId);
    const ab = records.merge('contacts', a, b);
    await eventually('the first merge', async () => (await shown('contacts', b))?.mergedInto !== undefined);
    const abc = records.merge('contacts', ab, c);
    await eventually('the second merge', async () => (await shown('contacts', c))?.mergedInto !== undefined);
    const survivors = await Promise.all(
      [a, b, ab, c].map(async (id) => (await shown('contacts', id))?.mergedInto?.split(':').at(-1)),
    );
    expect(survivors).toEqual([ab, ab, abc, abc]);
    expect(await shown('contacts', abc)).toMatchObject({ deleted: false, version: 1 });
    expect(await kindsOf(a)).toEqual([ChangeKind.CREATED, ChangeKind.MERGED]);
    expect(await kindsOf(ab)).toEqual([ChangeKind.CREATED, ChangeKind.MERGED]);
  });

  test('are found one and all when more of them share one millisecond than fit a page', async () => {
    const { records, store } = crms.hubspot;
    const object = store.object('contacts');
    const ids = Array.from({ length: 450 }, (_, index) => records.create('contacts', { lastname: `Lee ${index}` }));
    await start();
    await connected(connector, tenantId);
    for (const id of ids) records.update('contacts', id, { jobtitle: 'Chief' });
    // An import stamps every record of a file alike.
    const stamp = crms.hubspot.clock.now();
    for (const id of ids) {
      const record = store.resolve(object, id);
      if (record !== undefined) store.table(object).update(record, (stored) => void (stored.modifiedAt = stamp));
    }
    await eventually('every change', async () => {
      const mirror = await mirrorOf(connector, 'contacts', tenantId);
      return ids.every((id) => mirror.get(id)?.fields.jobtitle === 'Chief');
    });
    const snapshot = await hubspotSnapshot(crms.hubspot, 'contacts');
    await eventually('the stamps', async () => {
      const mirror = await mirrorOf(connector, 'contacts', tenantId);
      return [...snapshot].every(
        ([id, properties]) => asText(mirror.get(id)?.fields ?? {}).lastmodifieddate === properties.lastmodifieddate,
      );
    });
  });

  test('that happen while the first reading goes on are not lost', async () => {
    const { records, faults } = crms.hubspot;
    const ids = Array.from({ length: 320 }, (_, index) => records.create('contacts', { lastname: `Lee ${index}` }));
    faults.inject({ path: '/objects/contacts\\?.*after=', skip: 1, times: 1, effect: { kind: 'delay', delayMs: 700 } });
    await start({ pageRecords: 100 });
    await eventually('the first page', async () => (await shown('contacts', ids[0] ?? ''))?.version === 1);
    records.update('contacts', ids[0] ?? '', { jobtitle: 'Changed behind the reading' });
    records.archive('contacts', ids[1] ?? '');
    const merged = records.merge('contacts', ids[2] ?? '', ids[319] ?? '');
    const late = records.create('contacts', { lastname: 'Late' });
    await connected(connector, tenantId);
    await eventually('every change', async () => {
      const mirror = await mirrorOf(connector, 'contacts', tenantId);
      const isChanged =
        mirror.get(ids[0] ?? '')?.fields.jobtitle !== undefined && mirror.get(ids[1] ?? '')?.deleted === true;
      return isChanged && mirror.get(ids[2] ?? '')?.mergedInto !== undefined && mirror.has(merged) && mirror.has(late);
    });
    const mirror = await mirrorOf(connector, 'contacts', tenantId);
    const alive = [...mirror.values()].filter(({ deleted }) => !deleted).map(({ recordId }) => recordId);
    expect(alive.sort()).toEqual([...(await hubspotSnapshot(crms.hubspot, 'contacts')).keys()].sort());
  });
});

test('many changes at random leave the mirror as the CRMs are', async () => {
  await start({ pageRecords: 3 });
  await connected(connector, tenantId);
  // A fixed sequence, so that a failure can be looked at again.
  let seed = 20_260_101;
  const next = (below: number): number => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return seed % below;
  };
  const { salesforce, hubspot } = crms;
  const alive: { salesforce: string[]; hubspot: string[] } = { salesforce: [], hubspot: [] };
  const binned: string[] = [];
  for (let step = 0; step < 160; step += 1) {
    const mine = alive.salesforce;
    const theirs = alive.hubspot;
    const pick = (list: string[]): string => list.splice(next(list.length), 1)[0] ?? '';
    switch (next(6)) {
      case 0:
        if (mine.length > 2) {
          const id = pick(mine);
          salesforce.records.delete('Contact', id);
          binned.push(id);
        }
        break;
      case 1:
        if (mine.length > 3) {
          const [winner = '', loser = ''] = mine;
          salesforce.records.merge('Contact', winner, [loser]);
          mine.splice(1, 1);
        }
        if (theirs.length > 3) theirs.push(hubspot.records.merge('contacts', pick(theirs), pick(theirs)));
        break;
      case 2:
        if (binned.length > 0) {
          const id = pick(binned);
          salesforce.records.undelete('Contact', id);
          mine.push(id);
        }
        break;
      case 3:
        if (mine[0] !== undefined)
          salesforce.records.update('Contact', mine[next(mine.length)] ?? '', { Title: `T${step}` });
        if (theirs[0] !== undefined)
          hubspot.records.update('contacts', theirs[next(theirs.length)] ?? '', { jobtitle: `T${step}` });
        break;
      case 4:
        if (theirs.length > 2) hubspot.records.archive('contacts', pick(theirs));
        break;
      default:
        mine.push(salesforce.records.create('Contact', { LastName: `Lee ${step}` }));
        theirs.push(hubspot.records.create('contacts', { lastname: `Lee ${step}` }));
    }
    if (step % 20 === 0) await new Promise((resolve) => setTimeout(resolve, 60));
  }
  await eventually('the mirror of Salesforce to be as it is', async () => {
    const mirror = await mirrorOf(connector, 'Contact', tenantId);
    const snapshot = await salesforceSnapshot(salesforce, 'Contact');
    return [...snapshot].every(([id, fields]) => {
      const record = mirror.get(id);
      if (record === undefined || record.deleted !== (fields.IsDeleted === true)) return false;
      return record.deleted
        ? (record.mergedInto?.split(':').at(-1) ?? undefined) === fields.MasterRecordId
        : record.fields.Title === fields.Title;
    });
  });
  await eventually('the mirror of HubSpot to be as it is', async () => {
    const mirror = await mirrorOf(connector, 'contacts', tenantId);
    const snapshot = await hubspotSnapshot(hubspot, 'contacts');
    const living = [...mirror.values()].filter(({ deleted }) => !deleted);
    return (
      living.length === snapshot.size &&
      living.every(({ recordId, fields }) => fields.jobtitle === snapshot.get(recordId)?.jobtitle)
    );
  });
  // Versions rise one by one, each told once.
  for (const id of (await mirrorOf(connector, 'contacts', tenantId)).keys()) {
    const versions = (await told(id)).map(({ version }) => version);
    expect(versions).toEqual(versions.map((_, index) => index + 1));
  }
});
