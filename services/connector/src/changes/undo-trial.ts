import type { HubSpotSimulator, SalesforceSimulator } from '@kempt/crm-simulators';
import { type Database, startTestDatabase, type TestDatabase } from '@kempt/postgres';
import { buildTestConnector, connected, createConnectorSchema, type RunningConnector } from '../connector-test-bed.ts';
import {
  hubspotConnection,
  hubspotSnapshot,
  type SimulatedCrms,
  salesforceConnection,
  salesforceSnapshot,
  startCrms,
} from '../crm-test-bed.ts';
import { type ChangeSteps, changeSteps, unlockAll } from './change-test-bed.ts';

/** What merging and taking back came to. */
export interface UndoTrialReport {
  readonly merges: number;
  readonly writes: number;
  readonly seconds: number;
  /** Where a CRM is not as it was before, apart from what the plans had listed. */
  readonly differences: readonly string[];
}

type Snapshot = ReadonlyMap<string, ReadonlyMap<string, Readonly<Record<string, unknown>>>>;

/** A source of numbers in [0, 1) that is the same for the same seed. */
function numbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

interface Draw {
  chance(probability: number): boolean;
  integer(low: number, high: number): number;
  pick<T>(list: readonly T[]): T;
}

function drawing(seed: number): Draw {
  const next = numbers(seed);
  const integer = (low: number, high: number): number => low + Math.floor(next() * (high - low + 1));
  return {
    chance: (probability) => next() < probability,
    integer,
    pick: (list) => list[integer(0, list.length - 1)] as never,
  };
}

const firstNames = ['Ann', 'Bo', 'Cy', 'Di', 'Ed', 'Flo'];
const lastNames = ['Lee', 'Li', 'Lea', 'Leigh', 'Ley'];
const cities = ['Leeds', 'Lyon', 'Lund', 'Linz'];

/** Keeps the entries that the draw likes, so that every record has blanks of its own. */
function some<T>(draw: Draw, values: Readonly<Record<string, T>>, always: readonly string[]): Record<string, T> {
  return Object.fromEntries(Object.entries(values).filter(([name]) => always.includes(name) || draw.chance(0.7)));
}

interface Merge {
  readonly kind: 'merge';
  readonly master: string;
  readonly losers: readonly string[];
  readonly fields: Readonly<Record<string, unknown>>;
}

const salesforceObjects = ['Account', 'Contact', 'Opportunity', 'Case', 'Task', 'Event', 'Lead'] as const;

function populateSalesforce(
  crm: SalesforceSimulator,
  account: string,
  options: { readonly merges: number; readonly draw: Draw },
): Merge[] {
  const { records } = crm;
  const { merges, draw } = options;
  const made: Merge[] = [];
  for (let at = 0; at < merges; at += 1) {
    const object = draw.pick(['Contact', 'Contact', 'Account', 'Lead']);
    const create = (n: number): string =>
      object === 'Account'
        ? records.create(
            'Account',
            some(
              draw,
              {
                Name: `Acme ${at}`,
                Phone: `+44 ${at} ${n}`,
                Website: `https://a${at}${n}.example`,
                Industry: draw.pick(['Banking', 'Media']),
                NumberOfEmployees: draw.integer(1, 900),
                Description: `Text ${n}`,
              },
              ['Name'],
            ),
          )
        : records.create(
            object,
            some(
              draw,
              {
                FirstName: draw.pick(firstNames),
                LastName: draw.pick(lastNames),
                Email: `p${at}.${n}@example.com`,
                Phone: `+44 ${at} ${n}`,
                Title: draw.pick(['CEO', 'CTO', 'Clerk']),
                ...(object === 'Lead' ? { Company: `Acme ${at}` } : {}),
                ...(object === 'Contact' ? { MailingCity: draw.pick(cities), DoNotCall: draw.chance(0.5) } : {}),
              },
              ['LastName', 'Company'],
            ),
          );
    const [master = '', ...losers] = Array.from({ length: draw.integer(2, 4) }, (_, n) => create(n));
    for (const [n, id] of [master, ...losers].entries()) {
      for (let child = draw.integer(0, 3); child > 0; child -= 1) {
        if (object === 'Account') {
          const kind = draw.pick(['Opportunity', 'Contact', 'Case', 'Task']);
          const subject = { Subject: `${at}.${n}.${child}` };
          if (kind === 'Opportunity') {
            records.create(kind, {
              AccountId: id,
              Name: `Deal ${at}.${n}`,
              StageName: 'Prospecting',
              CloseDate: '2027-01-01',
            });
          } else if (kind === 'Contact') records.create(kind, { AccountId: id, LastName: `Child ${at}.${n}` });
          else records.create(kind, kind === 'Case' ? { AccountId: id, ...subject } : { WhatId: id, ...subject });
        } else if (object === 'Contact' && draw.chance(0.4)) {
          records.create('Case', { ContactId: id, Subject: `${at}.${n}.${child}` });
        } else records.create(draw.pick(['Task', 'Event']), { WhoId: id, Subject: `${at}.${n}.${child}` });
      }
    }
    const chosen = object === 'Account' ? { Phone: `+44 ${at}` } : { Title: 'Merged', Phone: `+44 ${at}` };
    made.push({
      kind: 'merge',
      master: `${account}:${object}:${master}`,
      losers: losers.map((id) => `${account}:${object}:${id}`),
      fields: some<unknown>(draw, chosen, []),
    });
  }
  return made;
}

