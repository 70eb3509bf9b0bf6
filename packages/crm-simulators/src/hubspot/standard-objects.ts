import {
  compileHubSpotObject,
  type HubSpotObject,
  type HubSpotObjectDefinition,
  type PropertyDefinition,
  type PropertyType,
} from './property-definition.ts';

type PropertyOptions = Partial<Omit<PropertyDefinition, 'name' | 'type'>>;

const fieldTypes: Readonly<Record<PropertyType, string>> = {
  string: 'text',
  number: 'number',
  date: 'date',
  datetime: 'date',
  enumeration: 'select',
  bool: 'booleancheckbox',
  phone_number: 'phonenumber',
};

const rareNames: ReadonlySet<string> = new Set([
  'hubspot_owner_assigneddate',
  'hs_object_source_id',
  'hs_object_source_label',
  'hs_object_source_detail_1',
  'hs_merged_object_ids',
  'hs_created_by_user_id',
  'hs_updated_by_user_id',
  'fax',
  'hs_language',
  'hs_additional_emails',
  'hs_email_optout',
  'national_id',
  'passport_number',
  'drivers_license',
  'hs_calculated_merged_vids',
  'notes_last_contacted',
  'num_notes',
  'address2',
  'founded_year',
  'linkedin_company_page',
  'hs_parent_company_id',
  'hs_additional_domains',
  'company_registration_number',
  'hs_priority',
  'hs_task_completion_date',
  'hs_call_from_number',
  'hs_call_to_number',
  'hs_meeting_location',
]);

