import type { HubSpotLinkLoad, HubSpotLoad, HubSpotObjectLoad, HubSpotRow } from '../hubspot/hubspot-load.ts';
import type { HubSpotOwner } from '../hubspot/hubspot-store.ts';
import type { PropertyValue } from '../hubspot/property-definition.ts';
import { dealStages, lifecycleStages } from '../hubspot/standard-objects.ts';
import type { Random } from '../random.ts';
import { activityBody, activitySubject } from './activity-texts.ts';
import { createUserFacts, type UserFact } from './audit-facts.ts';
import { createPortalChangeFacts, type PortalChangeFact, projectHubSpotAudit } from './hubspot-audit.ts';
import type { CrmCards, RecordOrigins } from './salesforce-projection.ts';
import { assignSerials } from './serial-ids.ts';
import { createServiceRecords } from './service-records.ts';
import { createStageHistory } from './stage-history.ts';
import type { RecordTimes, Timeline } from './timeline.ts';

function createObject(object: string, properties: readonly string[]) {
  const rows: HubSpotRow[] = [];
  const origins = new Map<string, string>();
  const load: HubSpotObjectLoad = { object, properties, rows };
  const add = (id: string, times: RecordTimes, values: readonly PropertyValue[]) =>
    rows.push({ id, createdAt: times.createdAt, modifiedAt: times.modifiedAt, values });
  return { load, rows, origins, add };
}

/** What is true of the users and the setup of the portal. */
export interface HubSpotAuditFacts {
  readonly users: readonly UserFact[];
  readonly changes: readonly PortalChangeFact[];
}

/** The apps that make records: one to this day, one that stopped when the history ends. */
export const portalApps = {
  helpline: { appId: '2180455', appName: 'Helpline Chat' },
  formbridge: { appId: '1184201', appName: 'Formbridge Web Forms' },
} as const;

/** A date the way it was typed into a text property. */
function typedDate(date: string | null, random: Random): string | null {
  if (date === null || !/^\d{4}-\d{2}-\d{2}$/.test(date)) return date;
  const [year, month, day] = date.split('-');
  const draw = random.next();
  return draw < 0.7 ? date : draw < 0.87 ? `${month}/${day}/${year}` : `${day}.${month}.${year}`;
}

const text = (value: number | null): string | null => (value === null ? null : String(value));

