import type { System } from '../crm/crm-client.ts';
import type { FieldMap } from './field-map.ts';

const salesforceAddress = (prefix: string) => ({
  'address.street': `${prefix}Street`,
  'address.city': `${prefix}City`,
  'address.region': `${prefix}State`,
  'address.postalCode': `${prefix}PostalCode`,
  'address.country': `${prefix}Country`,
});

const salesforceParents = { '001': 'Account', '003': 'Contact', '00Q': 'Lead', '006': 'Opportunity', '500': 'Case' };

const salesforce: Readonly<Record<string, FieldMap>> = {
  Account: {
    entity: 'organisation',
    fields: {
      name: 'Name',
      website: 'Website',
      domain: { from: 'Website', hostOf: true },
      phones: ['Phone'],
      ...salesforceAddress('Billing'),
      industry: 'Industry',
      employeeCount: 'NumberOfEmployees',
      annualRevenue: 'AnnualRevenue',
      parent: { from: 'ParentId', object: 'Account' },
      ownerId: 'OwnerId',
      description: 'Description',
    },
  },
  Contact: {
    entity: 'person',
    fields: {
      fullName: 'Name',
      givenName: 'FirstName',
      familyName: 'LastName',
      salutation: 'Salutation',
      suffix: 'Suffix',
      emails: ['Email'],
      phones: ['Phone', 'MobilePhone', 'HomePhone', 'OtherPhone'],
      ...salesforceAddress('Mailing'),
      jobTitle: 'Title',
      organisation: { from: 'AccountId', object: 'Account' },
      birthDate: 'Birthdate',
      ownerId: 'OwnerId',
      emailOptOut: 'HasOptedOutOfEmail',
    },
  },
  Lead: {
    entity: 'person',
    fields: {
      fullName: 'Name',
      givenName: 'FirstName',
      familyName: 'LastName',
      salutation: 'Salutation',
      suffix: 'Suffix',
      emails: ['Email'],
      phones: ['Phone', 'MobilePhone'],
      ...salesforceAddress(''),
      jobTitle: 'Title',
      organisationName: 'Company',
      website: 'Website',
      lifecycleStage: 'Status',
      ownerId: 'OwnerId',
      emailOptOut: 'HasOptedOutOfEmail',
    },
  },
  Opportunity: {
    entity: 'deal',
    fields: {
      name: 'Name',
      amount: 'Amount',
      currency: 'CurrencyIsoCode',
      stage: 'StageName',
      closeDate: 'CloseDate',
      organisation: { from: 'AccountId', object: 'Account' },
      ownerId: 'OwnerId',
      isWon: 'IsWon',
      isClosed: 'IsClosed',
      createdAt: 'CreatedDate',
    },
  },
  Case: {
    entity: 'case',
    fields: {
      number: 'CaseNumber',
      subject: 'Subject',
      status: 'Status',
      priority: 'Priority',
      origin: 'Origin',
      organisation: { from: 'AccountId', object: 'Account' },
      person: { from: 'ContactId', object: 'Contact' },
      ownerId: 'OwnerId',
      isClosed: 'IsClosed',
      closedAt: 'ClosedDate',
      createdAt: 'CreatedDate',
    },
  },
  Task: {
    entity: 'activity',
    fields: {
      subject: 'Subject',
      activityType: 'TaskSubtype',
      status: 'Status',
      dueAt: 'ActivityDate',
      about: { from: ['WhoId', 'WhatId'], objectByPrefix: salesforceParents },
      ownerId: 'OwnerId',
    },
  },
  Event: {
    entity: 'activity',
    fields: {
      subject: 'Subject',
      activityType: { constant: 'Event' },
      dueAt: ['ActivityDateTime', 'ActivityDate'],
      about: { from: ['WhoId', 'WhatId'], objectByPrefix: salesforceParents },
      ownerId: 'OwnerId',
    },
  },
  User: {
    entity: 'user',
    fields: {
      name: 'Name',
      email: 'Email',
      username: 'Username',
      active: 'IsActive',
      lastLoginAt: 'LastLoginDate',
    },
  },
};

/** The native sync of HubSpot and Salesforce leaves the ids of the records that it keeps in step, of a lead also when it has become a contact. */
const nativeSync = (objectByPrefix: Readonly<Record<string, string>>, ...from: readonly string[]) => ({
  linkedRecords: { from, objectByPrefix },
});

const hubspotAddress = {
  'address.street': 'address',
  'address.city': 'city',
  'address.region': 'state',
  'address.postalCode': 'zip',
  'address.country': 'country',
};

