import type { HubSpotLinkLoad, HubSpotObjectLoad, HubSpotRow } from '../hubspot/hubspot-load.ts';
import { ticketStages } from '../hubspot/standard-objects.ts';
import type { Random } from '../random.ts';
import type { FieldValue } from '../salesforce/object-definition.ts';
import { formatRecordId } from '../salesforce/record-id.ts';
import type { SalesforceObjectLoad } from '../salesforce/salesforce-load.ts';
import { dayMs } from './audit-facts.ts';

/** Requests for help go back this far. */
const historyDays = 400;
const hourMs = 3_600_000;
const second = (ms: number): number => Math.floor(ms / 1000) * 1000;

const subjects = [
  'Invoice shows the wrong amount',
  'Cannot sign in',
  'Question about the contract',
  'Delivery is late',
  'Export stops half way',
  'Please change our address',
  'Feature request: dark theme',
  'Error message when saving',
  'How do I add a colleague?',
  'Report is empty',
];

/** When a request was made, first answered and closed, in milliseconds before the reference time; newest last. */
interface RequestTimes {
  readonly createdAgoMs: number;
  readonly closedAgoMs: number | null;
  readonly isUrgent: boolean;
}

function createRequestTimes(count: number, random: Random): RequestTimes[] {
  return Array.from({ length: count }, (): RequestTimes => {
    const createdAgoMs = second(random.next() * historyDays * dayMs + hourMs);
    const isUrgent = random.chance(0.2);
    // Most are done within days, a few take weeks; urgent ones are quicker.
    const neededMs = second((isUrgent ? 14 : 40) * hourMs * (0.05 + -Math.log(1 - random.next() * 0.999)));
    const isStuck = random.chance(0.03);
    const closedAgoMs = isStuck || neededMs >= createdAgoMs ? null : createdAgoMs - neededMs;
    return { createdAgoMs, closedAgoMs, isUrgent };
  }).sort((left, right) => right.createdAgoMs - left.createdAgoMs);
}

/** The cases of an org. */
export function createCases(
  count: number,
  context: {
    readonly random: Random;
    readonly contacts: readonly { readonly id: string; readonly accountId: string | null }[];
    readonly userIds: readonly string[];
  },
): SalesforceObjectLoad {
  const { random, contacts, userIds } = context;
  const rows = createRequestTimes(count, random).map((times, index): FieldValue[] => {
    const contact = contacts.length === 0 ? null : random.pick(contacts);
    const owner = userIds.length === 0 ? null : random.pick(userIds);
    const changedAgoMs = times.closedAgoMs ?? Math.max(0, times.createdAgoMs - second(random.next() * 2 * dayMs));
    return [
      formatRecordId('500', 100 + index * 3),
      String(1001 + index).padStart(8, '0'),
      contact?.id ?? null,
      contact?.accountId ?? null,
      times.closedAgoMs === null ? random.pick(['New', 'Working', 'Escalated']) : 'Closed',
      random.pick(['Phone', 'Email', 'Email', 'Web']),
      random.pick(['Problem', 'Problem', 'Question', 'Feature Request']),
      random.pick(subjects),
      times.isUrgent ? 'High' : random.pick(['Medium', 'Medium', 'Low']),
      times.closedAgoMs,
      owner,
      times.createdAgoMs,
      owner,
      changedAgoMs,
      owner,
      changedAgoMs,
    ];
  });
  return {
    object: 'Case',
    fields: [
      'Id',
      'CaseNumber',
      'ContactId',
      'AccountId',
      'Status',
      'Origin',
      'Type',
      'Subject',
      'Priority',
      'ClosedDate',
      'OwnerId',
      'CreatedDate',
      'CreatedById',
      'LastModifiedDate',
      'LastModifiedById',
      'SystemModstamp',
    ],
    relativeTimes: ['ClosedDate', 'CreatedDate', 'LastModifiedDate', 'SystemModstamp'],
    rows,
  };
}

/** The apps that made a share of the records of a portal. */
export interface RecordSource {
  readonly appId: string;
  readonly appName: string;
}

export interface ServiceContext {
  readonly random: Random;
  readonly contacts: readonly { readonly id: string; readonly companyId: string | null }[];
  readonly ownerIds: readonly string[];
  /** An app that makes tickets to this day. */
  readonly source: RecordSource;
}