const hubspotObjects = ['contacts', 'companies', 'deals'] as const;

function populateHubSpot(
  crm: HubSpotSimulator,
  account: string,
  options: { readonly merges: number; readonly draw: Draw },
): Merge[] {
  const { records } = crm;
  const { merges, draw } = options;
  const made: Merge[] = [];
  for (let at = 0; at < merges; at += 1) {
    const object = draw.pick(['contacts', 'contacts', 'companies']);
    const create = (n: number): string =>
      object === 'companies'
        ? records.create(
            'companies',
            some(
              draw,
              {
                name: `Acme ${at}`,
                phone: `+44 ${at} ${n}`,
                domain: `a${at}-${n}.example`,
                city: draw.pick(cities),
                numberofemployees: String(draw.integer(1, 900)),
              },
              ['name'],
            ),
          )
        : records.create(
            'contacts',
            some(
              draw,
              {
                firstname: draw.pick(firstNames),
                lastname: draw.pick(lastNames),
                email: `p${at}.${n}@example.com`,
                phone: `+44 ${at} ${n}`,
                jobtitle: draw.pick(['CEO', 'CTO']),
                city: draw.pick(cities),
              },
              ['lastname'],
            ),
          );
    const [master = '', ...losers] = Array.from({ length: draw.integer(2, 3) }, (_, n) => create(n));
    const shared = records.create('deals', { dealname: `Shared ${at}` });
    for (const [n, id] of [master, ...losers].entries()) {
      if (draw.chance(0.3)) records.associate(object, id, { object: 'deals', id: shared });
      for (let link = draw.integer(0, 2); link > 0; link -= 1) {
        const to = draw.pick(object === 'contacts' ? ['companies', 'deals'] : ['contacts', 'deals']);
        const properties: Record<string, Record<string, string>> = {
          companies: { name: `Linked ${at}.${n}` },
          contacts: { lastname: `Linked ${at}.${n}` },
          deals: { dealname: `Linked ${at}.${n}` },
        };
        records.associate(object, id, { object: to, id: records.create(to, properties[to] ?? {}) });
      }
    }
    const chosen =
      object === 'companies' ? { phone: `+44 ${at}`, city: 'Merged' } : { jobtitle: 'Merged', phone: `+44 ${at}` };
    made.push({
      kind: 'merge',
      master: `${account}:${object}:${master}`,
      losers: losers.map((id) => `${account}:${object}:${id}`),
      fields: some<unknown>(draw, chosen, []),
    });
  }
  return made;
}

/** What every change moves on, and what the CRMs compute themselves: the plans list them as not restored. */
const unrestored = new Set([
  'SystemModstamp',
  'LastModifiedDate',
  'LastModifiedById',
  'LastActivityDate',
  'lastmodifieddate',
  'hs_lastmodifieddate',
  'hs_updated_by_user_id',
  'hs_object_id',
  'createdate',
  'hs_createdate',
  'hs_created_by_user_id',
  'hs_merged_object_ids',
  'hs_calculated_merged_vids',
  'hs_object_source',
  'hs_object_source_id',
  'hs_object_source_label',
  'hs_object_source_detail_1',
  'hs_pipeline',
]);

async function snapshot(
  objects: readonly string[],
  read: (object: string) => Promise<ReadonlyMap<string, Readonly<Record<string, unknown>>>>,
): Promise<Snapshot> {
  const all = new Map<string, ReadonlyMap<string, Readonly<Record<string, unknown>>>>();
  for (const object of objects) all.set(object, await read(object));
  return all;
}

/** Where two snapshots differ, once ids of the first are replaced by those under which records live on. */
function differences(before: Snapshot, after: Snapshot, livesOnAs: ReadonlyMap<string, string>): string[] {
  const found: string[] = [];
  const idNow = (id: string): string => livesOnAs.get(id) ?? id;
  const textOf = (value: unknown): string =>
    value === undefined || value === null ? '' : typeof value === 'string' ? value : JSON.stringify(value);
  const shown = (name: string, value: unknown, idOf: (id: string) => string): string =>
    name.startsWith('associations.') || name === 'associatedcompanyid'
      ? textOf(value).split(';').map(idOf).sort().join(';')
      : textOf(value);
  for (const [object, records] of before) {
    const now = after.get(object) ?? new Map();
    const expected = new Set([...records.keys()].map(idNow));
    for (const id of now.keys()) if (!expected.has(id)) found.push(`${object} ${id} was not there before.`);
    for (const [id, fields] of records) {
      const record = now.get(idNow(id)) as Readonly<Record<string, unknown>> | undefined;
      if (record === undefined) {
        found.push(`${object} ${id} is gone.`);
        continue;
      }
      for (const name of new Set([...Object.keys(fields), ...Object.keys(record)])) {
        if (unrestored.has(name)) continue;
        const was = shown(name, fields[name], idNow);
        const is = shown(name, record[name], (id) => id);
        if (was !== is && !(fields[name] === undefined && is === ''))
          found.push(`${object} ${id}: ${name} was "${was}" and is "${is}".`);
      }
    }
  }
  return found;
}

