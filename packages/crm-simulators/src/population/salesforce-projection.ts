import type { Random } from '../random.ts';
import { permissionNames } from '../salesforce/audit-objects.ts';
import type { FieldValue } from '../salesforce/object-definition.ts';
import { formatRecordId } from '../salesforce/record-id.ts';
import type { SalesforceLoad, SalesforceObjectLoad } from '../salesforce/salesforce-load.ts';
import { leadSources, opportunityStages } from '../salesforce/standard-objects.ts';
import { activityBody, activitySubject } from './activity-texts.ts';
import {
  createIntegrationFacts,
  createSetupChangeFacts,
  createUserFacts,
  type IntegrationFact,
  type SetupChangeFact,
  type UserFact,
} from './audit-facts.ts';
import type { ContactCard } from './contact-cards.ts';
import type { DealCard } from './deals.ts';
import type { OrganisationCard } from './organisation-cards.ts';
import { projectSalesforceAudit, salesforceProfiles } from './salesforce-audit.ts';
import { assignSerials } from './serial-ids.ts';
import { createCases } from './service-records.ts';
import type { StaffMember } from './staff.ts';
import { createStageHistory } from './stage-history.ts';
import type { Timeline } from './timeline.ts';

/** Which entity each record of a CRM shows, by object name and record id. */
export type RecordOrigins = ReadonlyMap<string, ReadonlyMap<string, string>>;

export interface CrmCards {
  readonly organisations: readonly OrganisationCard[];
  readonly contacts: readonly ContactCard[];
  readonly deals: readonly DealCard[];
  readonly staff: readonly StaffMember[];
}

/** What is true of the users, integrations and setup of the org. */
export interface SalesforceAuditFacts {
  readonly users: readonly { readonly fact: UserFact; readonly id: string }[];
  readonly integrations: readonly IntegrationFact[];
  readonly setupChanges: readonly SetupChangeFact[];
  /** The user whose token an integration uses, by name. */
  readonly ownerOf: ReadonlyMap<string, string>;
}

type Row = FieldValue[];

const salesforceUserIdOf = (index: number): string => formatRecordId('005', 20 + index * 3);

/** An object under construction: rows by field, origins by id. */
function createObject(object: string, fields: readonly string[], relativeTimes?: readonly string[]) {
  const rows: Row[] = [];
  const origins = new Map<string, string>();
  const load: SalesforceObjectLoad = {
    object,
    fields,
    rows,
    ...(relativeTimes === undefined ? {} : { relativeTimes }),
  };
  return { load, rows, origins };
}

