import { auditTruth } from '@kempt/crm-simulators/truth';

/** A record as the simulated CRM itself shows it. */
export type RawRecord = Readonly<Record<string, unknown>>;

export interface RawCrms {
  /** Every record of an object, deleted ones included. */
  records(crm: 'salesforce' | 'hubspot', object: string): Promise<readonly RawRecord[]>;
}

/** What KPIs and counts of issues have to be, worked out from the CRMs and the truth about them, past all of Kempt. */
export interface IndependentFigures {
  /** By KPI. */
  readonly kpis: Readonly<Record<string, number>>;
  /** Open issues by `account object rule`. */
  readonly issues: Readonly<Record<string, number>>;
  /** Scores of data quality, 0 to 100, by `account object`. */
  readonly scores: Readonly<Record<string, number>>;
}

const dayMs = 86_400_000;
const dealDays = 730;
const surveyDays = 365;
const adoptionDays = 30;

const isAlive = (record: RawRecord): boolean => record['IsDeleted'] !== true && record['archived'] !== true;
const isBlank = (value: unknown): boolean =>
  value === null || value === undefined || (typeof value === 'string' && value.trim() === '');

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return sorted.length % 2 === 1
    ? (sorted[Math.floor(middle)] ?? Number.NaN)
    : ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2;
}

/** Milliseconds of a point in time in any of the spellings of the two CRMs. */
function timeOf(value: unknown): number {
  if (typeof value === 'number') return value;
  const text = String(value);
  return /^\d+$/.test(text) ? Number(text) : Date.parse(text);
}

const dayOf = (time: number): number => Math.floor(time / dayMs);

/** Days from creation to close of deals that were won in the last 730 days. */
async function daysToWin(crms: RawCrms, now: number): Promise<number[]> {
  const opportunities = (await crms.records('salesforce', 'Opportunity'))
    .filter((deal) => isAlive(deal) && deal['IsWon'] === true)
    .map((deal) => [timeOf(deal['CreatedDate']), timeOf(deal['CloseDate'])] as const);
  const deals = (await crms.records('hubspot', 'deals'))
    .filter((deal) => isAlive(deal) && String(deal['hs_is_closed_won']) === 'true')
    .map((deal) => [timeOf(deal['createdate']), timeOf(deal['closedate'])] as const);
  return [...opportunities, ...deals]
    .map(([created, closed]) => ({ closedOn: dayOf(closed), days: dayOf(closed) - dayOf(created) }))
    .filter(({ closedOn, days }) => days >= 0 && closedOn <= dayOf(now) && closedOn >= dayOf(now) - dealDays)
    .map(({ days }) => days);
}

async function satisfaction(crms: RawCrms, now: number): Promise<number> {
  const answers = (await crms.records('hubspot', 'feedback_submissions')).filter(
    (answer) =>
      isAlive(answer) &&
      answer['hs_survey_type'] === 'CSAT' &&
      timeOf(answer['hs_submission_timestamp'] ?? answer['hs_createdate']) >= now - surveyDays * dayMs,
  );
  return answers.filter((answer) => Number(answer['hs_value']) >= 4).length / answers.length;
}

function adoption(seed: string): number {
  const active = auditTruth({ seed }).users.filter(({ isActive }) => isActive);
  const loggedIn = active.filter(
    ({ lastLoginDaysAgo }) => lastLoginDaysAgo !== null && lastLoginDaysAgo < adoptionDays,
  );
  return loggedIn.length / active.length;
}

/** Rules whose failures a person could count with a filter in the CRM: all of the fields are blank. */
const blanks: readonly (readonly ['salesforce' | 'hubspot', string, string, readonly string[]])[] = [
  ['salesforce', 'Contact', 'person-email', ['Email']],
  ['salesforce', 'Contact', 'person-reachable', ['Email', 'Phone', 'MobilePhone', 'HomePhone', 'OtherPhone']],
  ['salesforce', 'Contact', 'person-organisation', ['AccountId']],
  ['salesforce', 'Contact', 'person-owner', ['OwnerId']],
  ['salesforce', 'Account', 'organisation-domain', ['Website']],
  ['salesforce', 'Account', 'organisation-address', ['BillingCity', 'BillingPostalCode']],
  ['salesforce', 'Account', 'organisation-owner', ['OwnerId']],
  ['salesforce', 'Opportunity', 'deal-amount', ['Amount']],
  ['salesforce', 'Opportunity', 'deal-close-date', ['CloseDate']],
  ['salesforce', 'Opportunity', 'deal-organisation', ['AccountId']],
  ['salesforce', 'Opportunity', 'deal-owner', ['OwnerId']],
  ['hubspot', 'contacts', 'person-email', ['email', 'hs_additional_emails']],
  ['hubspot', 'contacts', 'person-reachable', ['email', 'hs_additional_emails', 'phone', 'mobilephone']],
  ['hubspot', 'contacts', 'person-owner', ['hubspot_owner_id']],
  ['hubspot', 'companies', 'organisation-domain', ['domain', 'website']],
  ['hubspot', 'companies', 'organisation-address', ['city', 'zip']],
  ['hubspot', 'companies', 'organisation-owner', ['hubspot_owner_id']],
  ['hubspot', 'deals', 'deal-amount', ['amount']],
  ['hubspot', 'deals', 'deal-close-date', ['closedate']],
  ['hubspot', 'deals', 'deal-owner', ['hubspot_owner_id']],
];

