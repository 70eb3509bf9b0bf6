import { createWeightedPicker, type Random } from '../random.ts';
import { type Address, createAddress } from './address.ts';
import type { Country, DataTables } from './data-tables.ts';
import { toAscii } from './misspelling.ts';
import type { Telephone } from './telephone.ts';
import {
  drawPresences,
  type Job,
  type Organisation,
  type Person,
  type Presence,
  type PresenceQuota,
  type Trap,
  type TrapKind,
} from './world.ts';

export interface PersonsOptions {
  readonly tables: DataTables;
  readonly random: Random;
  readonly telephone: (country: Country, pattern: string) => Telephone;
  readonly quota: PresenceQuota;
  readonly organisations: readonly Organisation[];
}

interface Wanted {
  readonly country?: Country;
  readonly isMale?: boolean;
  readonly firstName?: string;
  readonly lastName?: string;
  readonly suffix?: string;
  readonly birthDate?: string;
  readonly home?: Address;
  readonly homeTelephone?: Telephone;
  readonly personalEmail?: string;
  readonly isJobless?: boolean;
  readonly organisation?: Organisation;
  readonly jobEmail?: string;
  readonly trap?: Trap;
}

/** How many groups of look-alikes there are, for each thousand persons. */
const groupsPerThousand: Readonly<Partial<Record<TrapKind, number>>> = {
  family: 13,
  twins: 3,
  'senior-junior': 4,
  'shared-mailbox': 5,
  'same-name': 6,
};

const departments: readonly (readonly [string, readonly string[]])[] = [
  [
    'Sales',
    [
      'Sales Manager',
      'Account Executive',
      'Sales Representative',
      'VP Sales',
      'Head of Sales',
      'Business Development Manager',
    ],
  ],
  ['Marketing', ['Marketing Manager', 'Marketing Director', 'Content Specialist', 'CMO', 'Brand Manager']],
  ['IT', ['IT Manager', 'Systems Administrator', 'CTO', 'Software Engineer', 'CIO', 'Network Engineer']],
  ['Finance', ['CFO', 'Controller', 'Accountant', 'Finance Director', 'Accounts Payable Clerk']],
  ['Operations', ['Operations Manager', 'COO', 'Plant Manager', 'Logistics Coordinator', 'Director of Operations']],
  ['Purchasing', ['Buyer', 'Purchasing Manager', 'Head of Procurement', 'Procurement Specialist']],
  ['Human Resources', ['HR Manager', 'Recruiter', 'HR Director', 'HR Business Partner']],
  ['Management', ['CEO', 'Managing Director', 'Owner', 'President', 'General Manager', 'Founder']],
  ['Customer Service', ['Customer Success Manager', 'Support Specialist', 'Service Manager']],
  ['Engineering', ['Engineer', 'Senior Engineer', 'Project Manager', 'Technical Director', 'Quality Manager']],
];

const freeMail: Readonly<Record<string, readonly string[]>> = {
  DE: ['gmx.de', 'web.de', 't-online.de', 'gmail.com', 'freenet.de'],
  AT: ['gmx.at', 'gmail.com', 'aon.at'],
  FR: ['orange.fr', 'free.fr', 'laposte.net', 'gmail.com', 'hotmail.fr'],
  IT: ['libero.it', 'gmail.com', 'virgilio.it'],
  GB: ['btinternet.com', 'hotmail.co.uk', 'gmail.com', 'yahoo.co.uk', 'outlook.com'],
  NL: ['ziggo.nl', 'kpnmail.nl', 'gmail.com', 'hotmail.com'],
  PL: ['wp.pl', 'onet.pl', 'gmail.com'],
  SE: ['telia.com', 'gmail.com', 'hotmail.com'],
  JP: ['yahoo.co.jp', 'gmail.com'],
};
const commonFreeMail = [
  'gmail.com',
  'gmail.com',
  'gmail.com',
  'yahoo.com',
  'hotmail.com',
  'outlook.com',
  'icloud.com',
  'aol.com',
  'comcast.net',
];

function mailName(text: string, fallback: string): string {
  return toAscii(text) || fallback;
}

/** The address a firm gives someone, in the firm's own style. */
export function workEmail(organisation: Organisation, first: string, last: string, serial: number): string | null {
  if (organisation.domain === null) return null;
  const [f, l] = [mailName(first, `staff${serial}`), mailName(last, `member${serial}`)];
  const style = organisation.emailStyle;
  if (style <= 3) return `${f}.${l}@${organisation.domain}`;
  if (style <= 6) return `${f[0]}${l}@${organisation.domain}`;
  if (style === 7) return `${f}@${organisation.domain}`;
  if (style === 8) return `${f}_${l}@${organisation.domain}`;
  return `${l}.${f}@${organisation.domain}`;
}