async function mergeAndTakeBack(steps: ChangeSteps, merges: readonly Merge[], say: (line: string) => void) {
  const livesOnAs = new Map<string, string>();
  const trouble: string[] = [];
  const perSet = 50;
  for (let from = 0; from < merges.length; from += perSet) {
    const operations = merges.slice(from, from + perSet);
    const applied = await steps.applied(operations, 600_000);
    if (applied.state !== 'applied') trouble.push(`A change set ended as ${applied.state}: ${applied.reason}`);
    const undone = await steps.undone(applied.id, 600_000);
    if (undone.state !== 'undone') trouble.push(`An undo ended as ${undone.state}: ${undone.reason}`);
    for (const operation of await steps.operations(applied.id)) {
      const master = operations[operation.index]?.master ?? '';
      const id = (ref: string): string => ref.slice(ref.lastIndexOf(':') + 1);
      if (operation.survivor !== undefined) livesOnAs.set(id(master), id(operation.survivor));
      for (const [old, made] of Object.entries(operation.recreated ?? {})) livesOnAs.set(id(old), id(made));
      for (const kept of operation.kept ?? []) trouble.push(`Kept although nobody changed it: ${kept}`);
    }
    say(`${Math.min(from + perSet, merges.length)} of ${merges.length} merges applied and taken back`);
  }
  return { livesOnAs, trouble };
}

/** Merges generated records in both CRMs, takes all of it back, and compares the CRMs with what they were. */
export async function runUndoTrial(options: {
  /** In each CRM. */
  readonly merges: number;
  readonly seed: number;
  readonly say: (line: string) => void;
}): Promise<UndoTrialReport> {
  const startedAt = performance.now();
  const { merges, say } = options;
  let server: TestDatabase | undefined;
  let database: Database | undefined;
  let crms: SimulatedCrms | undefined;
  let connector: RunningConnector | undefined;
  try {
    server = await startTestDatabase();
    database = await createConnectorSchema(server);
    crms = await startCrms();
    const { salesforce, hubspot } = crms;
    connector = await buildTestConnector({
      database,
      connections: [
        salesforceConnection(crms, ['Account', 'Contact']),
        hubspotConnection(crms, ['companies', 'contacts', 'deals']),
      ],
      settings: { pollIntervalMs: 2_000, deletedIntervalMs: 60_000, crmTimeoutMs: 30_000, leaseMs: 20_000 },
    });
    await connector.start();
    await connected(connector);
    await unlockAll(connector);
    const { body } = await connector.request<{ items: { account: string }[] }>('GET', '/v1/connections');
    const portal = body.items.find(({ account }) => account.startsWith('hs:'))?.account ?? '';
    const org = body.items.find(({ account }) => account.startsWith('sf:'))?.account ?? '';
    const toSalesforce = populateSalesforce(salesforce, org, { merges, draw: drawing(options.seed) });
    const toHubSpot = populateHubSpot(hubspot, portal, { merges, draw: drawing(options.seed + 1) });
    const steps = changeSteps(connector);

    const before = await snapshot(salesforceObjects, (object) => salesforceSnapshot(salesforce, object));
    const first = await mergeAndTakeBack(steps, toSalesforce, (line) => say(`Salesforce: ${line}`));
    const after = await snapshot(salesforceObjects, (object) => salesforceSnapshot(salesforce, object));

    const had = await snapshot(hubspotObjects, (object) => hubspotSnapshot(hubspot, object));
    const second = await mergeAndTakeBack(steps, toHubSpot, (line) => say(`HubSpot: ${line}`));
    const has = await snapshot(hubspotObjects, (object) => hubspotSnapshot(hubspot, object));
    return {
      merges: toSalesforce.length + toHubSpot.length,
      writes: salesforce.writeLog.entries({ by: 'api' }).length + hubspot.writeLog.entries({ by: 'api' }).length,
      seconds: (performance.now() - startedAt) / 1000,
      differences: [
        ...first.trouble,
        ...differences(before, after, first.livesOnAs),
        ...second.trouble,
        ...differences(had, has, second.livesOnAs),
      ],
    };
  } finally {
    await connector?.stop();
    await crms?.stop();
    await database?.close();
    await server?.stop();
  }
}