const hubspotActivity = (fields: Pick<FieldMap['fields'], string>): FieldMap => ({
  entity: 'activity',
  fields: {
    ...fields,
    dueAt: 'hs_timestamp',
    about: {
      from: ['associations.contacts', 'associations.companies', 'associations.deals'],
      objectByField: {
        'associations.contacts': 'contacts',
        'associations.companies': 'companies',
        'associations.deals': 'deals',
      },
    },
    ownerId: 'hubspot_owner_id',
  },
});

const hubspot: Readonly<Record<string, FieldMap>> = {
  contacts: {
    entity: 'person',
    fields: {
      fullName: { from: ['firstname', 'lastname'], join: ' ' },
      givenName: 'firstname',
      familyName: 'lastname',
      salutation: 'salutation',
      emails: ['email', 'hs_additional_emails'],
      phones: ['phone', 'mobilephone'],
      ...hubspotAddress,
      jobTitle: 'jobtitle',
      organisationName: 'company',
      organisation: { from: ['associatedcompanyid', 'associations.companies'], object: 'companies' },
      birthDate: 'date_of_birth',
      website: 'website',
      lifecycleStage: 'lifecyclestage',
      ownerId: 'hubspot_owner_id',
      emailOptOut: 'hs_email_optout',
      ...nativeSync({ '003': 'Contact', '00Q': 'Lead' }, 'salesforcecontactid', 'salesforceleadid'),
    },
  },
  companies: {
    entity: 'organisation',
    fields: {
      name: 'name',
      domain: 'domain',
      website: 'website',
      phones: ['phone'],
      ...hubspotAddress,
      industry: 'industry',
      employeeCount: 'numberofemployees',
      annualRevenue: 'annualrevenue',
      parent: { from: 'hs_parent_company_id', object: 'companies' },
      ownerId: 'hubspot_owner_id',
      description: 'description',
      ...nativeSync({ '001': 'Account' }, 'salesforceaccountid'),
    },
  },
  deals: {
    entity: 'deal',
    fields: {
      name: 'dealname',
      amount: 'amount',
      currency: 'deal_currency_code',
      stage: 'dealstage',
      pipeline: 'pipeline',
      closeDate: 'closedate',
      organisation: { from: ['hs_primary_associated_company', 'associations.companies'], object: 'companies' },
      persons: { from: 'associations.contacts', object: 'contacts' },
      ownerId: 'hubspot_owner_id',
      isWon: 'hs_is_closed_won',
      isClosed: 'hs_is_closed',
      createdAt: 'createdate',
    },
  },
  tickets: {
    entity: 'case',
    fields: {
      number: 'hs_object_id',
      subject: 'subject',
      status: 'hs_pipeline_stage',
      priority: 'hs_ticket_priority',
      origin: 'source_type',
      organisation: { from: 'associations.companies', object: 'companies' },
      person: { from: 'associations.contacts', object: 'contacts' },
      ownerId: 'hubspot_owner_id',
      isClosed: 'hs_is_closed',
      closedAt: 'closed_date',
      createdAt: 'createdate',
    },
  },
  feedback_submissions: {
    entity: 'feedback',
    fields: {
      surveyKind: 'hs_survey_type',
      score: 'hs_value',
      comment: 'hs_content',
      person: { from: 'hs_contact_id', object: 'contacts' },
      submittedAt: ['hs_submission_timestamp', 'hs_createdate'],
    },
  },
  tasks: hubspotActivity({ subject: 'hs_task_subject', activityType: 'hs_task_type', status: 'hs_task_status' }),
  calls: hubspotActivity({ subject: 'hs_call_title', activityType: { constant: 'CALL' }, status: 'hs_call_status' }),
  meetings: hubspotActivity({
    subject: 'hs_meeting_title',
    activityType: { constant: 'MEETING' },
    status: 'hs_meeting_outcome',
  }),
  emails: hubspotActivity({
    subject: 'hs_email_subject',
    activityType: { constant: 'EMAIL' },
    status: 'hs_email_status',
  }),
  notes: hubspotActivity({ subject: 'hs_note_body', activityType: { constant: 'NOTE' } }),
  owners: {
    entity: 'user',
    fields: {
      name: { from: ['firstName', 'lastName'], join: ' ' },
      email: 'email',
      username: 'email',
      active: { from: 'archived', values: { true: false, false: true } },
    },
  },
};

/** How each CRM's standard objects are projected. Configuration adds fields and objects to these. */
export const defaultFieldMaps: Readonly<Record<System, Readonly<Record<string, FieldMap>>>> = { salesforce, hubspot };