function birthDateOf(random: Random): string {
  const year = 1945 + Math.floor(58 * ((random.next() + random.next()) / 2));
  const month = random.integer(1, 12);
  const day = random.integer(1, 28);
  return `${year}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`;
}

/** A name a parent of twins might choose beside another one: the same beginning, where there is one. */
function twinName(first: string, pick: () => string): string {
  let best = pick();
  for (let i = 0; i < 60; i++) {
    const candidate = pick();
    if (candidate === first) continue;
    if (best === first || (candidate[0] === first[0] && Math.abs(candidate.length - first.length) <= 1))
      best = candidate;
    if (best[0] === first[0] && best[1] === first[1]) break;
  }
  return best === first ? `${first}a` : best;
}

/** Invents the persons, look-alikes among them. */
export function createPersons(options: PersonsOptions): Person[] {
  const { tables, random } = options;
  const { both, salesforceOnly, hubspotOnly } = options.quota;
  const total = both + salesforceOnly + hubspotOnly;
  const presences = drawPresences(options.quota, random);
  const persons: Person[] = [];
  const emails = new Set<string>();
  let group = 0;

  // A firm known to one CRM only lends its people to that CRM.
  const weight = (organisation: Organisation) => 3 + organisation.employees ** 0.55;
  const pickers = {
    both: createWeightedPicker(
      options.organisations.filter((each) => each.presence.salesforce && each.presence.hubspot),
      weight,
    ),
    salesforce: createWeightedPicker(
      options.organisations.filter((each) => each.presence.salesforce),
      weight,
    ),
    hubspot: createWeightedPicker(
      options.organisations.filter((each) => each.presence.hubspot),
      weight,
    ),
  };
  const employer = (presence: Presence): Organisation =>
    (presence.salesforce && presence.hubspot
      ? random.chance(0.85)
        ? pickers.both
        : random.chance(0.5)
          ? pickers.salesforce
          : pickers.hubspot
      : presence.salesforce
        ? pickers.salesforce
        : pickers.hubspot)(random);

  const freshEmail = (email: string): string => {
    const [local, domain] = email.split('@') as [string, string];
    let candidate = email;
    for (let n = 2; emails.has(candidate); n++) candidate = `${local}${n}@${domain}`;
    emails.add(candidate);
    return candidate;
  };
  const personal = (first: string, last: string, birthDate: string, country: Country): string => {
    const [f, l] = [mailName(first, 'user'), mailName(last, `name${persons.length}`)];
    const year = birthDate.slice(2, 4);
    const local = random.pick([
      `${f}.${l}`,
      `${f}${l}${year}`,
      `${f[0]}${l}${random.integer(1, 99)}`,
      `${f}_${l}`,
      `${l}${f[0]}${year}`,
      `${f}${random.integer(10, 999)}`,
    ]);
    return freshEmail(`${local}@${random.pick(freeMail[country.code] ?? commonFreeMail)}`);
  };
  const job = (organisation: Organisation, first: string, last: string, email?: string): Job => {
    const [department, titles] = random.pick(departments);
    const address = email ?? workEmail(organisation, first, last, persons.length);
    return {
      organisation,
      title: random.pick(titles),
      department,
      email: address === null || email !== undefined ? address : freshEmail(address),
      extension: random.chance(0.5) ? random.integer(100, 989) : null,
    };
  };

  const add = (wanted: Wanted = {}): Person => {
    const presence = presences[persons.length] as Presence;
    const organisation =
      wanted.isJobless === true ? null : (wanted.organisation ?? (random.chance(0.93) ? employer(presence) : null));
    const country =
      wanted.country ??
      (organisation !== null && random.chance(0.94) ? organisation.address.country : tables.pickCountry(random));
    const names = tables.names(random.chance(0.93) ? country.names : tables.pickCountry(random).names);
    const isMale = wanted.isMale ?? random.chance(0.52);
    const pickFirst = () => (isMale ? names.maleNames : names.femaleNames)(random);
    const firstName = wanted.firstName ?? pickFirst();
    const lastName = wanted.lastName ?? names.surnames(random);
    const birthDate = wanted.birthDate ?? birthDateOf(random);
    const localCity =
      organisation !== null && country === organisation.address.country && random.chance(0.75)
        ? country.cities.find((city) => city.name === organisation.address.city)
        : undefined;
    const city = localCity ?? tables.pickCity(country, random);
    const isMarriedName = !isMale && random.chance(0.05);
    const person: Person = {
      entity: `person-${persons.length}`,
      presence,
      country,
      isMale,
      firstName,
      middleName: random.chance(0.35) ? pickFirst() : null,
      lastName,
      birthName: isMarriedName ? names.surnames(random) : null,
      suffix: wanted.suffix ?? null,
      birthDate,
      home: wanted.home ?? createAddress(tables, country, city, random),
      formerHome: random.chance(0.15)
        ? createAddress(tables, country, random.chance(0.6) ? city : tables.pickCity(country, random), random)
        : null,
      homeTelephone:
        wanted.homeTelephone ?? (random.chance(0.35) ? options.telephone(country, city.landlinePattern) : null),
      mobile: random.chance(0.88) ? options.telephone(country, country.mobilePattern) : null,
      personalEmail: wanted.personalEmail ?? personal(firstName, lastName, birthDate, country),
      job: organisation === null ? null : job(organisation, firstName, lastName, wanted.jobEmail),
      formerJob: null,
      trap: wanted.trap ?? null,
    };
    const withHistory: Person =
      random.chance(0.2) && wanted.trap === undefined
        ? { ...person, formerJob: job(employer(presence), firstName, lastName) }
        : person;
    persons.push(withHistory);
    return withHistory;
  };

  const groups = (kind: TrapKind) => Math.round(((groupsPerThousand[kind] ?? 0) * total) / 1000);
  const room = () => total - persons.length;
  const household = (country: Country): { home: Address; homeTelephone: Telephone } => {
    const city = tables.pickCity(country, random);
    return {
      home: createAddress(tables, country, city, random),
      homeTelephone: options.telephone(country, city.landlinePattern),
    };
  };
  const west = () => {
    let country = tables.pickCountry(random);
    while (country.code === 'JP') country = tables.pickCountry(random);
    return country;
  };

  for (let i = 0; i < groups('family') && room() > 5; i++) {
    group += 1;
    const country = west();
    const shared = {
      ...household(country),
      country,
      trap: { kind: 'family', group } as const,
      lastName: tables.names(country.names).surnames(random),
    };
    const first = add({ ...shared, isMale: true });
    add({ ...shared, isMale: false });
    for (let n = random.integer(0, 2); n > 0; n--)
      add({
        ...shared,
        isJobless: random.chance(0.4),
        ...(random.chance(0.2) ? { personalEmail: first.personalEmail } : {}),
      });
  }
  for (let i = 0; i < groups('twins') && room() > 2; i++) {
    group += 1;
    const country = west();
    const isMale = random.chance(0.5);
    const names = tables.names(country.names);
    const pick = () => (isMale ? names.maleNames : names.femaleNames)(random);
    const firstName = pick();
    const shared = {
      ...household(country),
      country,
      isMale,
      trap: { kind: 'twins', group } as const,
      lastName: names.surnames(random),
      birthDate: birthDateOf(random),
    };
    add({ ...shared, firstName });
    add({ ...shared, firstName: twinName(firstName, pick) });
  }
  for (let i = 0; i < groups('senior-junior') && room() > 2; i++) {
    group += 1;
    const country = tables.country('US');
    const names = tables.names(country.names);
    const birth = birthDateOf(random);
    const shared = {
      ...household(country),
      country,
      isMale: true,
      trap: { kind: 'senior-junior', group } as const,
      firstName: names.maleNames(random),
      lastName: names.surnames(random),
    };
    const senior = `19${random.integer(40, 58)}${birth.slice(4)}`;
    add({ ...shared, suffix: 'Sr.', birthDate: senior });
    add({
      ...shared,
      suffix: 'Jr.',
      birthDate: `${Number(senior.slice(0, 4)) + random.integer(20, 34)}-0${random.integer(1, 9)}-${random.integer(10, 28)}`,
    });
  }
  for (let i = 0; i < groups('shared-mailbox') && room() > 4; i++) {
    group += 1;
    const organisation = pickers.both(random);
    if (organisation.domain === null) continue;
    const mailbox = `${random.pick(['info', 'office', 'sales', 'contact', 'accounts', 'admin'])}@${organisation.domain}`;
    for (let n = random.integer(2, 4); n > 0; n--)
      add({ organisation, jobEmail: mailbox, trap: { kind: 'shared-mailbox', group } });
  }
  for (let i = 0; i < groups('same-name') && room() > 4; i++) {
    group += 1;
    const country = west();
    const names = tables.names(country.names);
    const isMale = random.chance(0.5);
    const shared = {
      country,
      isMale,
      trap: { kind: 'same-name', group } as const,
      firstName: (isMale ? names.maleNames : names.femaleNames)(random),
      lastName: names.surnames(random),
    };
    for (let n = random.integer(2, 4); n > 0; n--) add(shared);
  }
  while (room() > 0) add();
  return persons;
}
