import type { Random } from '../random.ts';
import { type Address, respellCountry, respellStreet } from './address.ts';
import type { CrmProfile } from './crm-profile.ts';
import type { DataTables } from './data-tables.ts';
import { foldAccents, hasAccents, misspell } from './misspelling.ts';
import { dummyTelephones, formatTelephone } from './telephone.ts';
import type { RecordTimes, Timeline } from './timeline.ts';
import { type Job, type Person, shuffled } from './world.ts';

/** What a CRM record says about a person, in words of no vendor. */
export interface ContactCard extends RecordTimes {
  readonly entity: string;
  readonly salutation: string | null;
  readonly firstName: string | null;
  readonly lastName: string;
  readonly email: string | null;
  readonly otherEmails: readonly string[];
  readonly telephone: string | null;
  readonly mobile: string | null;
  readonly homeTelephone: string | null;
  readonly title: string | null;
  readonly department: string | null;
  /** `YYYY-MM-DD`, possibly a default that means nothing; in the real data possibly no date at all. */
  readonly birthDate: string | null;
  readonly street: string | null;
  readonly city: string | null;
  readonly region: string | null;
  readonly postcode: string | null;
  readonly country: string | null;
  /** Name of the employer as typed. */
  readonly company: string | null;
  /** Entity of the employer; the record is linked to it where the CRM has it. */
  readonly employerEntity: string | null;
  /** A reader of the record sees the employer: by name, or by a link that the CRM is sure to have. */
  readonly isEmployerShown: boolean;
  readonly nationalId: string | null;
  readonly passport: string | null;
  readonly driversLicence: string | null;
  readonly hasOptedOut: boolean;
  /** The record lies in the recycle bin. */
  readonly isRemoved: boolean;
}

type Draft = { -readonly [K in keyof ContactCard]: ContactCard[K] };

interface WrittenName {
  first: string | null;
  last: string;
}

/** The name the way this record has it. */
function writeName(person: Person, tables: DataTables, random: Random, isTouched: boolean): WrittenName {
  const name: WrittenName = { first: person.firstName, last: person.lastName };
  if (isTouched) {
    const nicknames = tables.nicknames(person.firstName);
    const draw = random.integer(0, 19);
    if (nicknames.length > 0 && draw < 8) name.first = random.pick(nicknames);
    else if (draw < 10) name.first = misspell(person.firstName, random);
    else if (draw < 13) name.last = misspell(person.lastName, random);
    else if (draw < 14) name.first = `${person.firstName[0]}.`;
    else if (draw < 15) [name.first, name.last] = [person.lastName, person.firstName];
    else if (draw < 16) [name.first, name.last] = [null, `${person.firstName} ${person.lastName}`];
    else if (draw < 17 && person.middleName !== null)
      name.first = `${person.firstName} ${random.chance(0.5) ? person.middleName : `${person.middleName[0]}.`}`;
    else if (draw < 18) [name.first, name.last] = [person.firstName.toUpperCase(), person.lastName.toUpperCase()];
    else if (person.birthName !== null)
      name.last = random.chance(0.5) ? person.birthName : `${person.lastName}-${person.birthName}`;
    else name.first = ` ${person.firstName} `;
  } else if (person.middleName !== null && random.chance(0.05)) {
    name.first = `${person.firstName} ${person.middleName[0]}.`;
  }
  if (hasAccents(name.last) && random.chance(isTouched ? 0.4 : 0.08)) name.last = foldAccents(name.last, random);
  // Senior and junior are told apart by little else.
  if (person.suffix !== null)
    name.last = `${name.last} ${random.chance(0.8) ? person.suffix : person.suffix.replace('.', '')}`;
  return name;
}

function misspellEmail(email: string, random: Random): string {
  const [local, domain] = email.split('@') as [string, string];
  if (random.chance(0.4))
    return `${local}@${domain
      .replace('gmail.com', 'gmial.com')
      .replace('hotmail', 'hotmial')
      .replace(/\.com$/, '.con')}`;
  return `${misspell(local, random)}@${domain}`;
}