/** The tickets of a portal and the answers to its surveys, with their links. */
export function createServiceRecords(
  sizes: { readonly tickets: number; readonly feedback: number },
  context: ServiceContext,
): { readonly objects: readonly HubSpotObjectLoad[]; readonly associations: readonly HubSpotLinkLoad[] } {
  const { random, contacts, ownerIds, source } = context;
  const links = { ticketContacts: [], ticketCompanies: [], feedbackContacts: [], feedbackTickets: [] } as {
    [name: string]: [string, string][];
  };
  const closed: { readonly id: string; readonly contactId: string | null; readonly closedAgoMs: number }[] = [];
  const tickets = createRequestTimes(sizes.tickets, random).map((times, index): HubSpotRow => {
    const id = String(19_000_000_000 + index * 131);
    const contact = contacts.length === 0 ? null : random.pick(contacts);
    if (contact !== null) links.ticketContacts?.push([id, contact.id]);
    if (contact?.companyId != null) links.ticketCompanies?.push([id, contact.companyId]);
    if (times.closedAgoMs !== null) {
      closed.push({ id, contactId: contact?.id ?? null, closedAgoMs: times.closedAgoMs });
    }
    const isByApp = random.chance(0.4);
    const stage = times.closedAgoMs === null ? random.pick(ticketStages.slice(0, 3)).id : '4';
    const lastMs = times.closedAgoMs ?? 0;
    const firstAnswerAgoMs = Math.max(lastMs, times.createdAgoMs - second((0.2 + random.next() * 7) * hourMs));
    return {
      id,
      createdAt: times.createdAgoMs,
      modifiedAt: times.closedAgoMs ?? firstAnswerAgoMs,
      values: [
        ownerIds.length === 0 || random.chance(0.1) ? null : random.pick(ownerIds),
        random.pick(subjects),
        '0',
        stage,
        times.isUrgent ? 'HIGH' : random.pick(['MEDIUM', 'LOW']),
        random.pick(['PRODUCT_ISSUE', 'BILLING_ISSUE', 'FEATURE_REQUEST', 'GENERAL_INQUIRY']),
        random.pick(['EMAIL', 'CHAT', 'FORM', 'PHONE']),
        times.closedAgoMs === null ? null : String(times.closedAgoMs),
        times.closedAgoMs === null ? null : String(times.createdAgoMs - times.closedAgoMs),
        String(firstAnswerAgoMs),
        String(times.createdAgoMs - firstAnswerAgoMs),
        isByApp ? 'INTEGRATION' : 'CRM_UI',
        isByApp ? source.appId : null,
        isByApp ? 'INTEGRATION' : 'CRM_UI',
        isByApp ? source.appName : null,
      ],
    };
  });
  const feedback = Array.from({ length: sizes.feedback }, () => {
    const ticket = closed.length > 0 && random.chance(0.6) ? random.pick(closed) : null;
    const agoMs =
      ticket === null
        ? second(random.next() * historyDays * dayMs)
        : Math.max(0, ticket.closedAgoMs - second(random.next() * 2 * dayMs));
    return { ticket, agoMs };
  })
    .sort((left, right) => right.agoMs - left.agoMs)
    .map(({ ticket, agoMs }, index): HubSpotRow => {
      const id = String(23_000_000_000 + index * 157);
      const contactId = ticket?.contactId ?? (contacts.length === 0 ? null : random.pick(contacts).id);
      if (contactId !== null) links.feedbackContacts?.push([id, contactId]);
      if (ticket !== null) links.feedbackTickets?.push([id, ticket.id]);
      const isCsat = ticket !== null;
      const draw = random.next();
      const mood = draw < 0.62 ? 2 : draw < 0.83 ? 1 : 0;
      const value = isCsat
        ? ([random.integer(1, 2), 3, random.integer(4, 5)][mood] as number)
        : ([random.integer(0, 6), random.integer(7, 8), random.integer(9, 10)][mood] as number);
      const groups = isCsat ? ['UNHAPPY', 'NEUTRAL', 'HAPPY'] : ['DETRACTOR', 'PASSIVE', 'PROMOTER'];
      const name = isCsat ? 'Customer Satisfaction Survey' : 'Customer Loyalty Survey';
      return {
        id,
        createdAt: agoMs,
        modifiedAt: agoMs,
        values: [
          isCsat ? 'CSAT' : 'NPS',
          isCsat ? '5' : '6',
          name,
          'EMAIL',
          `${name} - ${contactId ?? 'unknown'}`,
          String(value),
          groups[mood] ?? null,
          ['NEGATIVE', 'NEUTRAL', 'POSITIVE'][mood] ?? null,
          random.chance(0.3)
            ? (['Took far too long.', 'It was all right.', 'Quick and friendly.'][mood] ?? null)
            : null,
          contactId,
          String(agoMs),
        ],
      };
    });
  const objects: HubSpotObjectLoad[] = [
    {
      object: 'tickets',
      properties: [
        'hubspot_owner_id',
        'subject',
        'hs_pipeline',
        'hs_pipeline_stage',
        'hs_ticket_priority',
        'hs_ticket_category',
        'source_type',
        'closed_date',
        'time_to_close',
        'first_agent_reply_date',
        'time_to_first_agent_reply',
        'hs_object_source',
        'hs_object_source_id',
        'hs_object_source_label',
        'hs_object_source_detail_1',
      ],
      relativeTimes: ['closed_date', 'first_agent_reply_date'],
      rows: tickets,
    },
    {
      object: 'feedback_submissions',
      properties: [
        'hs_survey_type',
        'hs_survey_id',
        'hs_survey_name',
        'hs_survey_channel',
        'hs_submission_name',
        'hs_value',
        'hs_response_group',
        'hs_sentiment',
        'hs_content',
        'hs_contact_id',
        'hs_submission_timestamp',
      ],
      relativeTimes: ['hs_submission_timestamp'],
      rows: feedback,
    },
  ];
  const associations: HubSpotLinkLoad[] = [
    { from: 'tickets', to: 'contacts', typeId: 16, links: links.ticketContacts ?? [] },
    { from: 'tickets', to: 'companies', typeId: 26, links: links.ticketCompanies ?? [] },
    { from: 'feedback_submissions', to: 'contacts', typeId: 98, links: links.feedbackContacts ?? [] },
    { from: 'feedback_submissions', to: 'tickets', typeId: 100, links: links.feedbackTickets ?? [] },
  ];
  return { objects, associations };
}
