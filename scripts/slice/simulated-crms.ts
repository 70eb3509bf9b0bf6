import type { CrmRecord, MirrorRecord } from './history-checker.ts';

/** The simulated CRMs behind their clients' backs: what they hold, and changes as their users make them. */
export interface SimulatedCrms {
  /** Every record of the objects, deleted ones included. */
  snapshot(objects: readonly ObjectOfAccount[]): Promise<CrmRecord[]>;
  /** Makes one random change. @returns what it did */
  change(random: () => number): Promise<string>;
  readonly changes: () => number;
}

export interface ObjectOfAccount {
  readonly account: string;
  readonly object: string;
}

type Fields = Readonly<Record<string, unknown>>;

const crmOf = (account: string): 'salesforce' | 'hubspot' => (account.startsWith('sf:') ? 'salesforce' : 'hubspot');

export function createSimulatedCrms(controlUrl: () => string): SimulatedCrms {
  let changes = 0;
  const ids = new Map<string, string[]>();

  async function call<T>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await fetch(`${controlUrl()}/__control/${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(30_000),
    });
    const answer = (await response.json()) as T & { readonly error?: string };
    if (!response.ok) throw new Error(`${method} ${path}: ${answer.error ?? response.status}`);
    return answer;
  }

  async function idsOf(crm: string, object: string): Promise<string[]> {
    const key = `${crm}/${object}`;
    const known = ids.get(key);
    if (known !== undefined) return known;
    const records = await call<Fields[]>('GET', `${crm}/records/${object}`);
    const found = records.filter((record) => !isDeleted(record)).map((record) => String(record['Id'] ?? record['id']));
    ids.set(key, found);
    return found;
  }

  return {
    changes: () => changes,

    async snapshot(objects) {
      const records: CrmRecord[] = [];
      for (const { account, object } of objects) {
        // Owners are no records of HubSpot: nobody changes them here.
        if (object === 'owners') continue;
        for (const record of await call<Fields[]>('GET', `${crmOf(account)}/records/${object}`)) {
          records.push({
            ref: `${account}:${object}:${String(record['Id'] ?? record['id'])}`,
            deleted: isDeleted(record),
            fields: plainFields(record),
          });
        }
      }
      return records;
    },

    async change(random) {
      const crm = random() < 0.5 ? 'salesforce' : 'hubspot';
      const isPerson = random() < 0.7;
      const object = crm === 'salesforce' ? (isPerson ? 'Contact' : 'Account') : isPerson ? 'contacts' : 'companies';
      const known = await idsOf(crm, object);
      const pick = (): string => known[Math.floor(random() * known.length)] as string;
      const number = Math.floor(random() * 1_000_000);
      const dice = random();
      const path = `${crm}/records/${object}`;
      changes += 1;
      if (dice < 0.6) {
        const id = pick();
        await call('PATCH', `${path}/${id}`, editOf(crm, isPerson, number));
        return `updated ${object} ${id}`;
      }
      if (dice < 0.8) {
        const { id } = await call<{ id: string }>('POST', path, newRecord(crm, isPerson, number));
        known.push(id);
        return `created ${object} ${id}`;
      }
      const at = Math.floor(random() * known.length);
      const id = known[at] as string;
      if (dice < 0.9) {
        await call('DELETE', `${path}/${id}`);
        known.splice(at, 1);
        return `deleted ${object} ${id}`;
      }
      const loser = pick();
      if (loser === id) return 'nothing';
      const { id: survivor } = await call<{ id: string }>('POST', `${path}/${id}/merge`, { loserIds: [loser] });
      ids.set(`${crm}/${object}`, [...known.filter((one) => one !== id && one !== loser), survivor]);
      return `merged ${object} ${loser} into ${id}`;
    },
  };
}

function editOf(crm: string, isPerson: boolean, number: number): Record<string, string> {
  const phone = `+1 415 555 ${String(number % 10_000).padStart(4, '0')}`;
  if (crm === 'salesforce') return isPerson ? { Phone: phone, Title: `Buyer ${number}` } : { Phone: phone };
  return isPerson ? { phone, jobtitle: `Buyer ${number}` } : { phone };
}

function newRecord(crm: string, isPerson: boolean, number: number): Record<string, string> {
  const name = `Newcomer${number}`;
  if (!isPerson) return crm === 'salesforce' ? { Name: `${name} Ltd` } : { name: `${name} Ltd` };
  const email = `${name.toLowerCase()}@newcomers.com`;
  return crm === 'salesforce'
    ? { FirstName: 'Ines', LastName: name, Email: email }
    : { firstname: 'Ines', lastname: name, email };
}

function isDeleted(record: Fields): boolean {
  return record['IsDeleted'] === true || record['archived'] === true;
}

/**
 * Fields that HubSpot works out of other records and changes without a new modification stamp; only a complete reading sees
 * them change.
 */
const followed = new Set(['associatedcompanyid', 'num_associated_contacts', 'num_associated_deals']);

/** Fields as text that both sides write alike: numbers, booleans and points in time have many spellings. */
export function plainFields(fields: Fields): Record<string, string> {
  const plain: Record<string, string> = {};
  for (const [name, value] of Object.entries(fields)) {
    if (followed.has(name)) continue;
    const text = plainText(value);
    if (text !== undefined) plain[name] = text;
  }
  return plain;
}

function plainText(value: unknown): string | undefined {
  if (value === null || value === undefined || value === '') return undefined;
  if (typeof value === 'boolean') return String(value);
  if (Array.isArray(value)) return value.map((entry) => plainText(entry) ?? '').join(';');
  if (typeof value === 'object') {
    const inner = (value as { decimal?: unknown }).decimal;
    return inner === undefined ? undefined : plainText(inner);
  }
  if (typeof value !== 'string' && typeof value !== 'number') return undefined;
  const text = String(value);
  if (/^-?\d+(\.\d+)?$/.test(text)) return String(Number(text));
  if (/^\d{4}-\d\d-\d\dT/.test(text) && !Number.isNaN(Date.parse(text))) return String(Date.parse(text));
  return text;
}

/** Leaves out what the connector does not read: a field counts only where the mirror has it for any record of the object. */
export function comparable(crm: readonly CrmRecord[], mirror: readonly MirrorRecord[]): CrmRecord[] {
  const objectOf = (ref: string): string => ref.slice(0, ref.lastIndexOf(':'));
  const read = new Map<string, Set<string>>();
  for (const record of mirror) {
    const names = read.get(objectOf(record.ref)) ?? new Set<string>();
    for (const name of Object.keys(record.fields)) names.add(name);
    read.set(objectOf(record.ref), names);
  }
  return crm.map((record) => ({
    ...record,
    fields: Object.fromEntries(
      Object.entries(record.fields).filter(([name]) => read.get(objectOf(record.ref))?.has(name) === true),
    ),
  }));
}