function fillAddress(draft: Draft, address: Address, random: Random, isRespelled: boolean): void {
  draft.street = isRespelled ? respellStreet(address.street, random) : address.street;
  draft.city = isRespelled && random.chance(0.15) ? misspell(address.city, random) : address.city;
  draft.region = random.chance(0.55) ? address.regionCode : address.region;
  draft.postcode = random.chance(0.93) ? address.postcode : null;
  draft.country = random.chance(0.85) ? respellCountry(address.country, random) : null;
}

function salutationOf(person: Person, random: Random): string {
  if (random.chance(0.06)) return random.pick(['Dr.', 'Prof.']);
  return person.isMale ? 'Mr.' : random.pick(['Ms.', 'Mrs.']);
}

/** Whether two records share something that a person hardly shares with anybody else. */
function hasAnchor(card: ContactCard, other: ContactCard): boolean {
  const same = (left: string | null, right: string | null) => left !== null && left === right;
  return (
    same(card.email?.toLowerCase() ?? null, other.email?.toLowerCase() ?? null) ||
    (card.mobile !== null && other.mobile !== null) ||
    (card.homeTelephone !== null && other.homeTelephone !== null) ||
    (same(card.birthDate, other.birthDate) && card.birthDate !== '1900-01-01') ||
    same(card.postcode, other.postcode) ||
    (card.isEmployerShown && other.isEmployerShown && same(card.employerEntity, other.employerEntity))
  );
}

export interface ContactCardsOptions {
  readonly persons: readonly Person[];
  readonly profile: CrmProfile;
  readonly tables: DataTables;
  readonly random: Random;
  readonly timeline: Timeline;
  readonly duplicates: number;
  /** Further duplicates that have been deleted. */
  readonly removed: number;
  /** Cards of the same persons in the other CRM, by entity; further cards are anchored in them too. */
  readonly known: Map<string, ContactCard[]>;
}

