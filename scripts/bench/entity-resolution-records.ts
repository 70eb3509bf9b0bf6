/**
 * Writes contacts of two CRMs as one CSV file, and who they are as another one that only a scorer may read.
 * Usage: node --conditions=source scripts/bench/entity-resolution-records.ts ROWS FOLDER [SEED]
 *
 * The records are those of the CRM simulators without the published data: one invented world seen by a Salesforce and a HubSpot. Of the people
 * 60 % are in both, 20 % in each one only, and 8 % of the records of a CRM are duplicates inside it. Of these a quarter share neither e-mail nor
 * phone with their originals. Names become nicknames, initials, swapped or misspelt, people change employers and homes, addresses and
 * numbers are written in each CRM's own ways, values are missing. Families, twins, Jr. and Sr., namesakes and shared mailboxes lie in wait.
 * Rows come in random order, ids say nothing.
 */
import { createWriteStream, type WriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { createPopulation } from '../../packages/crm-simulators/src/population/population.ts';
import { createRandom } from '../../packages/crm-simulators/src/random.ts';

const [rowsText = '', folder = '', seed = 'bench'] = process.argv.slice(2);
const wanted = Number(rowsText);
if (!Number.isInteger(wanted) || wanted < 100 || folder === '')
  throw new RangeError('name a number of rows of at least 100, and a folder');

const columns = [
  'id',
  'source',
  'first_name',
  'last_name',
  'email',
  'phone',
  'mobile',
  'street',
  'city',
  'state',
  'postal_code',
  'country',
  'company',
  'birth_date',
];

const population = createPopulation({
  seed,
  realData: false,
  sizes: {
    contacts: Math.ceil(wanted / 2),
    companies: Math.round(wanted / 20),
    deals: 0,
    activities: 0,
    users: 5,
    cases: 0,
    tickets: 0,
    feedback: 0,
  },
});

type Read = (name: string) => string;

function textOf(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
}

function* salesforceRows(object: string): Generator<Read> {
  const load = population.salesforce.objects.find((each) => each.object === object);
  if (load === undefined) return;
  const places = new Map(load.fields.map((name, index) => [name, index]));
  for (const row of load.rows) {
    const read: Read = (name) => textOf((row as readonly unknown[])[places.get(name) ?? -1]);
    if (read('IsDeleted') !== 'true') yield read;
  }
}

interface Contact {
  readonly source: string;
  readonly entity: string;
  readonly cells: readonly string[];
}

function* contacts(): Generator<Contact> {
  const employers = new Map<string, string>();
  for (const read of salesforceRows('Account')) employers.set(read('Id'), read('Name'));
  const ofSalesforce = population.salesforceOrigins.get('Contact');
  for (const read of salesforceRows('Contact')) {
    yield {
      source: 'salesforce',
      entity: ofSalesforce?.get(read('Id')) as string,
      cells: [
        ...['FirstName', 'LastName', 'Email', 'Phone', 'MobilePhone'].map(read),
        ...['MailingStreet', 'MailingCity', 'MailingState', 'MailingPostalCode', 'MailingCountry'].map(read),
        employers.get(read('AccountId')) ?? '',
        read('Birthdate'),
      ],
    };
  }
  const load = population.hubspot.objects.find((each) => each.object === 'contacts');
  const places = new Map(load?.properties.map((name, index) => [name, index]));
  const ofHubspot = population.hubspotOrigins.get('contacts');
  for (const row of load?.rows ?? []) {
    if (row.archivedAt != null) continue;
    const read: Read = (name) => textOf((row.values as readonly unknown[])[places.get(name) ?? -1]);
    yield {
      source: 'hubspot',
      entity: ofHubspot?.get(String(row.id)) as string,
      cells: [
        ...['firstname', 'lastname', 'email', 'phone', 'mobilephone'].map(read),
        ...['address', 'city', 'state', 'zip', 'country'].map(read),
        read('company'),
        read('date_of_birth'),
      ],
    };
  }
}

function cell(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

async function write(stream: WriteStream, text: string): Promise<void> {
  if (!stream.write(text)) await new Promise<void>((resolve) => stream.once('drain', () => resolve()));
}

const all = [...contacts()];
const random = createRandom(`${seed}/order`);
for (let at = all.length - 1; at > 0; at -= 1) {
  const other = random.integer(0, at);
  [all[at], all[other]] = [all[other] as Contact, all[at] as Contact];
}
await mkdir(folder, { recursive: true });
const records = createWriteStream(join(folder, 'records.csv'), { highWaterMark: 1 << 20 });
const truth = createWriteStream(join(folder, 'truth.csv'), { highWaterMark: 1 << 20 });
await write(records, `${columns.join(',')}\n`);
await write(truth, 'id,cluster_id\n');
const numbers = new Map<string, number>();
for (const [at, { source, entity, cells }] of all.slice(0, wanted).entries()) {
  const id = `r${String(at + 1).padStart(7, '0')}`;
  const number = numbers.get(entity) ?? numbers.size + 1;
  numbers.set(entity, number);
  await write(records, `${[id, source, ...cells.map(cell)].join(',')}\n`);
  await write(truth, `${id},${number}\n`);
}
records.end();
truth.end();
await Promise.all([finished(records), finished(truth)]);