/** Turns cards into the records of an org. */
export function projectToSalesforce(
  cards: CrmCards,
  options: {
    readonly random: Random;
    readonly timeline: Timeline;
    readonly activities: number;
    readonly name: string;
    readonly userId: string;
    readonly cases: number;
  },
): {
  readonly load: SalesforceLoad;
  readonly origins: RecordOrigins;
  readonly audit: SalesforceAuditFacts;
  /** Ids of contacts in the recycle bin. */
  readonly removedContacts: readonly string[];
} {
  const { random, timeline } = options;

  const profiles = createObject('Profile', ['Id', 'Name', ...permissionNames.map((name) => `Permissions${name}`)]);
  for (const { id, name, permissions } of Object.values(salesforceProfiles)) {
    const has: readonly string[] = permissions;
    profiles.rows.push([id, name, ...permissionNames.map((permission) => has.includes(permission))]);
  }
  const factRandom = random.fork('audit');
  const members = cards.staff.flatMap((member, index) => (member.isInSalesforce ? [{ member, index }] : []));
  const userFacts = createUserFacts(members, factRandom);
  const factOf = new Map(userFacts.map((fact) => [fact.index, fact]));

  const users = createObject(
    'User',
    [
      'Id',
      'Username',
      'FirstName',
      'LastName',
      'Email',
      'Title',
      'IsActive',
      'UserType',
      'ProfileId',
      'TimeZoneSidKey',
      'LastLoginDate',
      'CreatedDate',
      'SystemModstamp',
    ],
    ['LastLoginDate'],
  );
  const userIds: string[] = [];
  cards.staff.forEach((member, index) => {
    if (!member.isInSalesforce) return;
    const id = salesforceUserIdOf(index);
    const times = timeline.next();
    // The draw keeps every later one in its place.
    if (member.isActive) timeline.after(times.createdAt);
    const fact = factOf.get(index);
    const profile = fact?.isAdministrator === true ? salesforceProfiles.administrator : salesforceProfiles.standard;
    users.rows.push([
      id,
      member.email,
      member.firstName,
      member.lastName,
      member.email,
      member.title,
      member.isActive,
      'Standard',
      profile.id,
      'America/New_York',
      fact?.lastLoginAgoMs ?? null,
      times.createdAt,
      times.modifiedAt,
    ]);
    users.origins.set(id, member.entity);
    userIds.push(id);
  });
  const owner = () => userIds[Math.floor(userIds.length * random.next() ** 1.6)] ?? options.userId;
  // Changes by the integration user are frequent, changes by people more so.
  const author = () => (random.chance(0.3) ? options.userId : owner());
  const stamps = (times: { createdAt: number; modifiedAt: number }): Row => [
    times.createdAt,
    author(),
    times.modifiedAt,
    author(),
    times.modifiedAt,
  ];
  const stampFields = ['CreatedDate', 'CreatedById', 'LastModifiedDate', 'LastModifiedById', 'SystemModstamp'];

  const accounts = createObject('Account', [
    'Id',
    'Name',
    'ParentId',
    'BillingStreet',
    'BillingCity',
    'BillingState',
    'BillingPostalCode',
    'BillingCountry',
    'Phone',
    'Fax',
    'Website',
    'Industry',
    'AnnualRevenue',
    'NumberOfEmployees',
    'Description',
    'Type',
    'AccountSource',
    'AccountNumber',
    'OwnerId',
    ...stampFields,
  ]);
  const accountIds = new Map<string, string[]>();
  const accountSerials = assignSerials(cards.organisations, random.fork('account-ids'), 1000, 4).map(
    ({ record, serial }) => ({ card: record, id: formatRecordId('001', serial) }),
  );
  for (const { card, id } of accountSerials) accountIds.set(card.entity, [...(accountIds.get(card.entity) ?? []), id]);
  for (const { card, id } of accountSerials) {
    const parentId =
      card.parentEntity === null || random.chance(0.4) ? null : (accountIds.get(card.parentEntity)?.[0] ?? null);
    accounts.rows.push([
      id,
      card.name,
      parentId,
      card.street,
      card.city,
      card.region,
      card.postcode,
      card.country,
      card.telephone,
      card.fax,
      card.website,
      card.salesforceIndustry,
      card.revenue,
      card.employees,
      card.description,
      random.pick(['Prospect', 'Customer', 'Customer', 'Partner', null]),
      random.chance(0.4) ? random.pick(leadSources) : null,
      card.registrationNumber,
      owner(),
      ...stamps(card),
    ]);
    accounts.origins.set(id, card.entity);
  }

  const contacts = createObject('Contact', [
    'Id',
    'IsDeleted',
    'MasterRecordId',
    'AccountId',
    'LastName',
    'FirstName',
    'Salutation',
    'MailingStreet',
    'MailingCity',
    'MailingState',
    'MailingPostalCode',
    'MailingCountry',
    'Phone',
    'MobilePhone',
    'HomePhone',
    'Email',
    'Title',
    'Department',
    'LeadSource',
    'Birthdate',
    'Description',
    'HasOptedOutOfEmail',
    'DoNotCall',
    'National_Id__c',
    'Passport_Number__c',
    'Drivers_License__c',
    'OwnerId',
    ...stampFields,
  ]);
  const contactSerials = assignSerials(cards.contacts, random.fork('contact-ids'), 2000, 4).map(
    ({ record, serial }) => ({ card: record, id: formatRecordId('003', serial) }),
  );
  const survivors = new Map<string, string>();
  for (const { card, id } of contactSerials) if (!card.isRemoved) survivors.set(card.entity, id);
  const removedContacts: string[] = [];
  const linked: { id: string; accountId: string | null; modifiedAt: number }[] = [];
  for (const { card, id } of contactSerials) {
    const choices = card.employerEntity === null ? [] : (accountIds.get(card.employerEntity) ?? []);
    const accountId = choices.length === 0 ? null : random.pick(choices);
    const masterId = card.isRemoved && random.chance(0.5) ? (survivors.get(card.entity) ?? null) : null;
    contacts.rows.push([
      id,
      card.isRemoved,
      masterId,
      accountId,
      lastNameOf(card),
      card.firstName?.slice(0, 40) ?? null,
      card.salutation,
      card.street,
      card.city,
      card.region,
      card.postcode,
      card.country,
      card.telephone,
      card.mobile,
      card.homeTelephone,
      card.email,
      card.title,
      card.department,
      random.chance(0.6) ? random.pick(leadSources) : null,
      validDate(card.birthDate),
      random.chance(0.06) ? activityBody(random) : null,
      card.hasOptedOut,
      random.chance(0.03),
      card.nationalId,
      card.passport,
      card.driversLicence,
      owner(),
      ...stamps(card),
    ]);
    if (card.isRemoved) {
      removedContacts.push(id);
      continue;
    }
    contacts.origins.set(id, card.entity);
    linked.push({ id, accountId, modifiedAt: card.modifiedAt });
  }

  const contactsOfAccount = Map.groupBy(linked, (entry) => entry.accountId);
  const opportunities = createObject('Opportunity', [
    'Id',
    'AccountId',
    'Name',
    'StageName',
    'Amount',
    'CloseDate',
    'Type',
    'LeadSource',
    'NextStep',
    'OwnerId',
    ...stampFields,
  ]);
  const roles = createObject('OpportunityContactRole', [
    'Id',
    'OpportunityId',
    'ContactId',
    'Role',
    'IsPrimary',
    ...stampFields,
  ]);
  const stageRandom = random.fork('stage-history');
  const stageRows: { at: number; values: Row }[] = [];
  const opportunityIds: { id: string; accountId: string | null }[] = [];
  for (const { record: card, serial } of assignSerials(cards.deals, random.fork('opportunity-ids'), 500, 5)) {
    const id = formatRecordId('006', serial);
    const accountId = random.pick(accountIds.get(card.organisationEntity) ?? [null]);
    opportunities.rows.push([
      id,
      accountId,
      card.name,
      opportunityStages[card.stage]?.[0] ?? null,
      card.amount,
      card.closeDate,
      card.isRenewal ? 'Renewal' : random.pick(['New Business', 'Existing Business']),
      random.chance(0.5) ? random.pick(leadSources) : null,
      random.chance(0.2) ? activitySubject(random) : null,
      owner(),
      ...stamps(card),
    ]);
    opportunities.origins.set(id, card.entity);
    createStageHistory(card.stage, card, stageRandom).forEach(({ stage, at }, place, all) => {
      const before = all[place - 1];
      if (before === undefined) return;
      const [from, to] = [opportunityStages[before.stage]?.[0] ?? null, opportunityStages[stage]?.[0] ?? null];
      stageRows.push({ at, values: [id, 'StageName', from, to, at, options.userId] });
    });
    opportunityIds.push({ id, accountId });
    const people = accountId === null ? undefined : contactsOfAccount.get(accountId);
    if (people === undefined || !random.chance(0.6)) continue;
    roles.rows.push([
      formatRecordId('00K', serial),
      id,
      random.pick(people).id,
      random.pick(['Decision Maker', 'Evaluator', 'Business User']),
      true,
      ...stamps(card),
    ]);
  }

  const taskCount = Math.round(options.activities * 0.7);
  const what = (accountId: string | null) =>
    random.chance(0.3) ? (opportunityIds.length === 0 ? accountId : random.pick(opportunityIds).id) : accountId;
  const tasks = createObject('Task', [
    'Id',
    'WhoId',
    'WhatId',
    'Subject',
    'ActivityDate',
    'Status',
    'Priority',
    'Description',
    'AccountId',
    'TaskSubtype',
    'OwnerId',
    ...stampFields,
  ]);
  const activityTimes = Array.from({ length: options.activities }, () => timeline.next());
  for (const { record: times, serial } of assignSerials(
    activityTimes.slice(0, taskCount),
    random.fork('task-ids'),
    3000,
    3,
  )) {
    const who = random.pick(linked);
    tasks.rows.push([
      formatRecordId('00T', serial),
      who.id,
      what(who.accountId),
      activitySubject(random),
      dayOf(times.createdAt),
      random.chance(0.75) ? 'Completed' : random.pick(['Not Started', 'In Progress', 'Deferred']),
      random.pick(['Normal', 'Normal', 'High', 'Low']),
      random.chance(0.6) ? activityBody(random) : null,
      who.accountId,
      random.pick(['Task', 'Call', 'Email']),
      owner(),
      ...stamps(times),
    ]);
  }
  const events = createObject('Event', [
    'Id',
    'WhoId',
    'WhatId',
    'Subject',
    'Location',
    'ActivityDateTime',
    'ActivityDate',
    'DurationInMinutes',
    'Description',
    'AccountId',
    'OwnerId',
    ...stampFields,
  ]);
  for (const { record: times, serial } of assignSerials(
    activityTimes.slice(taskCount),
    random.fork('event-ids'),
    800,
    3,
  )) {
    const who = random.pick(linked);
    events.rows.push([
      formatRecordId('00U', serial),
      who.id,
      what(who.accountId),
      activitySubject(random),
      random.chance(0.5) ? random.pick(['Online', 'Office', 'On site']) : null,
      times.createdAt,
      dayOf(times.createdAt),
      random.pick([30, 30, 45, 60]),
      random.chance(0.5) ? activityBody(random) : null,
      who.accountId,
      owner(),
      ...stamps(times),
    ]);
  }

  const histories = createObject('OpportunityFieldHistory', [
    'Id',
    'OpportunityId',
    'Field',
    'OldValue',
    'NewValue',
    'CreatedDate',
    'CreatedById',
  ]);
  stageRows.sort((left, right) => left.at - right.at);
  stageRows.forEach(({ values }, index) => histories.rows.push([formatRecordId('017', index + 1), ...values]));
  const cases = createCases(options.cases, { random: random.fork('cases'), contacts: linked, userIds });
  const integrations = createIntegrationFacts(factRandom);
  const setupChanges = createSetupChangeFacts(userFacts, factRandom);
  const auditUsers = userFacts.map((fact) => ({ fact, id: salesforceUserIdOf(fact.index) }));
  const audit = projectSalesforceAudit({
    random: factRandom,
    users: auditUsers,
    integrations,
    setupChanges,
    integrationUserId: options.userId,
  });

  massUpdate(contacts.load.fields, contacts.rows, Math.min(2300, Math.floor(contacts.rows.length / 4)), random);
  const objects = [profiles, users, accounts, contacts, opportunities, roles, tasks, events];
  return {
    load: {
      name: options.name,
      objects: [...objects.map((each) => each.load), histories.load, cases, ...audit.objects],
      usage: audit.usage,
    },
    removedContacts,
    audit: { users: auditUsers, integrations, setupChanges, ownerOf: audit.ownerOf },
    origins: new Map([
      ['Account', accounts.origins],
      ['Contact', contacts.origins],
      ['Opportunity', opportunities.origins],
      ['User', users.origins],
    ]),
  };
}