/** When a record was changed last, per object: the freshness rules ask whether that is more than 730 days ago. */
const stamps: readonly (readonly ['salesforce' | 'hubspot', string, string, string])[] = [
  ['salesforce', 'Contact', 'person-fresh', 'SystemModstamp'],
  ['salesforce', 'Account', 'organisation-fresh', 'SystemModstamp'],
  ['hubspot', 'contacts', 'person-fresh', 'lastmodifieddate'],
  ['hubspot', 'companies', 'organisation-fresh', 'hs_lastmodifieddate'],
];
const freshDays = 730;

/** Open deals whose close date has passed. */
const openDeals: readonly (readonly ['salesforce' | 'hubspot', string, closed: string, closeDate: string])[] = [
  ['salesforce', 'Opportunity', 'IsClosed', 'CloseDate'],
  ['hubspot', 'deals', 'hs_is_closed', 'closedate'],
];

/**
 * The score of opportunities as the README of data-quality defines it: completeness (amount and close date count twice) weighs
 * .35, consistency .1, and nothing else was checked.
 */
function opportunityScore(failed: (rule: string) => number, records: number, openRecords: number): number {
  const missing =
    2 * failed('deal-amount') + 2 * failed('deal-close-date') + failed('deal-organisation') + failed('deal-owner');
  const completeness = 1 - missing / (6 * records);
  const consistency = 1 - failed('deal-close-date-ahead') / openRecords;
  return (100 * (0.35 * completeness + 0.1 * consistency)) / 0.45;
}

export async function independentFigures(
  crms: RawCrms,
  options: {
    readonly seed: string;
    readonly now: number;
    /** Account of each CRM. */
    readonly accounts: Readonly<Record<'salesforce' | 'hubspot', string>>;
  },
): Promise<IndependentFigures> {
  const { seed, now, accounts } = options;
  const issues: Record<string, number> = {};
  const living = new Map<string, RawRecord[]>();
  async function alive(crm: 'salesforce' | 'hubspot', object: string): Promise<readonly RawRecord[]> {
    const known = living.get(object) ?? (await crms.records(crm, object)).filter(isAlive);
    living.set(object, known);
    return known;
  }
  for (const [crm, object, rule, fields] of blanks) {
    const failing = (await alive(crm, object)).filter((record) => fields.every((field) => isBlank(record[field])));
    issues[`${accounts[crm]} ${object} ${rule}`] = failing.length;
  }
  for (const [crm, object, rule, stamp] of stamps) {
    const failing = (await alive(crm, object)).filter(
      (record) => dayOf(timeOf(record[stamp])) + freshDays + 1 <= dayOf(now),
    );
    issues[`${accounts[crm]} ${object} ${rule}`] = failing.length;
  }
  let openOpportunities = 0;
  for (const [crm, object, closed, closeDate] of openDeals) {
    const open = (await alive(crm, object)).filter(
      (deal) => String(deal[closed]) !== 'true' && !isBlank(deal[closeDate]),
    );
    if (crm === 'salesforce') openOpportunities = open.length;
    issues[`${accounts[crm]} ${object} deal-close-date-ahead`] = open.filter(
      (deal) => dayOf(timeOf(deal[closeDate])) < dayOf(now),
    ).length;
  }
  const ofOpportunity = `${accounts.salesforce} Opportunity`;
  const opportunities = await alive('salesforce', 'Opportunity');
  return {
    kpis: {
      'process-efficiency': median(await daysToWin(crms, now)),
      'customer-satisfaction': await satisfaction(crms, now),
      'user-adoption': adoption(seed),
    },
    issues,
    scores: {
      [ofOpportunity]: opportunityScore(
        (rule) => issues[`${ofOpportunity} ${rule}`] ?? 0,
        opportunities.length,
        openOpportunities,
      ),
    },
  };
}
