import type { SurvivorshipRule } from '@kempt/entity-resolution';

/** Where a field of the survivor comes from, when the records differ: the rules of the library that proposals use. */
export type FieldRule = Extract<SurvivorshipRule, 'filled' | 'most-recent' | 'longest' | 'union' | 'strictest'>;

/**
 * Why one record is the master and not another, the first rule that tells them apart deciding:
 * - `opted-out`: a record that opted out goes first, where the CRM refuses to write the opt-out of a survivor;
 * - `most-filled`: more of the policy's fields have a value;
 * - `oldest`: created earlier in the CRM;
 * - `lowest-id`: so that there always is an answer.
 */
export type MasterRule = 'opted-out' | 'most-filled' | 'oldest' | 'lowest-id';

/** How records of one object become one. Fields that are not named keep the master's value. */
export interface SurvivorshipPolicy {
  readonly master: readonly MasterRule[];
  readonly fields: Readonly<Record<string, FieldRule>>;
  /** Fields that only mean something together, such as an address: all of them come from one record. */
  readonly groups: readonly (readonly string[])[];
  /** Fields of the customer's own, by name. */
  readonly custom: { readonly include: RegExp; readonly exclude: RegExp };
  /** When the record was created in the CRM. */
  readonly createdField: string;
  /** Whom the record belongs to. */
  readonly ownerField: string;
  /** Fields of which two different values mean two different people or organisations. */
  readonly distinguishingFields: readonly string[];
  /** The record above this one in a hierarchy of the same object. */
  readonly parentField?: string;
  /** A record for which this says true cannot be merged. */
  readonly frozenField?: string;
}

const address = (prefix: string) => ['Street', 'City', 'State', 'PostalCode', 'Country'].map((part) => prefix + part);

/** Custom fields of Salesforce; one whose name reads like a key of another system is left alone. */
const salesforceCustom = { include: /^[A-Za-z]\w*__c$/, exclude: /(?:id|key|external_\w*)__c$/i };

/**
 * Properties of HubSpot's customers have no mark of their own. What HubSpot calculates, counts and stamps goes by these
 * prefixes, and identifiers by these endings.
 */
const hubspotCustom = {
  include: /^[a-z][a-z0-9_]*$/,
  exclude:
    /^(?:hs_|hubspot|associat|num_|number|recent_|first_|last|notes_|total_|ip_|days_|create|close|owner|lifecycle|engagements_|currentlyin|surveymonkey|webinar|followers|linkedin|twitter|facebook|google|kloutscore|email|domain|name|is_)|(?:_id|id|_key|_uuid|_guid|_date|date)$/,
};

const salesforce = {
  master: ['most-filled', 'oldest', 'lowest-id'],
  custom: salesforceCustom,
  createdField: 'CreatedDate',
  ownerField: 'OwnerId',
} as const;

const salesforcePerson = {
  FirstName: 'filled',
  Salutation: 'filled',
  Title: 'most-recent',
  Email: 'filled',
  Phone: 'filled',
  MobilePhone: 'most-recent',
  Fax: 'filled',
  LeadSource: 'filled',
  Description: 'longest',
  HasOptedOutOfEmail: 'strictest',
  HasOptedOutOfFax: 'strictest',
  DoNotCall: 'strictest',
} as const;

const hubspotAddress = ['address', 'city', 'state', 'zip', 'country'];

/** The policies by object. Ids, owners, stages and everything a CRM calculates are never among the fields. */
export const survivorshipPolicies: Readonly<Record<string, SurvivorshipPolicy>> = {
  Contact: {
    ...salesforce,
    fields: {
      ...salesforcePerson,
      Department: 'filled',
      HomePhone: 'filled',
      OtherPhone: 'filled',
      Birthdate: 'filled',
    },
    groups: [address('Mailing'), address('Other')],
    distinguishingFields: ['Birthdate', 'Suffix'],
  },
  Lead: {
    ...salesforce,
    fields: {
      ...salesforcePerson,
      Company: 'filled',
      Website: 'filled',
      Industry: 'filled',
      NumberOfEmployees: 'most-recent',
      AnnualRevenue: 'most-recent',
    },
    groups: [address('')],
    distinguishingFields: ['Suffix'],
    frozenField: 'IsConverted',
  },
  Account: {
    ...salesforce,
    fields: {
      Website: 'filled',
      Phone: 'filled',
      Fax: 'filled',
      Type: 'filled',
      Industry: 'filled',
      NumberOfEmployees: 'most-recent',
      AnnualRevenue: 'most-recent',
      Description: 'longest',
    },
    groups: [address('Billing'), address('Shipping')],
    distinguishingFields: ['DunsNumber'],
    parentField: 'ParentId',
  },
  contacts: {
    master: ['opted-out', 'most-filled', 'oldest', 'lowest-id'],
    custom: hubspotCustom,
    createdField: 'createdate',
    ownerField: 'hubspot_owner_id',
    fields: {
      firstname: 'filled',
      lastname: 'filled',
      salutation: 'filled',
      jobtitle: 'most-recent',
      email: 'filled',
      phone: 'filled',
      mobilephone: 'most-recent',
      company: 'filled',
      website: 'filled',
      date_of_birth: 'filled',
      hs_email_optout: 'strictest',
    },
    groups: [hubspotAddress],
    distinguishingFields: ['date_of_birth'],
  },
  companies: {
    master: ['most-filled', 'oldest', 'lowest-id'],
    custom: hubspotCustom,
    createdField: 'createdate',
    ownerField: 'hubspot_owner_id',
    fields: {
      domain: 'filled',
      website: 'filled',
      phone: 'filled',
      industry: 'filled',
      numberofemployees: 'most-recent',
      annualrevenue: 'most-recent',
      description: 'longest',
    },
    groups: [hubspotAddress],
    distinguishingFields: [],
    parentField: 'hs_parent_company_id',
  },
};

/** The rule for a field that the policy does not name: lists are united, blanks of the customer's own fields filled. */
export function customRule(policy: SurvivorshipPolicy, field: string, isList: boolean): FieldRule | undefined {
  const { include, exclude } = policy.custom;
  if (!include.test(field) || exclude.test(field)) return undefined;
  return isList ? 'union' : 'filled';
}