/** Turns cards into the records of a portal. */
export function projectToHubSpot(
  cards: CrmCards,
  options: {
    readonly random: Random;
    readonly timeline: Timeline;
    readonly activities: number;
    readonly name: string;
    readonly tickets: number;
    readonly feedback: number;
  },
): { readonly load: HubSpotLoad; readonly origins: RecordOrigins; readonly audit: HubSpotAuditFacts } {
  const { random, timeline } = options;
  const origins = new Map<string, Map<string, string>>();

  const ownerOrigins = new Map<string, string>();
  const owners: HubSpotOwner[] = cards.staff.flatMap((member, index) => {
    if (!member.isInHubspot) return [];
    const times = timeline.next();
    const id = String(71_000_000 + index * 137);
    ownerOrigins.set(id, member.entity);
    return [
      {
        id,
        userId: 9_100 + index,
        email: member.email,
        firstName: member.firstName,
        lastName: member.lastName,
        isArchived: !member.isActive,
        createdAt: times.createdAt,
        updatedAt: times.modifiedAt,
      },
    ];
  });
  const owner = (): string | null =>
    random.chance(0.12) ? null : (owners[Math.floor(owners.length * random.next() ** 1.6)]?.id ?? null);
  const source = () => random.pick(['CRM_UI', 'CRM_UI', 'IMPORT', 'FORM', 'INTEGRATION']);

  const companies = createObject('companies', [
    'hubspot_owner_id',
    'hs_object_source',
    'name',
    'domain',
    'website',
    'phone',
    'fax',
    'address',
    'city',
    'state',
    'zip',
    'country',
    'description',
    'industry',
    'numberofemployees',
    'annualrevenue',
    'type',
    'lifecyclestage',
    'company_registration_number',
  ]);
  const companyIds = new Map<string, string[]>();
  const parents: [string, string][] = [];
  const companySerials = assignSerials(cards.organisations, random.fork('company-ids'), 9_100_000_000, 9000);
  for (const { record: card, serial } of companySerials) {
    const id = String(serial);
    companyIds.set(card.entity, [...(companyIds.get(card.entity) ?? []), id]);
    companies.origins.set(id, card.entity);
    companies.add(id, card, [
      owner(),
      source(),
      card.name,
      card.domain,
      card.website,
      card.telephone,
      card.fax,
      card.street,
      card.city,
      card.region,
      card.postcode,
      card.country,
      card.description,
      card.hubspotIndustry,
      text(card.employees),
      text(card.revenue),
      random.pick(['PROSPECT', 'PROSPECT', 'PARTNER', 'VENDOR', null]),
      random.pick(lifecycleStages),
      card.registrationNumber,
    ]);
  }
  for (const { record: card, serial } of companySerials) {
    const parent = card.parentEntity === null ? undefined : companyIds.get(card.parentEntity)?.[0];
    if (parent !== undefined && random.chance(0.6)) parents.push([String(serial), parent]);
  }

  const contacts = createObject('contacts', [
    'hubspot_owner_id',
    'hs_object_source',
    'email',
    'firstname',
    'lastname',
    'salutation',
    'jobtitle',
    'company',
    'phone',
    'mobilephone',
    'address',
    'city',
    'state',
    'zip',
    'country',
    'date_of_birth',
    'hs_additional_emails',
    'lifecyclestage',
    'hs_lead_status',
    'hs_analytics_source',
    'hs_email_optout',
    'national_id',
    'passport_number',
    'drivers_license',
    'hs_email_domain',
    'hs_object_source_id',
    'hs_object_source_label',
    'hs_object_source_detail_1',
  ]);
  const contactLinks: [string, string][] = [];
  const linked: { id: string; companyId: string | null }[] = [];
  for (const { record: card, serial } of assignSerials(
    cards.contacts,
    random.fork('contact-ids'),
    41_000_000_000,
    9000,
  )) {
    const id = String(serial);
    const [ownerId, madeBy] = [owner(), source()];
    const app = madeBy === 'INTEGRATION' ? portalApps.formbridge : null;
    contacts.add(id, card, [
      ownerId,
      madeBy,
      card.email?.toLowerCase() ?? null,
      card.firstName,
      card.lastName.trim() === '' ? null : card.lastName,
      card.salutation,
      card.title,
      card.company,
      card.telephone,
      card.mobile,
      card.street,
      card.city,
      card.region,
      card.postcode,
      card.country,
      typedDate(card.birthDate, random),
      card.otherEmails.length === 0 ? null : card.otherEmails.join(';'),
      random.pick(lifecycleStages),
      random.chance(0.5) ? random.pick(['NEW', 'OPEN', 'IN_PROGRESS', 'UNQUALIFIED', 'CONNECTED']) : null,
      random.pick(['ORGANIC_SEARCH', 'DIRECT_TRAFFIC', 'OFFLINE', 'EMAIL_MARKETING', 'REFERRALS']),
      card.hasOptedOut ? 'true' : null,
      card.nationalId,
      card.passport,
      card.driversLicence,
      card.email?.split('@')[1]?.toLowerCase() ?? null,
      app?.appId ?? null,
      app === null ? null : 'INTEGRATION',
      app?.appName ?? null,
    ]);
    if (card.isRemoved) {
      const row = contacts.rows.pop() as HubSpotRow;
      contacts.rows.push({ ...row, archivedAt: card.modifiedAt });
      continue;
    }
    contacts.origins.set(id, card.entity);
    const choices = card.employerEntity === null ? [] : (companyIds.get(card.employerEntity) ?? []);
    const companyId = choices.length === 0 || random.chance(0.12) ? null : random.pick(choices);
    if (companyId !== null) contactLinks.push([id, companyId]);
    linked.push({ id, companyId });
  }
  const contactsOfCompany = Map.groupBy(linked, (entry) => entry.companyId);

  const deals = createObject('deals', [
    'hubspot_owner_id',
    'hs_object_source',
    'dealname',
    'amount',
    'closedate',
    'dealstage',
    'pipeline',
    'dealtype',
    'deal_currency_code',
    'hs_deal_stage_probability',
    'hs_is_closed',
    'hs_is_closed_won',
    ...dealStages.map((each) => `hs_v2_date_entered_${each.id}`),
  ]);
  const stageRandom = random.fork('stage-history');
  const dealCompanies: [string, string][] = [];
  const dealContacts: [string, string][] = [];
  const dealIds: string[] = [];
  for (const { record: card, serial } of assignSerials(cards.deals, random.fork('deal-ids'), 17_000_000_000, 9000)) {
    const id = String(serial);
    const stage = dealStages[card.stage];
    deals.origins.set(id, card.entity);
    dealIds.push(id);
    const entered = new Map(createStageHistory(card.stage, card, stageRandom).map((entry) => [entry.stage, entry.at]));
    deals.add(id, card, [
      owner(),
      source(),
      card.name,
      text(card.amount),
      `${card.closeDate}T12:00:00.000Z`,
      stage?.id ?? null,
      'default',
      card.isRenewal ? 'existingbusiness' : 'newbusiness',
      'USD',
      stage?.probability ?? null,
      String(stage?.isClosed ?? false),
      String(stage?.id === 'closedwon'),
      ...dealStages.map((_, place) => {
        const at = entered.get(place);
        return at === undefined ? null : iso(at);
      }),
    ]);
    const companyId = random.pick(companyIds.get(card.organisationEntity) ?? [null]);
    if (companyId === null) continue;
    dealCompanies.push([id, companyId]);
    const people = contactsOfCompany.get(companyId);
    if (people !== undefined && random.chance(0.7)) dealContacts.push([id, random.pick(people).id]);
  }

  const activities = projectActivities(options.activities, { random, timeline, owner, linked, dealIds });
  const service = createServiceRecords(
    { tickets: options.tickets, feedback: options.feedback },
    {
      random: random.fork('service'),
      contacts: linked,
      ownerIds: owners.map(({ id }) => id),
      source: portalApps.helpline,
    },
  );
  const factRandom = random.fork('audit');
  const members = cards.staff.flatMap((member, index) => (member.isInHubspot ? [{ member, index }] : []));
  const users = createUserFacts(members, factRandom);
  const changes = createPortalChangeFacts(users, factRandom);
  const audit = projectHubSpotAudit({ random: factRandom, users, changes });
  massUpdate(contacts.rows, Math.min(700, Math.floor(contacts.rows.length / 8)), random);

  const objects = [companies, contacts, deals];
  for (const { load, origins: ids } of objects) origins.set(load.object, ids);
  origins.set('owners', ownerOrigins);
  const associations: HubSpotLinkLoad[] = [
    { from: 'contacts', to: 'companies', typeId: 1, links: contactLinks },
    { from: 'companies', to: 'companies', typeId: 14, links: parents },
    { from: 'deals', to: 'companies', typeId: 5, links: dealCompanies },
    { from: 'deals', to: 'contacts', typeId: 3, links: dealContacts },
    ...activities.associations,
    ...service.associations,
  ];
  return {
    load: {
      name: options.name,
      objects: [...objects.map((each) => each.load), ...activities.objects, ...service.objects],
      associations,
      owners,
      audit,
    },
    audit: { users, changes },
    origins,
  };
}

