import type { Random } from '../random.ts';
import { type Address, respellCountry, respellStreet } from './address.ts';
import type { CrmProfile } from './crm-profile.ts';
import { foldAccents, hasAccents, misspell } from './misspelling.ts';
import { respellLegalForm, shortenCoreName } from './organisation-names.ts';
import { dummyTelephones, formatTelephone } from './telephone.ts';
import type { RecordTimes, Timeline } from './timeline.ts';
import { type Organisation, shuffled } from './world.ts';

/** What a CRM record says about an organisation, in words of no vendor. */
export interface OrganisationCard extends RecordTimes {
  readonly entity: string;
  readonly name: string;
  readonly domain: string | null;
  readonly website: string | null;
  readonly telephone: string | null;
  readonly fax: string | null;
  readonly street: string | null;
  readonly city: string | null;
  readonly region: string | null;
  readonly postcode: string | null;
  readonly country: string | null;
  readonly salesforceIndustry: string | null;
  readonly hubspotIndustry: string | null;
  readonly employees: number | null;
  readonly revenue: number | null;
  readonly description: string | null;
  /** Entity of the parent, for the hierarchy of accounts. */
  readonly parentEntity: string | null;
  /** A registered number, in the real data only. */
  readonly registrationNumber: string | null;
}

type Draft = { -readonly [K in keyof OrganisationCard]: OrganisationCard[K] };

function officialName(organisation: Organisation): string {
  return organisation.legalForm === '' ? organisation.core : `${organisation.core} ${organisation.legalForm}`;
}

function respellName(organisation: Organisation, random: Random, isDuplicate: boolean): string {
  const { core, legalForm } = organisation;
  const name = officialName(organisation);
  switch (random.integer(0, isDuplicate ? 9 : 6)) {
    case 0:
    case 1:
      return core;
    case 2:
    case 3: {
      const form = legalForm === '' ? '' : respellLegalForm(legalForm, random);
      return form === '' ? core : `${core}${random.chance(0.2) ? ',' : ''} ${form}`;
    }
    case 4:
      return `${shortenCoreName(core, random)} ${legalForm}`.trim();
    case 5:
      return random.chance(0.5) ? name.toUpperCase() : name.toLowerCase();
    case 6:
      return random.chance(0.5) ? `The ${core}` : ` ${name}`;
    case 7:
      return misspell(core, random);
    case 8:
      return organisation.alias === null ? misspell(name, random) : `${core} (formerly ${organisation.alias})`;
    default:
      return `${core} - ${organisation.address.city}`;
  }
}

function isLookAlike(organisation: Organisation): boolean {
  return organisation.trap !== null;
}

function fillAddress(draft: Draft, address: Address, random: Random, isRespelled: boolean): void {
  draft.street = isRespelled ? respellStreet(address.street, random) : address.street;
  draft.city = isRespelled && random.chance(0.1) ? misspell(address.city, random) : address.city;
  draft.region = random.chance(0.6) ? address.regionCode : address.region;
  draft.postcode = random.chance(0.92) ? address.postcode : null;
  draft.country = respellCountry(address.country, random);
}

interface CardSources {
  readonly profile: CrmProfile;
  readonly random: Random;
  readonly timeline: Timeline;
}

