import type { HubSpotLoad } from '../hubspot/hubspot-load.ts';
import { createRandom, type Random } from '../random.ts';
import { formatRecordId } from '../salesforce/record-id.ts';
import type { SalesforceLoad } from '../salesforce/salesforce-load.ts';
import { type ContactCard, createContactCards } from './contact-cards.ts';
import { hubspotProfile, salesforceProfile } from './crm-profile.ts';
import { loadDataTables } from './data-tables.ts';
import { createDealCards, createDeals } from './deals.ts';
import { type HubSpotAuditFacts, projectToHubSpot } from './hubspot-projection.ts';
import { addNativeSyncLinks, type NativeSyncLinks } from './native-sync-links.ts';
import { createOrganisationCards, type OrganisationCard } from './organisation-cards.ts';
import { createOrganisations } from './organisations.ts';
import { createPersons } from './persons.ts';
import { createRealCards, type RealCards, realDataSets } from './real-data.ts';
import {
  type CrmCards,
  projectToSalesforce,
  type RecordOrigins,
  type SalesforceAuditFacts,
} from './salesforce-projection.ts';
import { createStaff } from './staff.ts';
import { createTelephoneSource } from './telephone.ts';
import { createTimeline } from './timeline.ts';
import { type Person, type PresenceQuota, shuffled, type Trap } from './world.ts';

export interface PopulationSizes {
  /** Live synthetic contacts in each CRM, duplicates included. */
  readonly contacts: number;
  readonly companies: number;
  readonly deals: number;
  readonly activities: number;
  readonly users: number;
  /** Salesforce cases; default 15 for 100 contacts. */
  readonly cases: number;
  /** HubSpot tickets; default 5 for 100 contacts. */
  readonly tickets: number;
  /** Answers to HubSpot surveys; default 4 for 100 contacts. */
  readonly feedback: number;
}

export interface PopulationOptions {
  /** Default `kempt`. */
  readonly seed?: string;
  /** Default: the default load. */
  readonly sizes?: Partial<PopulationSizes>;
  /** Published data sets are added to the invented records. Default true. */
  readonly realData?: boolean;
}

/** Both CRMs' records, and what only scoring may know: which entity each record shows. */
export interface Population {
  readonly salesforce: SalesforceLoad;
  readonly hubspot: HubSpotLoad;
  readonly salesforceOrigins: RecordOrigins;
  readonly hubspotOrigins: RecordOrigins;
  /** Entities that look like others, by entity. */
  readonly traps: ReadonlyMap<string, Trap>;
  readonly salesforceAudit: SalesforceAuditFacts;
  readonly hubspotAudit: HubSpotAuditFacts;
  /** Where the links that the native sync left in HubSpot lead. */
  readonly nativeSyncLinks: NativeSyncLinks;
}

export const defaultSizes: Omit<PopulationSizes, 'cases' | 'tickets' | 'feedback'> = {
  contacts: 10_000,
  companies: 2500,
  deals: 3000,
  activities: 5000,
  users: 40,
};

const duplicateShare = 0.08;
const dealDuplicateShare = 0.03;
const removedShare = 0.005;

/** Salesforce stamps records to the second, HubSpot to the millisecond. */
const salesforceGrain = { importShare: 0.25, stepMs: 1000, importSpreadMs: 3000 } as const;
const hubspotGrain = { importShare: 0.25, stepMs: 1, importSpreadMs: 600 } as const;

/** Adds cards in random places. */
function mixIn(cards: CrmCards, more: RealCards, random: Random): CrmCards {
  return {
    ...cards,
    organisations: shuffled([...cards.organisations, ...more.organisations], random),
    contacts: shuffled([...cards.contacts, ...more.contacts], random),
  };
}

/** Of the entities of all kinds, 60 % are in both CRMs and 20 % in each one only. */
function quotaFor(perCrm: number): PresenceQuota {
  const both = Math.round(perCrm * 0.75);
  return { both, salesforceOnly: perCrm - both, hubspotOnly: perCrm - both };
}

/** Whom somebody is taken for: those of a group of look-alikes, and colleagues. */
function lookAlikesOf(
  all: readonly { readonly entity: string; readonly trap: Trap | null }[],
  persons: readonly Person[],
): (entity: string) => readonly string[] {
  const groupOf = new Map(
    all.flatMap(({ entity, trap }) => (trap === null ? [] : [[entity, `${trap.kind}/${trap.group}`] as const])),
  );
  const inGroup = Map.groupBy(groupOf.keys(), (entity) => groupOf.get(entity) as string);
  const employerOf = new Map(
    persons.flatMap(({ entity, job }) => (job === null ? [] : [[entity, job.organisation.entity] as const])),
  );
  const colleagues = Map.groupBy(employerOf.keys(), (entity) => employerOf.get(entity) as string);
  return (entity) =>
    [...(inGroup.get(groupOf.get(entity) ?? '') ?? []), ...(colleagues.get(employerOf.get(entity) ?? '') ?? [])].filter(
      (other) => other !== entity,
    );
}