function labelOf(name: string): string {
  const words = name.replace(/^hs_/, '').replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function property(name: string, type: PropertyType, options: PropertyOptions = {}): PropertyDefinition {
  return {
    name,
    label: labelOf(name),
    type,
    fieldType: fieldTypes[type],
    groupName: 'information',
    options: [],
    hasUniqueValue: false,
    readOnly: false,
    calculated: false,
    hidden: false,
    hubspotDefined: true,
    isRare: rareNames.has(name),
    ...options,
  };
}

const strings = (...names: string[]) => names.map((name) => property(name, 'string'));
const enumeration = (name: string, options: readonly string[], more: PropertyOptions = {}) =>
  property(name, 'enumeration', { options, ...more });
const readOnly = (name: string, type: PropertyType, more: PropertyOptions = {}) =>
  property(name, type, { readOnly: true, ...more });

export const lifecycleStages = [
  'subscriber',
  'lead',
  'marketingqualifiedlead',
  'salesqualifiedlead',
  'opportunity',
  'customer',
  'evangelist',
  'other',
] as const;

export const companyIndustries = [
  'ACCOUNTING',
  'AUTOMOTIVE',
  'BANKING',
  'BIOTECHNOLOGY',
  'CHEMICALS',
  'CIVIL_ENGINEERING',
  'COMPUTER_SOFTWARE',
  'CONSTRUCTION',
  'CONSUMER_GOODS',
  'EDUCATION_MANAGEMENT',
  'ELECTRICAL_ELECTRONIC_MANUFACTURING',
  'ENTERTAINMENT',
  'ENVIRONMENTAL_SERVICES',
  'FARMING',
  'FINANCIAL_SERVICES',
  'FOOD_BEVERAGES',
  'GOVERNMENT_ADMINISTRATION',
  'HOSPITAL_HEALTH_CARE',
  'HOSPITALITY',
  'INFORMATION_TECHNOLOGY_AND_SERVICES',
  'INSURANCE',
  'LAW_PRACTICE',
  'LOGISTICS_AND_SUPPLY_CHAIN',
  'MACHINERY',
  'MANAGEMENT_CONSULTING',
  'MEDICAL_DEVICES',
  'NON_PROFIT_ORGANIZATION_MANAGEMENT',
  'REAL_ESTATE',
  'RESTAURANTS',
  'RETAIL',
  'TELECOMMUNICATIONS',
  'TRANSPORTATION_TRUCKING_RAILROAD',
  'UTILITIES',
  'WHOLESALE',
] as const;

export interface PipelineStage {
  readonly id: string;
  readonly label: string;
  readonly probability: string;
  readonly isClosed: boolean;
}

export const dealStages: readonly PipelineStage[] = [
  { id: 'appointmentscheduled', label: 'Appointment Scheduled', probability: '0.2', isClosed: false },
  { id: 'qualifiedtobuy', label: 'Qualified To Buy', probability: '0.4', isClosed: false },
  { id: 'presentationscheduled', label: 'Presentation Scheduled', probability: '0.6', isClosed: false },
  { id: 'decisionmakerboughtin', label: 'Decision Maker Bought-In', probability: '0.8', isClosed: false },
  { id: 'contractsent', label: 'Contract Sent', probability: '0.9', isClosed: false },
  { id: 'closedwon', label: 'Closed Won', probability: '1.0', isClosed: true },
  { id: 'closedlost', label: 'Closed Lost', probability: '0.0', isClosed: true },
];

export const ticketStages: readonly PipelineStage[] = [
  { id: '1', label: 'New', probability: '0', isClosed: false },
  { id: '2', label: 'Waiting on contact', probability: '0', isClosed: false },
  { id: '3', label: 'Waiting on us', probability: '0', isClosed: false },
  { id: '4', label: 'Closed', probability: '1', isClosed: true },
];

/** Where records come from, who owns them and what they swallowed: the same on every object. */
function systemProperties(
  created: 'createdate' | 'hs_createdate',
  modified: 'lastmodifieddate' | 'hs_lastmodifieddate',
): PropertyDefinition[] {
  return [
    readOnly('hs_object_id', 'number'),
    created === 'createdate' ? property(created, 'datetime') : readOnly(created, 'datetime'),
    readOnly(modified, 'datetime'),
    enumeration('hubspot_owner_id', [], { fieldType: 'select' }),
    readOnly('hubspot_owner_assigneddate', 'datetime'),
    enumeration('hs_object_source', ['CRM_UI', 'IMPORT', 'INTEGRATION', 'FORM', 'EMAIL'], { readOnly: true }),
    readOnly('hs_object_source_id', 'string'),
    readOnly('hs_object_source_label', 'string'),
    readOnly('hs_object_source_detail_1', 'string'),
    readOnly('hs_merged_object_ids', 'enumeration'),
    readOnly('hs_created_by_user_id', 'number'),
    readOnly('hs_updated_by_user_id', 'number'),
  ];
}

/** What the native sync with Salesforce keeps: only it writes them. */
const nativeSync = (...names: string[]) =>
  names.map((name) => readOnly(name, 'string', { groupName: 'salesforceinformation', isRare: true }));

const contact: HubSpotObjectDefinition = {
  name: 'contacts',
  singular: 'contact',
  typeId: '0-1',
  createdProperty: 'createdate',
  modifiedProperty: 'lastmodifieddate',
  defaultProperties: ['email', 'firstname', 'lastname'],
  scope: 'crm.objects.contacts',
  mergeable: true,
  properties: [
    ...systemProperties('createdate', 'lastmodifieddate'),
    property('email', 'string', { hasUniqueValue: true }),
    ...strings('firstname', 'lastname', 'salutation', 'jobtitle', 'company', 'website'),
    property('phone', 'string', { fieldType: 'phonenumber' }),
    property('mobilephone', 'string', { fieldType: 'phonenumber' }),
    property('fax', 'string', { fieldType: 'phonenumber' }),
    ...strings('address', 'city', 'state', 'zip', 'country', 'date_of_birth', 'industry', 'hs_language'),
    property('hs_additional_emails', 'enumeration'),
    enumeration('lifecyclestage', lifecycleStages, { fieldType: 'radio' }),
    enumeration('hs_lead_status', [
      'NEW',
      'OPEN',
      'IN_PROGRESS',
      'OPEN_DEAL',
      'UNQUALIFIED',
      'ATTEMPTED_TO_CONTACT',
      'CONNECTED',
      'BAD_TIMING',
    ]),
    enumeration(
      'hs_analytics_source',
      [
        'ORGANIC_SEARCH',
        'PAID_SEARCH',
        'EMAIL_MARKETING',
        'SOCIAL_MEDIA',
        'REFERRALS',
        'OTHER_CAMPAIGNS',
        'DIRECT_TRAFFIC',
        'OFFLINE',
      ],
      { readOnly: true },
    ),
    property('hs_email_optout', 'bool', { readOnly: true }),
    property('national_id', 'string', { hubspotDefined: false }),
    property('passport_number', 'string', { hubspotDefined: false }),
    property('drivers_license', 'string', { hubspotDefined: false }),
    readOnly('associatedcompanyid', 'number', { calculated: true }),
    readOnly('hs_calculated_merged_vids', 'string', { hidden: true }),
    readOnly('hs_email_domain', 'string', { calculated: true }),
    readOnly('notes_last_contacted', 'datetime', { calculated: true }),
    readOnly('num_notes', 'number', { calculated: true }),
    ...nativeSync('salesforcecontactid', 'salesforceleadid'),
  ],
};

const company: HubSpotObjectDefinition = {
  name: 'companies',
  singular: 'company',
  typeId: '0-2',
  createdProperty: 'createdate',
  modifiedProperty: 'hs_lastmodifieddate',
  defaultProperties: ['domain', 'name'],
  scope: 'crm.objects.companies',
  mergeable: true,
  properties: [
    ...systemProperties('createdate', 'hs_lastmodifieddate'),
    ...strings('name', 'domain', 'website'),
    property('phone', 'string', { fieldType: 'phonenumber' }),
    property('fax', 'string', { fieldType: 'phonenumber' }),
    ...strings('address', 'address2', 'city', 'state', 'zip', 'country', 'description'),
    enumeration('industry', companyIndustries),
    property('numberofemployees', 'number'),
    property('annualrevenue', 'number'),
    ...strings('founded_year', 'linkedin_company_page'),
    enumeration('type', ['PROSPECT', 'PARTNER', 'RESELLER', 'VENDOR', 'OTHER']),
    enumeration('lifecyclestage', lifecycleStages, { fieldType: 'radio' }),
    property('hs_parent_company_id', 'number', { readOnly: true, calculated: true }),
    readOnly('num_associated_contacts', 'number', { calculated: true }),
    property('hs_additional_domains', 'enumeration'),
    property('company_registration_number', 'string', { hubspotDefined: false }),
    ...nativeSync('salesforceaccountid'),
  ],
};

const deal: HubSpotObjectDefinition = {
  name: 'deals',
  singular: 'deal',
  typeId: '0-3',
  createdProperty: 'createdate',
  modifiedProperty: 'hs_lastmodifieddate',
  defaultProperties: ['amount', 'closedate', 'dealname', 'dealstage', 'pipeline'],
  scope: 'crm.objects.deals',
  mergeable: true,
  properties: [
    ...systemProperties('createdate', 'hs_lastmodifieddate'),
    ...strings('dealname', 'description'),
    property('amount', 'number'),
    property('closedate', 'datetime'),
    enumeration(
      'dealstage',
      dealStages.map((stage) => stage.id),
      { fieldType: 'radio' },
    ),
    enumeration('pipeline', ['default']),
    enumeration('dealtype', ['newbusiness', 'existingbusiness'], { fieldType: 'radio' }),
    enumeration('hs_priority', ['low', 'medium', 'high']),
    enumeration('deal_currency_code', ['USD', 'EUR', 'GBP', 'CAD', 'AUD']),
    readOnly('hs_deal_stage_probability', 'number', { calculated: true }),
    readOnly('hs_is_closed', 'bool', { calculated: true }),
    readOnly('hs_is_closed_won', 'bool', { calculated: true }),
    ...dealStages.map((stage) =>
      readOnly(`hs_v2_date_entered_${stage.id}`, 'datetime', { calculated: true, isRare: true }),
    ),
  ],
};

const ticket: HubSpotObjectDefinition = {
  name: 'tickets',
  singular: 'ticket',
  typeId: '0-5',
  createdProperty: 'createdate',
  modifiedProperty: 'hs_lastmodifieddate',
  defaultProperties: [
    'content',
    'hs_pipeline',
    'hs_pipeline_stage',
    'hs_ticket_category',
    'hs_ticket_priority',
    'subject',
  ],
  scope: 'tickets',
  mergeable: true,
  properties: [
    ...systemProperties('createdate', 'hs_lastmodifieddate'),
    ...strings('subject', 'content'),
    enumeration('hs_pipeline', ['0']),
    enumeration(
      'hs_pipeline_stage',
      ticketStages.map((stage) => stage.id),
    ),
    enumeration('hs_ticket_priority', ['LOW', 'MEDIUM', 'HIGH', 'URGENT']),
    enumeration('hs_ticket_category', ['PRODUCT_ISSUE', 'BILLING_ISSUE', 'FEATURE_REQUEST', 'GENERAL_INQUIRY']),
    enumeration('source_type', ['EMAIL', 'CHAT', 'FORM', 'PHONE']),
    property('closed_date', 'datetime'),
    readOnly('time_to_close', 'number', { calculated: true }),
    readOnly('first_agent_reply_date', 'datetime', { calculated: true }),
    readOnly('time_to_first_agent_reply', 'number', { calculated: true }),
  ],
};

/** Answers to surveys. The API only reads them. */
const feedbackSubmission: HubSpotObjectDefinition = {
  name: 'feedback_submissions',
  singular: 'feedback_submission',
  typeId: '0-19',
  createdProperty: 'hs_createdate',
  modifiedProperty: 'hs_lastmodifieddate',
  defaultProperties: [],
  scope: 'crm.objects.feedback_submissions',
  isReadOnly: true,
  mergeable: false,
  properties: [
    ...systemProperties('hs_createdate', 'hs_lastmodifieddate'),
    enumeration('hs_survey_type', ['CES', 'CSAT', 'CUSTOM', 'KNOWLEDGE', 'NPS'], { readOnly: true }),
    ...[
      'hs_survey_id',
      'hs_survey_name',
      'hs_survey_channel',
      'hs_submission_name',
      'hs_response_group',
      'hs_sentiment',
      'hs_content',
    ].map((name) => readOnly(name, 'string')),
    readOnly('hs_value', 'number'),
    readOnly('hs_contact_id', 'number'),
    readOnly('hs_submission_timestamp', 'datetime'),
  ],
};

function activity(
  name: string,
  singular: string,
  typeId: string,
  properties: readonly PropertyDefinition[],
): HubSpotObjectDefinition {
  return {
    name,
    singular,
    typeId,
    createdProperty: 'hs_createdate',
    modifiedProperty: 'hs_lastmodifieddate',
    defaultProperties: [],
    scope: 'crm.objects.contacts',
    mergeable: false,
    properties: [
      ...systemProperties('hs_createdate', 'hs_lastmodifieddate'),
      property('hs_timestamp', 'datetime'),
      ...properties,
    ],
  };
}

const activities: readonly HubSpotObjectDefinition[] = [
  activity('calls', 'call', '0-48', [
    ...strings('hs_call_title', 'hs_call_body', 'hs_call_from_number', 'hs_call_to_number'),
    enumeration('hs_call_direction', ['INBOUND', 'OUTBOUND']),
    enumeration('hs_call_status', ['COMPLETED', 'NO_ANSWER', 'BUSY', 'FAILED']),
    property('hs_call_duration', 'number'),
  ]),
  activity('emails', 'email', '0-49', [
    ...strings('hs_email_subject', 'hs_email_text'),
    enumeration('hs_email_direction', ['EMAIL', 'INCOMING_EMAIL', 'FORWARDED_EMAIL']),
    enumeration('hs_email_status', ['SENT', 'BOUNCED', 'FAILED', 'SCHEDULED']),
  ]),
  activity('meetings', 'meeting', '0-47', [
    ...strings('hs_meeting_title', 'hs_meeting_body', 'hs_meeting_location'),
    property('hs_meeting_start_time', 'datetime'),
    property('hs_meeting_end_time', 'datetime'),
    enumeration('hs_meeting_outcome', ['SCHEDULED', 'COMPLETED', 'RESCHEDULED', 'NO_SHOW', 'CANCELED']),
  ]),
  activity('notes', 'note', '0-46', strings('hs_note_body')),
  activity('tasks', 'task', '0-27', [
    ...strings('hs_task_subject', 'hs_task_body'),
    enumeration('hs_task_status', ['NOT_STARTED', 'IN_PROGRESS', 'WAITING', 'COMPLETED', 'DEFERRED']),
    enumeration('hs_task_priority', ['NONE', 'LOW', 'MEDIUM', 'HIGH']),
    enumeration('hs_task_type', ['TODO', 'CALL', 'EMAIL']),
    property('hs_task_completion_date', 'datetime'),
  ]),
];

const definitions: readonly HubSpotObjectDefinition[] = [
  contact,
  company,
  deal,
  ticket,
  feedbackSubmission,
  ...activities,
];

/** Every object of the simulated portal. A fresh set: nothing is shared between simulators. */
export function createHubSpotObjects(): readonly HubSpotObject[] {
  return definitions.map(compileHubSpotObject);
}
