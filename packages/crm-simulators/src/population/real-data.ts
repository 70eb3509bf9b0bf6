import { readFileSync } from 'node:fs';
import { createRandom, type Random } from '../random.ts';
import type { ContactCard } from './contact-cards.ts';
import type { OrganisationCard } from './organisation-cards.ts';
import type { Timeline } from './timeline.ts';

const dataFolder = new URL('../../data/real/', import.meta.url);

/** The published data sets that are part of the default load. */
export const realDataSets = [
  'senzing_truthset',
  'dedupe_csv_example',
  'fodors_zagats',
  'dqbench_tier1',
  'febrl_dataset1',
  'splink_fake_1000',
] as const;

export type RealDataSet = (typeof realDataSets)[number];

type Crm = 'salesforce' | 'hubspot';
type Values = Readonly<Record<string, string>>;

export interface RealCards {
  readonly contacts: readonly ContactCard[];
  readonly organisations: readonly OrganisationCard[];
}

function readRows(set: RealDataSet, file: string): Values[] {
  const lines = readFileSync(new URL(`${set}/${file}`, dataFolder), 'utf8').split('\n');
  const names = (lines[0] ?? '').split('\t');
  return lines
    .slice(1)
    .filter((line) => line !== '')
    .map((line) => {
      const values = line.split('\t');
      return Object.fromEntries(names.map((name, index) => [name, values[index] ?? '']));
    });
}

/** The name of the entity a row shows. */
export function realEntity(set: RealDataSet, entity: string): string {
  return `${set}-${entity}`;
}

const orNull = (text: string | undefined): string | null => (text === undefined || text.trim() === '' ? null : text);

const emptyContact = {
  salutation: null,
  firstName: null,
  lastName: '',
  email: null,
  otherEmails: [],
  telephone: null,
  mobile: null,
  homeTelephone: null,
  title: null,
  department: null,
  birthDate: null,
  street: null,
  city: null,
  region: null,
  postcode: null,
  country: null,
  company: null,
  employerEntity: null,
  isEmployerShown: false,
  nationalId: null,
  passport: null,
  driversLicence: null,
  hasOptedOut: false,
  isRemoved: false,
} satisfies Partial<ContactCard>;

const emptyOrganisation = {
  domain: null,
  website: null,
  telephone: null,
  fax: null,
  street: null,
  city: null,
  region: null,
  postcode: null,
  country: null,
  salesforceIndustry: null,
  hubspotIndustry: null,
  employees: null,
  revenue: null,
  description: null,
  parentEntity: null,
  registrationNumber: null,
} satisfies Partial<OrganisationCard>;

/** `12/11/1978`, `3/1/70`, `19600210` and ISO as ISO; anything else as it is. */
function isoDate(text: string | undefined): string | null {
  if (text === undefined || text.trim() === '') return null;
  const compact = /^(\d{4})(\d{2})(\d{2})$/.exec(text.trim());
  if (compact !== null) return `${compact[1]}-${compact[2]}-${compact[3]}`;
  const american = /^(\d{1,2})\/(\d{1,2})\/(\d{2}|\d{4})$/.exec(text.trim());
  if (american === null) return text.trim();
  const year = american[3] as string;
  return `${year.length === 2 ? `19${year}` : year}-${(american[1] as string).padStart(2, '0')}-${(american[2] as string).padStart(2, '0')}`;
}

type PersonFields = Partial<{ -readonly [K in keyof ContactCard]: ContactCard[K] }>;
type OrganisationFields = Partial<{ -readonly [K in keyof OrganisationCard]: OrganisationCard[K] }>;

const join = (...parts: (string | undefined)[]): string | null =>
  orNull(parts.filter((part) => part !== undefined && part.trim() !== '').join(' '));

function senzingPerson(row: Values): PersonFields {
  const full = row.PRIMARY_NAME_FULL || row.NATIVE_NAME_FULL || '';
  const telephone = orNull(row.PHONE_NUMBER);
  return {
    firstName: join(row.PRIMARY_NAME_FIRST, row.PRIMARY_NAME_MIDDLE),
    lastName: row.PRIMARY_NAME_LAST || full,
    email: orNull(row.EMAIL_ADDRESS),
    telephone: row.PHONE_TYPE === 'MOBILE' || row.PHONE_TYPE === 'HOME' ? null : telephone,
    mobile: row.PHONE_TYPE === 'MOBILE' ? telephone : null,
    homeTelephone: row.PHONE_TYPE === 'HOME' ? telephone : null,
    birthDate: isoDate(row.DATE_OF_BIRTH),
    street: orNull(row.ADDR_LINE1) ?? orNull(row.ADDR_FULL),
    city: orNull(row.ADDR_CITY),
    region: orNull(row.ADDR_STATE),
    postcode: orNull(row.ADDR_POSTAL_CODE),
    country: orNull(row.ADDR_COUNTRY),
    company: orNull(row.EMPLOYER),
    nationalId: orNull(row.SSN_NUMBER) ?? orNull(row.NATIONAL_ID_NUMBER),
    passport: orNull(row.PASSPORT_NUMBER),
    driversLicence: orNull(row.DRIVERS_LICENSE_NUMBER),
  };
}