/** The records of one CRM: one for each person in it, and duplicates of some, in random order. */
export function createContactCards(options: ContactCardsOptions): ContactCard[] {
  const { persons, profile, tables, random, timeline, known } = options;
  const cards: ContactCard[] = [];
  const usedEmails = new Set<string>();

  const free = (email: string | null): string | null =>
    email === null || (profile.hasUniqueEmail && usedEmails.has(email.toLowerCase())) ? null : email;

  const chooseEmail = (person: Person, job: Job | null, isDuplicate: boolean): string | null => {
    if (random.chance(isDuplicate ? profile.noEmail * 3 : profile.noEmail)) return null;
    const isWork = job?.email != null && random.chance(profile.workEmail);
    const [first, second] = isWork ? [job.email, person.personalEmail] : [person.personalEmail, job?.email ?? null];
    const email = free(first) ?? free(second);
    if (email === null) return null;
    if (random.chance(isDuplicate ? 0.1 : 0.015)) return free(misspellEmail(email, random)) ?? email;
    return random.chance(0.03) && !profile.hasUniqueEmail ? email.toUpperCase() : email;
  };

  const createCard = (person: Person, isDuplicate: boolean): ContactCard => {
    const isStale = person.formerJob !== null && random.chance(isDuplicate ? 0.5 : profile.stale * 3);
    const job = isStale ? person.formerJob : person.job;
    const name = writeName(person, tables, random, random.chance(isDuplicate ? 0.5 : profile.nameNoise));
    const isLowerCase = random.chance(profile.lowerCase);
    const email = chooseEmail(person, job, isDuplicate);
    const isFamily =
      person.trap?.kind === 'family' || person.trap?.kind === 'twins' || person.trap?.kind === 'senior-junior';
    const draft: Draft = {
      ...timeline.next(),
      entity: person.entity,
      salutation: random.chance(0.35) ? salutationOf(person, random) : null,
      firstName: isLowerCase ? (name.first?.toLowerCase() ?? null) : name.first,
      lastName: isLowerCase ? name.last.toLowerCase() : name.last,
      email,
      otherEmails:
        email !== null && profile.hasUniqueEmail && random.chance(0.04)
          ? [person.personalEmail].filter((each) => each !== email && free(each) !== null)
          : [],
      telephone: null,
      mobile: person.mobile !== null && random.chance(profile.mobile) ? formatTelephone(person.mobile, random) : null,
      homeTelephone:
        person.homeTelephone !== null &&
        random.chance(isFamily ? 0.7 : profile.homeTelephone * 3) &&
        profile.homeTelephone > 0
          ? formatTelephone(person.homeTelephone, random)
          : null,
      title: job !== null && random.chance(profile.title) ? job.title : null,
      department: job !== null && random.chance(profile.department) ? job.department : null,
      birthDate: null,
      street: null,
      city: null,
      region: null,
      postcode: null,
      country: null,
      company: job === null || random.chance(0.1) ? null : job.organisation.core,
      employerEntity: job?.organisation.entity ?? null,
      isEmployerShown: false,
      nationalId: null,
      passport: null,
      driversLicence: null,
      hasOptedOut: random.chance(0.05),
      isRemoved: false,
    };
    if (job !== null && random.chance(profile.telephone))
      draft.telephone = formatTelephone(job.organisation.telephone, random, job.extension);
    else if (person.homeTelephone !== null && (isFamily || random.chance(0.3)))
      draft.telephone = formatTelephone(person.homeTelephone, random);
    else if (random.chance(0.02)) draft.telephone = random.pick(dummyTelephones);
    if (random.chance(person.trap === null ? profile.birthDate : 0.75))
      draft.birthDate = random.chance(0.03) && person.trap === null ? '1900-01-01' : person.birthDate;
    // Salesforce shows the employer by the account only; in HubSpot the link may be missing but the name is typed.
    draft.isEmployerShown =
      job !== null && (profile.crm === 'salesforce' ? job.organisation.presence.salesforce : draft.company !== null);
    const draw = random.next();
    const isRespelled = random.chance(isDuplicate ? 0.5 : 0.2);
    if (isFamily || draw < profile.homeAddress) {
      const hasMoved = !isFamily && person.formerHome !== null && random.chance(isDuplicate ? 0.5 : 0.25);
      fillAddress(draft, hasMoved && person.formerHome !== null ? person.formerHome : person.home, random, isRespelled);
    } else if (job !== null && draw < profile.homeAddress + profile.workAddress) {
      fillAddress(draft, job.organisation.address, random, isRespelled);
    }
    return draft;
  };

  const anchored = (card: ContactCard, earlier: readonly ContactCard[], person: Person): ContactCard => {
    if (earlier.some((other) => hasAnchor(card, other))) return card;
    const other = earlier[0] as ContactCard;
    const email = free(other.email);
    if (email !== null) return { ...card, email };
    if (other.mobile !== null && person.mobile !== null)
      return { ...card, mobile: formatTelephone(person.mobile, random) };
    if (other.birthDate !== null && other.birthDate !== '1900-01-01') return { ...card, birthDate: other.birthDate };
    if (other.postcode !== null) {
      return {
        ...card,
        street: other.street,
        city: other.city,
        region: other.region,
        postcode: other.postcode,
        country: other.country,
      };
    }
    return {
      ...card,
      company: other.company,
      employerEntity: other.employerEntity,
      isEmployerShown: other.isEmployerShown,
      title: other.title,
    };
  };

  const add = (person: Person, isDuplicate: boolean, isRemoved = false) => {
    const earlier = known.get(person.entity) ?? [];
    const fresh = { ...createCard(person, isDuplicate), isRemoved };
    const card = earlier.length === 0 ? fresh : anchored(fresh, earlier, person);
    if (!isRemoved) known.set(person.entity, [...earlier, card]);
    for (const email of [card.email, ...card.otherEmails]) if (email !== null) usedEmails.add(email.toLowerCase());
    cards.push(card);
  };
  for (const person of persons) add(person, false);
  for (let i = 0; i < options.duplicates; i++) add(random.pick(persons), true);
  for (let i = 0; i < options.removed; i++) add(random.pick(persons), true, true);
  return shuffled(cards, random);
}