interface ActivityContext {
  readonly random: Random;
  readonly timeline: Timeline;
  readonly owner: () => string | null;
  readonly linked: readonly { readonly id: string; readonly companyId: string | null }[];
  readonly dealIds: readonly string[];
}

interface ActivityKind {
  readonly object: string;
  readonly share: number;
  readonly properties: readonly string[];
  readonly values: (random: Random, times: RecordTimes) => PropertyValue[];
  /** Association types to contacts, companies and deals. */
  readonly types: readonly [number, number, number];
}

const iso = (ms: number): string => new Date(ms).toISOString();

const kinds: readonly ActivityKind[] = [
  {
    object: 'calls',
    share: 0.24,
    properties: ['hs_call_title', 'hs_call_body', 'hs_call_direction', 'hs_call_status', 'hs_call_duration'],
    values: (random) => [
      activitySubject(random),
      activityBody(random),
      random.pick(['INBOUND', 'OUTBOUND']),
      random.pick(['COMPLETED', 'NO_ANSWER', 'BUSY']),
      String(random.integer(0, 1800) * 1000),
    ],
    types: [194, 182, 206],
  },
  {
    object: 'emails',
    share: 0.26,
    properties: ['hs_email_subject', 'hs_email_text', 'hs_email_direction', 'hs_email_status'],
    values: (random) => [
      activitySubject(random),
      activityBody(random),
      random.pick(['EMAIL', 'INCOMING_EMAIL']),
      'SENT',
    ],
    types: [198, 186, 210],
  },
  {
    object: 'meetings',
    share: 0.14,
    properties: [
      'hs_meeting_title',
      'hs_meeting_body',
      'hs_meeting_start_time',
      'hs_meeting_end_time',
      'hs_meeting_outcome',
    ],
    values: (random, times) => [
      activitySubject(random),
      activityBody(random),
      iso(times.createdAt),
      iso(times.createdAt + 1_800_000),
      random.pick(['COMPLETED', 'SCHEDULED', 'NO_SHOW']),
    ],
    types: [200, 188, 212],
  },
  {
    object: 'notes',
    share: 0.18,
    properties: ['hs_note_body'],
    values: (random) => [activityBody(random)],
    types: [202, 190, 214],
  },
  {
    object: 'tasks',
    share: 0.18,
    properties: ['hs_task_subject', 'hs_task_body', 'hs_task_status', 'hs_task_priority', 'hs_task_type'],
    values: (random) => [
      activitySubject(random),
      activityBody(random),
      random.pick(['COMPLETED', 'COMPLETED', 'NOT_STARTED']),
      random.pick(['NONE', 'LOW', 'HIGH']),
      random.pick(['TODO', 'CALL', 'EMAIL']),
    ],
    types: [204, 192, 216],
  },
];