/** Invents one world and both CRMs' view of it. The same seed and sizes give the same records, to the letter. */
export function createPopulation(options: PopulationOptions = {}): Population {
  const seed = options.seed ?? 'kempt';
  const given = { ...defaultSizes, ...options.sizes };
  const sizes: PopulationSizes = {
    cases: Math.round(given.contacts * 0.15),
    tickets: Math.round(given.contacts * 0.05),
    feedback: Math.round(given.contacts * 0.04),
    ...given,
  };
  const random = createRandom(seed);
  const tables = loadDataTables();
  const telephone = createTelephoneSource(random.fork('telephones'));

  const duplicateCompanies = Math.round(sizes.companies * duplicateShare);
  const duplicateContacts = Math.round(sizes.contacts * duplicateShare);
  const duplicateDeals = Math.round(sizes.deals * dealDuplicateShare);
  const organisations = createOrganisations({
    tables,
    random: random.fork('organisations'),
    telephone,
    quota: quotaFor(sizes.companies - duplicateCompanies),
  });
  const persons = createPersons({
    tables,
    random: random.fork('persons'),
    telephone,
    quota: quotaFor(sizes.contacts - duplicateContacts),
    organisations,
  });
  const deals = createDeals(organisations, random.fork('deals'), quotaFor(sizes.deals - duplicateDeals));
  const staff = createStaff(tables, random.fork('staff'), sizes.users);

  const knownCompanies = new Map<string, OrganisationCard[]>();
  const knownContacts = new Map<string, ContactCard[]>();
  const cardsFor = (crm: 'salesforce' | 'hubspot'): CrmCards => {
    const draw = random.fork(crm);
    const profile = crm === 'salesforce' ? salesforceProfile : hubspotProfile;
    const timeline = createTimeline(draw.fork('times'), crm === 'salesforce' ? salesforceGrain : hubspotGrain);
    const companyCards = createOrganisationCards({
      organisations: organisations.filter((each) => each.presence[crm]),
      profile,
      random: draw.fork('companies'),
      timeline,
      duplicates: duplicateCompanies,
      known: knownCompanies,
    });
    const contactCards = createContactCards({
      persons: persons.filter((each) => each.presence[crm]),
      profile,
      tables,
      random: draw.fork('contacts'),
      timeline,
      duplicates: duplicateContacts,
      removed: Math.round(sizes.contacts * removedShare),
      known: knownContacts,
    });
    const dealCards = createDealCards({
      deals: deals.filter((each) => each.presence[crm]),
      random: draw.fork('deals'),
      timeline,
      duplicates: duplicateDeals,
      companies: Map.groupBy(companyCards, (card) => card.entity),
    });
    return { organisations: companyCards, contacts: contactCards, deals: dealCards, staff };
  };
  let salesforceCards = cardsFor('salesforce');
  let hubspotCards = cardsFor('hubspot');
  if (options.realData ?? true) {
    const hubspotEmails = new Set(
      hubspotCards.contacts
        .flatMap((card) => [card.email, ...card.otherEmails])
        .flatMap((email) => (email === null ? [] : [email.toLowerCase()])),
    );
    const real = createRealCards(hubspotEmails, {
      salesforce: createTimeline(random.fork('salesforce-real-times'), salesforceGrain),
      hubspot: createTimeline(random.fork('hubspot-real-times'), hubspotGrain),
    });
    salesforceCards = mixIn(salesforceCards, real.salesforce, random);
    hubspotCards = mixIn(hubspotCards, real.hubspot, random);
  }

  const name = `${seed}/${sizes.contacts}/${sizes.companies}/${sizes.deals}/${sizes.activities}/${sizes.users}/${options.realData ?? true}`;
  const salesforceRandom = random.fork('salesforce-records');
  const hubspotRandom = random.fork('hubspot-records');
  const salesforce = projectToSalesforce(salesforceCards, {
    random: salesforceRandom,
    timeline: createTimeline(salesforceRandom.fork('times'), salesforceGrain),
    activities: sizes.activities,
    name,
    userId: formatRecordId('005', 1),
    cases: sizes.cases,
  });
  const hubspot = projectToHubSpot(hubspotCards, {
    random: hubspotRandom,
    timeline: createTimeline(hubspotRandom.fork('times'), hubspotGrain),
    activities: sizes.activities,
    name,
    tickets: sizes.tickets,
    feedback: sizes.feedback,
  });
  const traps = new Map(
    [...organisations, ...persons].flatMap((each) => (each.trap === null ? [] : [[each.entity, each.trap] as const])),
  );
  const linked = addNativeSyncLinks(hubspot.load, {
    random: random.fork('native-sync'),
    hubspotOrigins: hubspot.origins,
    salesforceOrigins: salesforce.origins,
    removed: salesforce.removedContacts,
    lookAlikes: lookAlikesOf([...organisations, ...persons], persons),
    isInvented: (entity) => !realDataSets.some((set) => entity.startsWith(`${set}-`)),
  });
  return {
    salesforce: salesforce.load,
    hubspot: linked.load,
    nativeSyncLinks: linked.links,
    salesforceOrigins: salesforce.origins,
    hubspotOrigins: hubspot.origins,
    traps,
    salesforceAudit: salesforce.audit,
    hubspotAudit: hubspot.audit,
  };
}