function createOrganisationCard(
  organisation: Organisation,
  { profile, random, timeline }: CardSources,
  isDuplicate: boolean,
): OrganisationCard {
  const name = random.chance(isDuplicate ? 0.75 : 0.25)
    ? respellName(organisation, random, isDuplicate)
    : officialName(organisation);
  const draft: Draft = {
    ...timeline.next(),
    entity: organisation.entity,
    name: hasAccents(name) && random.chance(isDuplicate ? 0.3 : 0.08) ? foldAccents(name, random) : name,
    domain: null,
    website: null,
    telephone: null,
    fax: null,
    street: null,
    city: null,
    region: null,
    postcode: null,
    country: null,
    salesforceIndustry: random.chance(0.75) ? organisation.industry.salesforce : null,
    hubspotIndustry: random.chance(0.7) ? organisation.industry.hubspot : null,
    employees: random.chance(0.6)
      ? Math.max(1, Math.round(organisation.employees * (random.chance(0.6) ? 1 : 0.7 + random.next() * 0.6)))
      : null,
    revenue: random.chance(0.35) ? Math.round(organisation.employees * (60 + random.next() * 160)) * 1000 : null,
    description: random.chance(0.12)
      ? `${organisation.core}: ${organisation.industry.words[0]?.toLowerCase()} in ${organisation.address.city}.`
      : null,
    parentEntity: organisation.parent?.entity ?? null,
    registrationNumber: null,
  };
  if (
    organisation.domain !== null &&
    random.chance(isDuplicate ? profile.companyDomain * 0.75 : profile.companyDomain)
  ) {
    draft.domain = organisation.domain;
    const prefix = random.pick(['https://www.', 'http://www.', 'www.', 'https://', '']);
    draft.website = prefix + organisation.domain + (random.chance(0.15) ? '/' : '');
  }
  if (random.chance(isDuplicate ? profile.companyTelephone * 0.8 : profile.companyTelephone)) {
    draft.telephone = formatTelephone(organisation.telephone, random);
  } else if (random.chance(0.04)) {
    draft.telephone = random.pick(dummyTelephones);
  }
  if (organisation.fax !== null && random.chance(0.5)) draft.fax = formatTelephone(organisation.fax, random);
  // Look-alikes are told apart by where they are, so their records say it.
  if (isLookAlike(organisation) || random.chance(profile.companyAddress)) {
    const hasMoved =
      organisation.formerAddress !== null && !isLookAlike(organisation) && random.chance(isDuplicate ? 0.4 : 0.15);
    const address = hasMoved && organisation.formerAddress !== null ? organisation.formerAddress : organisation.address;
    fillAddress(draft, address, random, random.chance(isDuplicate ? 0.5 : 0.2));
  }
  return draft;
}

/** Makes sure a further record of an organisation can be recognised: it shares a telephone, a domain or an address with an earlier one. */
function anchorOrganisationCard(
  card: OrganisationCard,
  earlier: readonly OrganisationCard[],
  { organisation, random }: { readonly organisation: Organisation; readonly random: Random },
): OrganisationCard {
  const isAnchored = earlier.some(
    (other) =>
      (card.domain !== null && card.domain === other.domain) ||
      (card.postcode !== null && card.postcode === other.postcode) ||
      (card.telephone !== null && other.telephone !== null && !dummyTelephones.includes(card.telephone)),
  );
  if (isAnchored) return card;
  const other = earlier[0];
  if (other?.postcode != null) {
    const draft: Draft = { ...card };
    draft.street = other.street;
    draft.city = other.city;
    draft.region = other.region;
    draft.postcode = other.postcode;
    draft.country = other.country;
    return draft;
  }
  if (other?.domain != null) return { ...card, domain: other.domain, website: `www.${other.domain}` };
  return { ...card, telephone: formatTelephone(organisation.telephone, random) };
}

/** The records of one CRM: one for each organisation in it, and duplicates of some, in random order. */
export function createOrganisationCards(options: {
  readonly organisations: readonly Organisation[];
  readonly profile: CrmProfile;
  readonly random: Random;
  readonly timeline: Timeline;
  readonly duplicates: number;
  /** Cards of the same organisations in the other CRM, by entity; further cards are anchored in them too. */
  readonly known: Map<string, OrganisationCard[]>;
}): OrganisationCard[] {
  const { organisations, profile, random, timeline, known } = options;
  const cards: OrganisationCard[] = [];
  const add = (organisation: Organisation, isDuplicate: boolean) => {
    const earlier = known.get(organisation.entity) ?? [];
    const fresh = createOrganisationCard(organisation, { profile, random, timeline }, isDuplicate);
    const card = earlier.length === 0 ? fresh : anchorOrganisationCard(fresh, earlier, { organisation, random });
    known.set(organisation.entity, [...earlier, card]);
    cards.push(card);
  };
  for (const organisation of organisations) add(organisation, false);
  for (let i = 0; i < options.duplicates; i++) add(random.pick(organisations), true);
  return shuffled(cards, random);
}