function projectActivities(
  count: number,
  context: ActivityContext,
): { objects: HubSpotObjectLoad[]; associations: HubSpotLinkLoad[] } {
  const { random, timeline, owner, linked, dealIds } = context;
  const objects: HubSpotObjectLoad[] = [];
  const associations: HubSpotLinkLoad[] = [];
  let left = count;
  kinds.forEach((kind, index) => {
    const size = index === kinds.length - 1 ? left : Math.round(count * kind.share);
    left -= size;
    const object = createObject(kind.object, ['hubspot_owner_id', 'hs_timestamp', ...kind.properties]);
    const links: [[string, string][], [string, string][], [string, string][]] = [[], [], []];
    const times = Array.from({ length: size }, () => timeline.next());
    for (const { record, serial } of assignSerials(
      times,
      random.fork(`${kind.object}-ids`),
      50_000_000_000 + index * 1_000_000_000,
      9000,
    )) {
      const id = String(serial);
      object.add(id, record, [owner(), iso(record.createdAt), ...kind.values(random, record)]);
      if (linked.length === 0) continue;
      const who = random.pick(linked);
      links[0].push([id, who.id]);
      if (who.companyId !== null) links[1].push([id, who.companyId]);
      if (dealIds.length > 0 && random.chance(0.25)) links[2].push([id, random.pick(dealIds)]);
    }
    objects.push(object.load);
    (['contacts', 'companies', 'deals'] as const).forEach((to, position) => {
      associations.push({
        from: kind.object,
        to,
        typeId: kind.types[position] as number,
        links: links[position] as [string, string][],
      });
    });
  });
  return { objects, associations };
}

/** A workflow once touched many contacts within one millisecond: more than fit on a page. */
function massUpdate(rows: HubSpotRow[], count: number, random: Random): void {
  const moment = Date.UTC(2025, 2, 11, 9, 30, 0, 421);
  let left = count;
  const start = random.integer(0, Math.max(0, rows.length - 1));
  for (let i = 0; i < rows.length && left > 0; i++) {
    const at = (start + i) % rows.length;
    const row = rows[at] as HubSpotRow;
    if ((row.createdAt ?? 0) > moment || row.archivedAt != null || !random.chance(0.6)) continue;
    left -= 1;
    rows[at] = { ...row, modifiedAt: moment };
  }
}
