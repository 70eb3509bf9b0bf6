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

/** Rules whose failures a person could count with a filter in the CRM. */
const countable: readonly (readonly ['salesforce' | 'hubspot', string, string, readonly string[]])[] = [
  ['salesforce', 'Contact', 'person-email', ['Email']],
  ['salesforce', 'Contact', 'person-organisation', ['AccountId']],
  ['salesforce', 'Account', 'organisation-domain', ['Website']],
  ['salesforce', 'Opportunity', 'deal-amount', ['Amount']],
  ['hubspot', 'contacts', 'person-email', ['email', 'hs_additional_emails']],
  ['hubspot', 'companies', 'organisation-domain', ['domain', 'website']],
  ['hubspot', 'deals', 'deal-amount', ['amount']],
];

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
  for (const [crm, object, rule, fields] of countable) {
    const records = (await crms.records(crm, object)).filter(isAlive);
    const failing = records.filter((record) => fields.every((field) => isBlank(record[field])));
    issues[`${accounts[crm]} ${object} ${rule}`] = failing.length;
  }
  return {
    kpis: {
      'process-efficiency': median(await daysToWin(crms, now)),
      'customer-satisfaction': await satisfaction(crms, now),
      'user-adoption': adoption(seed),
    },
    issues,
  };
}