/** The last name is required; people who do not know it type the service's own stand-in. */
function lastNameOf(card: ContactCard): string {
  return card.lastName.trim() === '' ? '[not provided]' : card.lastName.slice(0, 80);
}

function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

const monthDays = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** A date the date field takes, or null. */
function validDate(text: string | null): string | null {
  if (text === null || !/^\d{4}-\d{2}-\d{2}$/.test(text)) return null;
  const [year, month, day] = [Number(text.slice(0, 4)), Number(text.slice(5, 7)), Number(text.slice(8))];
  const isLeap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  const days = month === 2 && !isLeap ? 28 : (monthDays[month - 1] ?? 0);
  return year >= 1700 && day >= 1 && day <= days ? text : null;
}

/** A new owner rule once touched many records in the same second: more than fit on a page. */
function massUpdate(fields: readonly string[], rows: Row[], count: number, random: Random): void {
  const [created, modified, stamp] = ['CreatedDate', 'LastModifiedDate', 'SystemModstamp'].map((name) =>
    fields.indexOf(name),
  ) as [number, number, number];
  const moment = Date.UTC(2025, 1, 3, 2, 15, 7);
  let left = count;
  const start = random.integer(0, Math.max(0, rows.length - 1));
  for (let i = 0; i < rows.length && left > 0; i++) {
    const row = rows[(start + i) % rows.length] as Row;
    if ((row[created] as number) > moment || !random.chance(0.6)) continue;
    left -= 1;
    row[modified] = moment;
    row[stamp] = moment;
  }
}