function senzingOrganisation(row: Values): OrganisationFields {
  return {
    name: row.PRIMARY_NAME_ORG ?? '',
    description: orNull(row.SECONDARY_NAME_ORG) === null ? null : `Also known as ${row.SECONDARY_NAME_ORG}`,
    telephone: orNull(row.PHONE_NUMBER),
    street: orNull(row.ADDR_LINE1) ?? orNull(row.ADDR_FULL),
    city: orNull(row.ADDR_CITY),
    region: orNull(row.ADDR_STATE),
    postcode: orNull(row.ADDR_POSTAL_CODE),
    country: orNull(row.ADDR_COUNTRY),
    registrationNumber: orNull(row.TAX_ID_NUMBER) ?? orNull(row.NATIONAL_ID_NUMBER),
  };
}

interface SetReader {
  readonly person?: (row: Values) => PersonFields;
  readonly organisation?: (row: Values) => OrganisationFields;
  readonly isPerson: (row: Values) => boolean;
  /** The CRM a row belongs to; random where the set has a single source. */
  readonly crm: (row: Values, random: Random) => Crm;
}

const anyCrm = (_row: Values, random: Random): Crm => (random.chance(0.5) ? 'salesforce' : 'hubspot');

const readers: Readonly<Record<RealDataSet, SetReader>> = {
  senzing_truthset: {
    person: senzingPerson,
    organisation: senzingOrganisation,
    isPerson: (row) => row.RECORD_TYPE === 'PERSON',
    crm: (row) => (row.DATA_SOURCE === 'CUSTOMERS' ? 'salesforce' : 'hubspot'),
  },
  dedupe_csv_example: {
    organisation: (row) => ({
      name: row['Site name'] ?? '',
      street: orNull(row.Address),
      postcode: orNull(row.Zip),
      telephone: orNull(row.Phone),
      fax: orNull(row.Fax),
      website: orNull(row.Website),
      domain:
        orNull(row.Website)
          ?.replace(/^(?:https?:\/\/)?(?:www\.)?/, '')
          .replace(/\/.*$/, '') ?? null,
      salesforceIndustry: 'Education',
      hubspotIndustry: 'EDUCATION_MANAGEMENT',
    }),
    isPerson: () => false,
    crm: (row) => (/^(?:CPS_|purple)/.test(row.Source ?? '') ? 'salesforce' : 'hubspot'),
  },
  fodors_zagats: {
    organisation: (row) => ({
      name: row.name ?? '',
      street: orNull(row.addr),
      city: orNull(row.city),
      telephone: orNull(row.phone),
      description: orNull(row.type),
      salesforceIndustry: 'Hospitality',
      hubspotIndustry: 'RESTAURANTS',
    }),
    isPerson: () => false,
    crm: (row) => (row.list === 'fodors' ? 'salesforce' : 'hubspot'),
  },
  dqbench_tier1: {
    person: (row) => ({
      firstName: orNull(row.first_name),
      lastName: row.last_name ?? '',
      email: orNull(row.email),
      telephone: orNull(row.phone),
      street: orNull(row.address),
      city: orNull(row.city),
      region: orNull(row.state),
      postcode: orNull(row.zip),
      company: orNull(row.company),
    }),
    isPerson: () => true,
    crm: anyCrm,
  },
  febrl_dataset1: {
    person: (row) => ({
      firstName: orNull(row.given_name),
      lastName: row.surname ?? '',
      street: join(row.street_number, row.address_1, row.address_2),
      city: orNull(row.suburb),
      region: orNull(row.state),
      postcode: orNull(row.postcode),
      country: 'Australia',
      birthDate: isoDate(row.date_of_birth),
      nationalId: orNull(row.soc_sec_id),
    }),
    isPerson: () => true,
    crm: anyCrm,
  },
  splink_fake_1000: {
    person: (row) => ({
      firstName: orNull(row.first_name),
      lastName: row.surname ?? '',
      birthDate: isoDate(row.dob),
      city: orNull(row.city),
      email: orNull(row.email),
    }),
    isPerson: () => true,
    crm: anyCrm,
  },
};

/**
 * The rows of the published data sets as cards of the CRM they go to. HubSpot holds no two contacts with one e-mail
 * address, so a row whose address is in `hubspotEmails` already goes to Salesforce.
 */
export function createRealCards(
  hubspotEmails: Set<string>,
  timelines: Readonly<Record<Crm, Timeline>>,
): Readonly<Record<Crm, RealCards>> {
  const random = createRandom('published data sets');
  const cards = {
    salesforce: { contacts: [] as ContactCard[], organisations: [] as OrganisationCard[] },
    hubspot: { contacts: [] as ContactCard[], organisations: [] as OrganisationCard[] },
  };
  for (const set of realDataSets) {
    const reader = readers[set];
    const truth = new Map(readRows(set, 'truth.tsv').map((row) => [row.key, row.entity]));
    for (const row of readRows(set, 'records.tsv')) {
      const entity = realEntity(set, truth.get(row.key) ?? `row-${row.key}`);
      let crm = reader.crm(row, random);
      if (!reader.isPerson(row)) {
        const fields = reader.organisation?.(row) ?? {};
        cards[crm].organisations.push({ ...emptyOrganisation, name: '', ...fields, ...timelines[crm].next(), entity });
        continue;
      }
      const fields = reader.person?.(row) ?? {};
      const email = fields.email?.toLowerCase() ?? null;
      if (crm === 'hubspot' && email !== null) {
        if (hubspotEmails.has(email)) crm = 'salesforce';
        else hubspotEmails.add(email);
      }
      cards[crm].contacts.push({ ...emptyContact, ...fields, ...timelines[crm].next(), entity });
    }
  }
  return cards;
}
